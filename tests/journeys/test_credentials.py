"""The whole bot by each kind of credential, as an operator sets it up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from demo.assertions import FederatedCredential
from demo.entra import CLIENT, RESOURCE, TENANT
from demo.identity import LocalIdentity
from tests.certificates import a_key, made
from tests.command_line import run
from tests.rig import ADELE_AND_ALEX, APPROVALS, Rig, running

CENTER = "https://entra.microsoft.com"
PASSWORD = "hush-hush-password"
ISSUER, SUBJECT = "https://oidc.contoso.com/", "system:serviceaccount:bots:confirm-safe"


async def doctor(rig: Rig, **changes: str) -> tuple[int, str]:
    """Run the doctor as its own process, without the secret that the rig comes with; return all it wrote."""
    status, out, err = await run(rig, "doctor", **{"AZURE_CLIENT_SECRET": ""} | changes)
    return status, out + err


async def test_users_are_confirmed_safe_by_a_certificate(tmp_path: Path) -> None:
    mine = made()
    path = mine.pfx(tmp_path / "bot.pfx", password=PASSWORD)
    async with running(tmp_path, start=False) as rig:
        rig.entra.trust.certificates, rig.entra.secrets = [mine.certificate], set()
        await rig.start(
            AZURE_CLIENT_SECRET="",
            AZURE_CLIENT_CERTIFICATE_PATH=str(path),
            AZURE_CLIENT_CERTIFICATE_PASSWORD=PASSWORD,
        )
        message = await rig.asked(ADELE_AND_ALEX)
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.shows(message, "2 of 2 confirmed safe")
        assert len(rig.sent()) == 1


async def test_the_doctor_tells_when_the_certificate_ends_and_logs_no_password(tmp_path: Path) -> None:
    mine = made(days=9.5)
    path = mine.pfx(tmp_path / "bot.pfx", password=PASSWORD)
    certificate = {"AZURE_CLIENT_CERTIFICATE_PATH": str(path), "AZURE_CLIENT_CERTIFICATE_PASSWORD": PASSWORD}
    async with running(tmp_path, start=False, speed=1) as rig:
        status, out = await doctor(rig, **certificate, LOG_LEVEL="DEBUG")
        assert status == 1
        assert "NO  Entra sign-in: Entra refused to sign in the bot (AADSTS700027). Upload the certificate" in out
        ends = f"{mine.certificate.not_valid_after_utc:%Y-%m-%d}"
        page = f"{CENTER}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/{CLIENT}"
        assert f"WARN  certificate ends in 9 days ({ends}). Renew it. {page}" in out

        rig.entra.trust.certificates = [mine.certificate]
        status, signed_in = await doctor(rig, **certificate, LOG_LEVEL="DEBUG")
        assert status == 0
        assert f"ok  Entra: signed in to tenant {TENANT} by a certificate\n" in signed_in
        assert PASSWORD not in out + signed_in


async def test_the_doctor_tells_that_the_end_of_a_secret_cannot_be_read(tmp_path: Path) -> None:
    async with running(tmp_path, start=False, speed=1) as rig:
        status, out = await doctor(rig, AZURE_CLIENT_SECRET=rig.environ["AZURE_CLIENT_SECRET"])
        assert status == 0
        assert "ok  when the secret ends can't be read without Application.Read.All: keep the date yourself" in out


async def test_the_doctor_signs_in_by_a_federated_token(tmp_path: Path) -> None:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange", "iat": now, "exp": now + 3600}
    token = jwt.encode(claims, a_key(1), algorithm="RS256", headers={"kid": "1"})
    (tmp_path / "token").write_text(token)
    federated = {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    async with running(tmp_path, start=False, speed=1) as rig:
        status, out = await doctor(rig, **federated, LOG_LEVEL="DEBUG")
        assert status == 1
        assert "(AADSTS700211). Compare the app's federated credential with the token in" in out
        assert token not in out

        rig.entra.trust.federated = [FederatedCredential(ISSUER, SUBJECT, a_key(1).public_key())]
        status, out = await doctor(rig, **federated)
        assert status == 0
        assert " ends " not in out


async def test_the_doctor_signs_in_by_a_managed_identity(tmp_path: Path) -> None:
    managed = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", "AZURE_CLIENT_ID": ""}
    async with running(tmp_path, start=False, speed=1) as rig:
        issue, clock = rig.entra.issue, rig.clock
        async with LocalIdentity(rig.books, resource=RESOURCE, issue=issue, now=clock.now) as identity:
            status, out = await doctor(rig, **managed, **identity.as_app_service)
            assert status == 0
            assert "ok  Graph answers" in out

            rig.entra.roles.clear()
            status, out = await doctor(rig, **managed, **identity.as_app_service)
            assert status == 1
            assert "not in the token. An admin assigns it to the managed identity" in out

            status, out = await doctor(rig, **managed | {"AZURE_CLIENT_ID": CLIENT}, **identity.as_machine)
            assert status == 1
            assert (
                "(invalid_request). Has what the bot runs on a managed identity? Is AZURE_CLIENT_ID left out" in out
            )


async def test_a_secret_that_is_renewed_in_its_file_needs_no_restart(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    async with running(tmp_path, start=False) as rig:
        rig.entra.secrets = {"first"}
        await rig.start(AZURE_CLIENT_SECRET="", AZURE_CLIENT_SECRET_FILE=str(secret))
        message = await rig.asked(ADELE_AND_ALEX)

        rig.entra.secrets = {"second"}
        rig.entra.revoke_all()
        await rig.slack.click(message, "approve", by="U0MEGAN")
        await rig.thread_says(message, "AADSTS7000215")
        secret.write_text("second\n")

        rig.clock.advance(timedelta(minutes=2))
        await rig.shows(message, "2 of 2 confirmed safe")


async def test_a_certificate_that_is_about_to_end_is_announced_once_a_week(tmp_path: Path) -> None:
    mine = made(days=9.5)
    certificate = {
        "AZURE_CLIENT_SECRET": "",
        "AZURE_CLIENT_CERTIFICATE_PATH": str(mine.pfx(tmp_path / "bot.pfx", password=PASSWORD)),
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": PASSWORD,
    }
    async with running(tmp_path, start=False) as rig:
        rig.entra.trust.certificates = [mine.certificate]

        def announced() -> list[str]:
            texts = [rig.slack.plain(message) for message in rig.slack.messages(APPROVALS)]
            return [text for text in texts if "needs to renew it; after that nothing can be confirmed." in text]

        await rig.start(**certificate)
        await rig.books.until(announced)
        assert announced()[0].startswith("The bot's certificate for Entra ends at ")
        await rig.stop()
        await rig.start(**certificate)
        rig.clock.advance(timedelta(days=1))
        rig.clock.advance(timedelta(days=2))
        await rig.books.until(lambda: len(announced()) == 2)
