"""Exactly one credential for Entra: every way of giving none, two, or one that can't be signed in with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pydantic import SecretStr

from bot.settings import Settings, load
from tests.certificates import Made, made
from tests.test_settings import GOOD, problems

WITHOUT = {name: text for name, text in GOOD.items() if name != "AZURE_CLIENT_SECRET"}
MANAGED = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}
PATH, PASSWORD = "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD"
CHAIN, TOKEN = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "AZURE_FEDERATED_TOKEN_FILE"


def by(**settings: str) -> Settings:
    return load(WITHOUT | settings, None)


def wrong(**settings: str) -> list[str]:
    return problems(WITHOUT | settings)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("e30.e30.e30\n")
    return tmp_path / "token"


@pytest.mark.parametrize("form", ["pem", "pfx"])
@pytest.mark.parametrize("password", ["", "hush hush ß"])
def test_a_certificate_is_a_credential(tmp_path: Path, form: str, password: str) -> None:
    path = getattr(made(), form)(tmp_path / "bot", password=password)
    settings = by(**{PATH: str(path), PASSWORD: password, CHAIN: "True"})
    assert settings.azure_client_certificate_path == path
    assert settings.azure_client_certificate_password == (SecretStr(password) if password else None)
    assert settings.azure_client_send_certificate_chain
    assert settings.azure_client_secret is None
    assert "hush" not in repr(settings)


def test_a_federated_token_is_a_credential(token: Path) -> None:
    settings = by(**{TOKEN: str(token)})
    assert settings.azure_federated_token_file == token
    assert settings.files == {}


def test_a_managed_identity_is_a_credential_and_needs_no_client() -> None:
    settings = by(**MANAGED, AZURE_CLIENT_ID="")
    assert settings.azure_token_credentials == "ManagedIdentityCredential"
    assert settings.azure_client_id == ""
    assert by(**MANAGED).azure_client_id == GOOD["AZURE_CLIENT_ID"]


def test_the_secret_may_still_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush-hush-entra\n")
    settings = by(AZURE_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    assert settings.azure_client_secret == SecretStr("hush-hush-entra")
    assert settings.files == {"AZURE_CLIENT_SECRET": tmp_path / "secret"}


def test_the_token_file_is_a_setting_of_its_own_and_a_token_is_none(token: Path) -> None:
    assert load(GOOD | {"AZURE_FEDERATED_TOKEN": "e30.e30.e30"}, None) == load(GOOD, None)
    assert wrong(AZURE_FEDERATED_TOKEN=str(token))[0].startswith(
        "AZURE_CLIENT_SECRET is missing, and so is any other"
    )


def test_even_the_token_files_name_may_come_from_a_file(token: Path, tmp_path: Path) -> None:
    (tmp_path / "name").write_text(f"{token}\n")
    assert by(AZURE_FEDERATED_TOKEN_FILE_FILE=str(tmp_path / "name")).azure_federated_token_file == token


def test_two_kinds_are_one_too_many(tmp_path: Path, token: Path) -> None:
    assert problems(GOOD | {TOKEN: str(token)}) == [
        "AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are both set: keep one."
    ]
    assert wrong(**MANAGED, AZURE_CLIENT_SECRET_FILE=str(token)) == [
        "AZURE_CLIENT_SECRET and AZURE_TOKEN_CREDENTIALS are both set: keep one."
    ]
    path = made().pem(tmp_path / "bot.pem")
    assert problems(GOOD | {TOKEN: str(token), PATH: str(path)}) == [
        "AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE are all set: keep one."
    ]


def test_a_credential_whose_file_cannot_be_read_is_not_missing_as_well(tmp_path: Path) -> None:
    assert wrong(AZURE_CLIENT_SECRET_FILE=str(tmp_path / "none")) == [
        "AZURE_CLIENT_SECRET_FILE names a file that can't be read (No such file or directory)."
    ]


@pytest.mark.parametrize(("name", "value"), [(PASSWORD, "hush"), (CHAIN, "true"), (f"{PASSWORD}_FILE", "{token}")])
def test_what_belongs_to_a_certificate_is_nothing_without_one(token: Path, name: str, value: str) -> None:
    expected = [f"{name.removesuffix('_FILE')} is set without AZURE_CLIENT_CERTIFICATE_PATH: remove it."]
    assert problems(GOOD | {name: value.format(token=token)}) == expected


@pytest.mark.parametrize(("value", "means"), [("true", True), ("1", True), ("FALSE", False), ("0", False)])
def test_a_flag_is_read_as_people_write_it(tmp_path: Path, value: str, *, means: bool) -> None:
    path = made().pem(tmp_path / "bot.pem")
    assert by(**{PATH: str(path), CHAIN: value}).azure_client_send_certificate_chain is means


def test_other_words_for_a_flag_or_a_credential_are_refused(tmp_path: Path) -> None:
    path = made().pem(tmp_path / "bot.pem")
    assert wrong(**{PATH: str(path), CHAIN: "yes"}) == [f"{CHAIN} must be true or false."]
    assert wrong(AZURE_TOKEN_CREDENTIALS="prod") == [
        "AZURE_TOKEN_CREDENTIALS must be ManagedIdentityCredential: every other credential has a setting of its own."
    ]


def an_ec_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_alone(path: Path) -> None:
    path.write_bytes(made().cert_pem)


def key_alone(path: Path) -> None:
    path.write_bytes(made().key_pem())


def key_of_another(path: Path) -> None:
    path.write_bytes(made(key=1).key_pem() + made().cert_pem)


# A key by GOST R 34.10-2012, which `cryptography` does not know.
UNREADABLE = b"-----BEGIN PRIVATE KEY-----\nMBUCAQAwCgYIKoUDBwEBAQEEBAQCAAA=\n-----END PRIVATE KEY-----\n"
UNUSABLE = [
    (lambda _: None, "", "names a file that can't be read (No such file or directory)."),
    (lambda path: path.mkdir(), "", "names a file that can't be read (Is a directory)."),
    (lambda path: path.write_bytes(b""), "", "names a file that is neither PEM nor PFX."),
    (lambda path: path.write_bytes(b"\xff\xfe"), "", "names a file that is neither PEM nor PFX."),
    (
        certificate_alone,
        "",
        "names a PEM file without a private key: put the key and the certificate into it.",
    ),
    (key_alone, "", "names a PEM file without a certificate that can be read."),
    (key_of_another, "", "names a file whose private key belongs to none of its certificates."),
    (
        lambda path: path.write_bytes(made().cert_pem + an_ec_key()),
        "",
        "names a certificate whose key is not RSA: Entra takes signatures by RSA keys only.",
    ),
    (
        lambda path: path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        "",
        "names a PEM file whose private key can't be read.",
    ),
    (
        lambda path: made().pem(path, password="hush"),
        "",
        f"names a PEM file whose private key is encrypted: give {PASSWORD}.",
    ),
    (lambda path: made().pem(path, password="hush"), "wrong", f"names a PEM file that {PASSWORD} does not open."),
    (
        lambda path: made().pfx(path, password="hush"),
        "",
        f"names a PFX file that can't be opened without {PASSWORD}.",
    ),
    (lambda path: made().pfx(path, password="hush"), "wrong", f"names a PFX file that {PASSWORD} does not open."),
    (
        lambda path: path.write_bytes(UNREADABLE),
        "",
        "names a file with a key or an encryption that can't be read.",
    ),
    (lambda path: made().pfx(path), "needless", f"names a PFX file that {PASSWORD} does not open."),
]


@pytest.mark.parametrize(("write", "password", "reason"), UNUSABLE)
def test_a_certificate_that_cannot_be_signed_in_with_is_a_problem_by_name(
    tmp_path: Path, write: Callable[[Path], object], password: str, reason: str
) -> None:
    write(tmp_path / "hush")
    assert wrong(**{PATH: str(tmp_path / "hush"), PASSWORD: password}) == [f"{PATH} {reason}"]


def test_a_pfx_without_its_key_is_a_problem(tmp_path: Path) -> None:
    data = pkcs12.serialize_key_and_certificates(None, None, made().certificate, None, NoEncryption())
    (tmp_path / "bot.pfx").write_bytes(data)
    assert wrong(**{PATH: str(tmp_path / "bot.pfx")}) == [
        f"{PATH} names a PFX file without a private key and its certificate: export it with both."
    ]


@pytest.mark.parametrize("form", ["pem", "pfx"])
def test_a_certificate_that_has_ended_is_a_problem(tmp_path: Path, form: str) -> None:
    old: Made = made(days=-3)
    path = getattr(old, form)(tmp_path / "bot")
    ended = old.certificate.not_valid_after_utc
    assert wrong(**{PATH: str(path)}) == [f"{PATH} names a certificate that ended on {ended:%Y-%m-%d}: renew it."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "names a file that can't be read (No such file or directory)."),
        (b" \n", "names a file that is empty."),
        (b"\xff", "names a file that can't be read (not UTF-8 text)."),
    ],
)
def test_a_token_file_without_a_token_is_a_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "hush").write_bytes(content)
    assert wrong(**{TOKEN: str(tmp_path / "hush")}) == [f"{TOKEN} {reason}"]


def test_all_of_it_is_told_at_once(tmp_path: Path) -> None:
    told = problems({PATH: str(tmp_path / "a"), TOKEN: str(tmp_path / "b"), CHAIN: "maybe", "PORT": "x"})
    for name in ("PORT", CHAIN, PATH, TOKEN, "AZURE_CLIENT_ID", "SLACK_BOT_TOKEN"):
        assert any(text.startswith(name) for text in told), json.dumps(told)


def test_no_secret_is_in_a_problem(tmp_path: Path) -> None:
    secret = "Sn7~kept.to.oneself"
    path = made().pfx(tmp_path / "bot.pfx", password="other")
    assert secret not in " ".join(wrong(**{PATH: str(path), PASSWORD: secret}))
    assert secret not in " ".join(wrong(**{PATH: secret, TOKEN: secret, CHAIN: secret}))
    assert secret not in " ".join(wrong(AZURE_TOKEN_CREDENTIALS=secret, AZURE_CLIENT_ID=secret))
