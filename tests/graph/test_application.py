"""When a secret ends is read from the app registration as Graph answers it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Receipt
from bot.errors import Garbled
from bot.graph.application import application, secret_end
from bot.graph.wire import GraphAnswer

SECRET = "Sn7~hush"
CLIENT = "d1eb4b7c-3c11-4a5f-b2a6-7d0c9c7f6a10"
# Graph reference, application: get, with what $select leaves.
SAVED: dict[str, Any] = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications(passwordCredentials)/$entity",
    "passwordCredentials": [
        {
            "customKeyIdentifier": None,
            "displayName": "first",
            "endDateTime": "2026-06-01T00:00:00Z",
            "hint": "Sn7",
            "keyId": "f0b0b335-1d71-4883-8f98-567911bfdca6",
            "secretText": None,
            "startDateTime": "2025-06-01T00:00:00Z",
        },
        {"displayName": "renewed", "endDateTime": "2027-03-01T12:30:00.123Z", "hint": "Sn7"},
        {"displayName": "somebody else's", "endDateTime": "2029-01-01T00:00:00Z", "hint": "aB8"},
    ],
}


def end(body: Any, secret: str = SECRET) -> datetime | None:
    return secret_end(GraphAnswer(200, {}, body), Receipt(200), secret)


def test_the_request_asks_for_no_more_than_what_secrets_show() -> None:
    request = application(CLIENT)
    assert (request.method, request.path) == ("GET", f"/v1.0/applications(appId='{CLIENT}')")
    assert request.params == {"$select": "passwordCredentials"}
    assert not request.is_write


def test_of_those_that_begin_alike_the_one_that_ends_last_is_taken() -> None:
    assert end(SAVED) == datetime(2027, 3, 1, 12, 30, 0, 123_000, tzinfo=UTC)
    assert end(SAVED, "aB8-hush") == datetime(2029, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    [
        {"hint": "Sn8", "endDateTime": "2027-03-01T00:00:00Z"},
        {"hint": None, "endDateTime": "2027-03-01T00:00:00Z"},
        {"hint": "Sn7", "endDateTime": None},
        {"hint": "Sn7", "endDateTime": "soon"},
        {"hint": "Sn7"},
        "Sn7",
        None,
    ],
)
def test_what_does_not_tell_an_end_of_this_secret_is_passed_over(password: Any) -> None:
    assert end({"passwordCredentials": [password]}) is None


@pytest.mark.parametrize("body", [None, [], {}, {"passwordCredentials": None}, "text"])
def test_an_answer_that_is_no_application_is_garbled(body: Any) -> None:
    with pytest.raises(Garbled):
        end(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["hint", "endDateTime", "x"]), inner),
)


@given(JSON)
def test_no_answer_raises_outside_the_error_tree(inner: Any) -> None:
    assert end({"passwordCredentials": [inner, {"hint": "Sn7", "endDateTime": inner}]}) is None
