"""The doctor's words about the credential, and its remedies."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.check import no, ok, warn
from bot.check_entra import credential_check
from bot.errors import SignInFailed
from bot.graph.credential_end import Ends, NotKnown
from bot.remedies import entra_link, entra_remedy

AT = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (timedelta(days=90), "ok  secret ends on 2026-12-04"),
        (timedelta(days=14, hours=1), "ok  secret ends on 2026-12-04"),
        (timedelta(days=14), "WARN  secret ends in 14 days (2026-12-04). Renew it."),
        (timedelta(days=9, hours=5), "WARN  secret ends in 9 days (2026-12-04). Renew it."),
        (timedelta(days=1), "WARN  secret ends in 1 day (2026-12-04). Renew it."),
        (timedelta(hours=5), "WARN  secret ends today (2026-12-04). Renew it."),
        (timedelta(seconds=-1), "NO  secret ended on 2026-12-04. Renew it, or nobody can be confirmed."),
    ],
)
def test_the_end_is_told_by_how_near_it_is(left: timedelta, line: str) -> None:
    assert str(credential_check(Ends("secret", AT, left))) == line


def test_an_end_that_cannot_be_read_is_told_with_its_reason() -> None:
    lacking = NotKnown("secret", "Application.Read.All is missing", "Application.Read.All")
    expected = "ok  when the secret ends can't be read without Application.Read.All: keep the date yourself"
    assert str(credential_check(lacking)) == expected
    failing = NotKnown("secret", "403 Authorization_RequestDenied")
    expected = "WARN  when the secret ends can't be read: 403 Authorization_RequestDenied. Keep the date yourself."
    assert str(credential_check(failing)) == expected


def test_what_has_no_end_is_not_spoken_of() -> None:
    assert credential_check(None) is None


@pytest.mark.parametrize(
    ("code", "what", "is_transient", "remedy"),
    [
        ("AADSTS7000222", "", False, "make a new one and set AZURE_CLIENT_SECRET"),
        ("AADSTS700027", "", False, "Upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH"),
        ("AADSTS700024", "", False, "clock"),
        ("AADSTS70021", "", False, "Compare the app's federated credential"),
        ("AADSTS7002138", "", False, "Compare the app's federated credential"),
        ("AADSTS7000272", "", False, "does not publish the key"),
        ("AADSTS53003", "", False, "Look the code up"),
        ("", "AZURE_CLIENT_CERTIFICATE_PATH can't be read", False, "Check the file"),
        ("", "Entra's sign-in isn't answering (SSLError)", True, "REQUESTS_CA_BUNDLE"),
        ("", "Entra's sign-in isn't answering (ConnectionError)", True, "reachable"),
    ],
)
def test_a_failed_sign_in_has_a_remedy(code: str, what: str, remedy: str, *, is_transient: bool) -> None:
    error = SignInFailed(code, what, is_transient=is_transient)
    assert remedy in entra_remedy(error, by_managed_identity=False)


def test_a_managed_identity_has_remedies_of_its_own() -> None:
    error = SignInFailed("", "The managed identity's endpoint isn't answering", is_transient=True)
    assert entra_remedy(error, by_managed_identity=True).startswith("Has what the bot runs on a managed identity?")


@pytest.mark.parametrize(
    ("code", "link"),
    [
        ("AADSTS7000222", "the app's page"),
        ("AADSTS700213", "the app's page"),
        ("AADSTS90002", ""),
        ("AADSTS53003", "https://login.microsoftonline.com/error?code=53003"),
        ("invalid_request", ""),
        ("", ""),
    ],
)
def test_a_failed_sign_in_leads_to_where_it_is_put_right_or_explained(code: str, link: str) -> None:
    assert entra_link(SignInFailed(code, "", is_transient=False), "the app's page") == link


def test_a_remedy_and_its_link_follow_what_was_found_and_no_link_is_told_twice() -> None:
    assert str(no("x", "broken", "Mend it.", "https://example.com")) == "NO  broken. Mend it. https://example.com"
    assert str(warn("x", "odd", "Open https://example.com", "https://example.com")) == (
        "WARN  odd. Open https://example.com"
    )
    assert ok("x", "fine").as_json() == {"verdict": "ok", "about": "x", "text": "fine"}
