"""Signing in with a certificate: to the local Entra, by the real MSAL, also once the file is another one."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import SignInFailed
from bot.graph.credentials import CertificateFile, Credentials
from bot.graph.tokens import Tokens
from demo.assertions import thumbprint
from demo.entra import CLIENT, TENANT, LocalEntra
from demo.wire import Books
from tests.certificates import made
from tests.clocks import WarpClock
from tests.graph.conftest import SCOPE, New, now, refused


@pytest.mark.parametrize("password", ["", "pass"])
@pytest.mark.parametrize("form", ["pem", "pfx"])
async def test_it_signs_with_sha_256_from_either_file(
    entra: LocalEntra, new: New, tmp_path: Path, form: str, password: str
) -> None:
    mine = made()
    entra.trust.certificates = [made(key=1).certificate, mine.certificate]
    path = getattr(mine, form)(tmp_path / "bot", password=password)

    assert entra.is_live(await new(CertificateFile(path, password)).token())

    (header,) = entra.trust.headers
    assert (header["alg"], header["x5t#S256"].rstrip("=")) == ("PS256", thumbprint(mine.certificate))
    assert "x5t" not in header


async def test_the_certificate_may_stand_before_the_key_and_a_password_that_is_not_needed_is_not_used(
    entra: LocalEntra, new: New, tmp_path: Path
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    path = tmp_path / "bot.pem"
    path.write_bytes(mine.cert_pem + mine.key_pem())
    assert entra.is_live(await new(CertificateFile(path, "needless")).token())


@pytest.mark.parametrize("form", ["pem", "pfx"])
async def test_where_the_issuer_is_trusted_the_whole_chain_is_sent_along(
    entra: LocalEntra, new: New, tmp_path: Path, form: str
) -> None:
    root = made("root", key=1, is_authority=True)
    between = made("between", key=2, by=root, is_authority=True)
    mine = made(by=between)
    entra.trust.authority, entra.trust.subject = root.certificate, "confirm-safe"
    path = getattr(mine, form)(tmp_path / "bot", issuers=[between])

    alone = await refused(new(CertificateFile(path)))
    assert (alone.code, alone.is_transient) == ("AADSTS700027", False)

    assert entra.is_live(await new(CertificateFile(path, sends_chain=True)).token())
    assert len(entra.trust.headers[-1]["x5c"]) == 2
    assert entra.trust.headers[-1]["alg"] == "PS256"


@pytest.mark.parametrize("days", [365, -1])
async def test_one_that_entra_does_not_know_or_that_has_ended_is_told_by_code(
    entra: LocalEntra, new: New, tmp_path: Path, days: int
) -> None:
    mine = made(days=days)
    entra.trust.certificates = [mine.certificate] if days < 0 else [made(key=1).certificate]
    why = await refused(new(CertificateFile(mine.pem(tmp_path / "bot.pem"))))
    assert (why.code, why.is_transient) == ("AADSTS700027", False)


async def test_a_machine_whose_clock_is_behind_is_told_by_code(
    clock: WarpClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = made()
    async with LocalEntra(Books(), now=lambda: now() + timedelta(minutes=11)) as entra:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", entra.ca_file)
        entra.trust.certificates = [mine.certificate]
        file = CertificateFile(mine.pem(tmp_path / "bot.pem"))
        tokens = Tokens(Credentials(TENANT, CLIENT, file, entra.authority, SCOPE), clock)
        assert (await refused(tokens)).code == "AADSTS700024"


@pytest.mark.parametrize("form", ["pem", "pfx"])
async def test_a_renewed_file_is_used_at_the_next_sign_in(
    entra: LocalEntra, new: New, tmp_path: Path, form: str
) -> None:
    old, newer = made(), made(key=1)
    entra.trust.certificates = [old.certificate]
    tokens = new(CertificateFile(getattr(old, form)(tmp_path / "bot")))
    await tokens.token()

    getattr(newer, form)(tmp_path / "bot")
    entra.trust.certificates = [newer.certificate]
    entra.revoke_all()
    tokens.forget()

    assert entra.is_live(await tokens.token())


async def test_a_renewed_file_is_used_when_the_token_nears_its_end_though_msal_holds_one(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    old, newer = made(), made(key=1)
    entra.trust.certificates = [old.certificate, newer.certificate]
    tokens = new(CertificateFile(old.pem(tmp_path / "bot.pem")))
    first = await tokens.token()

    newer.pem(tmp_path / "bot.pem")
    clock.advance(timedelta(seconds=3599 - 120))
    assert await tokens.token() == first
    assert tokens._fetching is not None
    await tokens._fetching

    assert await tokens.token() != first
    assert entra.trust.headers[-1]["x5t#S256"].rstrip("=") == thumbprint(newer.certificate)


async def test_a_file_that_was_only_written_again_makes_nothing_anew(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    tokens = new(CertificateFile(mine.pem(tmp_path / "bot.pem")))
    first = await tokens.token()

    mine.pem(tmp_path / "bot.pem", password="")
    clock.advance(timedelta(seconds=3599))

    assert await tokens.token() == first  # MSAL's clock has not moved: it still holds the token
    assert len(entra.books.of("discovery")) == 1


async def test_after_a_refusal_the_file_counts_that_is_there_two_seconds_later(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    newer = made(key=1)
    entra.trust.certificates = [newer.certificate]
    tokens = new(CertificateFile(made().pem(tmp_path / "bot.pem")))
    await refused(tokens)

    newer.pem(tmp_path / "bot.pem")
    clock.advance(timedelta(seconds=2))

    assert entra.is_live(await tokens.token())


async def test_the_good_token_outlives_a_renewal_that_went_wrong(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    tokens = new(CertificateFile(mine.pem(tmp_path / "bot.pem")))
    first = await tokens.token()

    made(key=1).pem(tmp_path / "bot.pem")
    clock.advance(timedelta(seconds=3599 - 120))
    assert await tokens.token() == first
    assert tokens._fetching is not None
    with pytest.raises(SignInFailed, match="AADSTS700027"):
        await tokens._fetching
    assert await tokens.token() == first


async def test_while_the_file_is_gone_what_was_read_before_goes_on(
    entra: LocalEntra, clock: WarpClock, new: New, tmp_path: Path
) -> None:
    mine = made()
    entra.trust.certificates = [mine.certificate]
    entra.lifetime = 299  # MSAL keeps no token that is this short
    tokens = new(CertificateFile(mine.pem(tmp_path / "bot.pem")))
    first = await tokens.token()

    (tmp_path / "bot.pem").unlink()
    clock.advance(timedelta(seconds=299))

    assert await tokens.token() != first


async def test_a_file_that_never_was_is_named_by_its_setting_alone(new: New, tmp_path: Path) -> None:
    why = await refused(new(CertificateFile(tmp_path / "hush")))
    assert str(why) == "AZURE_CLIENT_CERTIFICATE_PATH can't be read (No such file or directory)"
    assert (why.code, why.is_transient) == ("", False)


async def test_a_renewed_file_may_have_a_renewed_password_in_a_file_of_its_own(
    entra: LocalEntra, new: New, tmp_path: Path
) -> None:
    old, newer = made(), made(key=1)
    entra.trust.certificates = [old.certificate, newer.certificate]
    password = tmp_path / "password"
    password.write_text("hush-1\n")
    file = CertificateFile(old.pfx(tmp_path / "bot.pfx", password="hush-1"), "hush-1", password)
    tokens = new(file)
    await tokens.token()

    newer.pfx(tmp_path / "bot.pfx", password="hush-2")
    tokens.forget()
    why = await refused(tokens)
    assert str(why) == (
        "AZURE_CLIENT_CERTIFICATE_PATH names a PFX file that AZURE_CLIENT_CERTIFICATE_PASSWORD does not open"
    )

    password.write_text("hush-2")
    again = new(file)
    assert entra.is_live(await again.token())
    assert "hush" not in repr(again._credentials) + repr(again._loaded)
