"""The credential that the settings give, and a secret that is renewed in its file."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.graph.credentials import (
    CertificateFile,
    Credentials,
    FederatedToken,
    ManagedIdentity,
    Secret,
    credentials_of,
)
from bot.settings import load
from demo.entra import LocalEntra
from tests.certificates import made
from tests.clocks import WarpClock
from tests.graph.conftest import SCOPE, New, refused
from tests.test_settings import GOOD


async def test_a_secret_signs_in_by_what_its_file_holds_now(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("hush-1\n")
    entra.secrets = {"hush-1"}
    tokens = new(Secret("hush-1", file))
    await tokens.token()

    entra.secrets = {"hush-2"}
    tokens.forget()
    assert (await refused(tokens)).code == "AADSTS7000215"

    file.write_text("hush-2\n")
    clock.advance(timedelta(seconds=2))
    assert entra.is_live(await tokens.token())
    assert "hush" not in repr(tokens._credentials) + repr(tokens._loaded)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b" \n", "AZURE_CLIENT_SECRET_FILE is empty"),
        (b"\xff", "AZURE_CLIENT_SECRET_FILE can't be read (not UTF-8 text)"),
        (None, "AZURE_CLIENT_SECRET_FILE can't be read (No such file or directory)"),
    ],
)
async def test_a_file_without_a_secret_is_named(new: New, tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    assert str(await refused(new(Secret("hush", tmp_path / "secret")))) == why


def of(**settings: str) -> Credentials:
    without = {name: text for name, text in GOOD.items() if name != "AZURE_CLIENT_SECRET"}
    return credentials_of(load(without | settings, None))


def test_the_settings_give_a_secret() -> None:
    credentials = of(AZURE_CLIENT_SECRET="hush")
    assert credentials.credential == Secret("hush")
    assert credentials.tenant == GOOD["AZURE_TENANT_ID"]
    assert credentials.client == GOOD["AZURE_CLIENT_ID"]
    assert credentials.scope == SCOPE
    assert credentials.authority_host == "https://login.microsoftonline.com"


def test_the_settings_give_a_secret_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    credential = of(AZURE_CLIENT_SECRET_FILE=str(tmp_path / "secret")).credential
    assert credential == Secret("hush", tmp_path / "secret")


def test_the_settings_give_a_certificate(tmp_path: Path) -> None:
    path = made().pfx(tmp_path / "bot.pfx", password="hush")
    (tmp_path / "password").write_text("hush\n")
    settings = {"AZURE_CLIENT_CERTIFICATE_PATH": str(path)}
    one = of(**settings, AZURE_CLIENT_CERTIFICATE_PASSWORD="hush").credential
    assert one == CertificateFile(path, "hush")
    other = of(
        **settings,
        AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE=str(tmp_path / "password"),
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN="true",
    ).credential
    assert other == CertificateFile(path, "hush", tmp_path / "password", sends_chain=True)


def test_the_settings_give_a_federated_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("e30.e30.e30")
    credential = of(AZURE_FEDERATED_TOKEN_FILE=str(tmp_path / "token")).credential
    assert credential == FederatedToken(tmp_path / "token")


def test_the_settings_give_a_managed_identity() -> None:
    credentials = of(AZURE_TOKEN_CREDENTIALS="ManagedIdentityCredential", AZURE_CLIENT_ID="")
    assert (credentials.credential, credentials.client) == (ManagedIdentity(), "")
