"""Whether the settings give exactly one credential for Entra, and whether its file can be signed in with."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.setting_sources import why

SECRET = "AZURE_CLIENT_SECRET"  # noqa: S105 - the setting's name
CERTIFICATE = "AZURE_CLIENT_CERTIFICATE_PATH"
CHAIN = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"
PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105 - the setting's name
FEDERATED = "AZURE_FEDERATED_TOKEN_FILE"
MANAGED = "AZURE_TOKEN_CREDENTIALS"
KINDS = (SECRET, CERTIFICATE, FEDERATED, MANAGED)
_CLIENT = "AZURE_CLIENT_ID"
_NONE = (
    f"{SECRET} is missing, and so is any other credential: give one of {SECRET}, {CERTIFICATE}, {FEDERATED} "
    f"and {MANAGED}=ManagedIdentityCredential."
)
_NO_CLIENT = f"{_CLIENT} is missing: give the Application (client) ID of the app registration."


def problems(given: Mapping[str, str], named: Mapping[str, str]) -> Iterator[str]:
    """Say everything that is wrong; `given` is what could be read, `named` what was set, also by `<NAME>_FILE`."""

    def is_set(name: str) -> bool:
        return name in named or f"{name}_FILE" in named

    kinds = [name for name in KINDS if is_set(name)]
    if not kinds:
        yield _NONE
    if len(kinds) > 1:
        *most, last = kinds
        yield f"{', '.join(most)} and {last} are {'all' if most[1:] else 'both'} set: keep one."
    if not is_set(_CLIENT) and MANAGED not in kinds:
        yield _NO_CLIENT
    for name in (PASSWORD, CHAIN):
        if is_set(name) and CERTIFICATE not in kinds:
            yield f"{name} is set without {CERTIFICATE}: remove it."
    if CERTIFICATE in given:
        yield from _of_certificate(Path(given[CERTIFICATE]), given.get(PASSWORD, ""))
    if FEDERATED in given:
        yield from _of_token(Path(given[FEDERATED]))


def _of_certificate(path: Path, password: str) -> Iterator[str]:
    from bot.certificates import CertificateUnusable, read_certificate  # noqa: PLC0415 - few have one

    try:
        ends = read_certificate(path.read_bytes(), password).ends
    except CertificateUnusable as error:
        yield f"{CERTIFICATE} {error}"
    except (OSError, ValueError) as error:
        yield f"{CERTIFICATE} names a file that can't be read ({why(error)})."
    else:
        if ends <= datetime.now(UTC):
            yield f"{CERTIFICATE} names a certificate that ended on {ends:%Y-%m-%d}: renew it."


def _of_token(path: Path) -> Iterator[str]:
    try:
        is_empty = not path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        yield f"{FEDERATED} names a file that can't be read ({why(error)})."
    else:
        if is_empty:
            yield f"{FEDERATED} names a file that is empty."
