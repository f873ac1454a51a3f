"""One person is taken out of a body: by id, address and name, and what people wrote; nobody else is touched."""

from typing import Any

import pytest

from bot.core.ids import ObjectId
from bot.core.redaction import Traces, without

ADELE, ALEX, INSTEAD = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a"), "a1", "redacted-1"
HER = {"user_id": ADELE, "display_name": "Adele Vance", "upn": "AdeleV@contoso.com", "level": "high"}
HIM = {"user_id": ALEX, "display_name": "Alex Wilber", "upn": "alexw@contoso.com", "level": "low"}
GONE = {"user_id": INSTEAD, "display_name": "redacted", "upn": "", "level": "high"}


def traces() -> Traces:
    found = Traces(ADELE)
    found.learn({"targets": [{"shown": HER, "addresses": ["adele@contoso.com"]}, {"shown": HIM, "addresses": ["x"]}]})
    found.learn({"by": "U1", "name": "Adele V.", "email": "adele.v@contoso.com", "accounts": [ADELE]})
    return found


def test_she_is_known_by_every_name_that_was_seen_of_her_and_no_other() -> None:
    assert traces().addresses == {"adelev@contoso.com", "adele@contoso.com", "adele.v@contoso.com"}
    assert traces().names == {"Adele Vance", "Adele V."}


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"user_ids": [ADELE, ALEX]}, {"user_ids": [INSTEAD, ALEX]}),
        ({"snapshots": [HER, HIM]}, {"snapshots": [GONE, HIM]}),
        (
            {"shown": HER, "addresses": ["adele@contoso.com"], "not_in": ["g"], "why": [{"ip": "198.51.100.7"}]},
            {"shown": GONE, "addresses": [], "not_in": [], "why": []},
        ),
        (
            {"shown": HIM, "addresses": ["x"], "not_in": ["g"], "why": [{"ip": "198.51.100.8"}], "knew": None},
            {"shown": HIM, "addresses": ["x"], "not_in": ["g"], "why": [{"ip": "198.51.100.8"}], "knew": None},
        ),
        ({"why": {ADELE: [{"ip": "1"}], ALEX: [{"ip": "2"}]}}, {"why": {INSTEAD: [], ALEX: [{"ip": "2"}]}}),
        (
            {"entries": ["ADELEV@contoso.com", "madele@contoso.com", "adele@contoso.com-x.org", "<@U0ADELE>"]},
            {"entries": ["redacted", "madele@contoso.com", "adele@contoso.com-x.org", "redacted"]},
        ),
        (
            {"reason": "she is in Oslo", "command": "/confirm-safe …", "unreadable": ["Adele,"], "known_by": "phone"},
            {"reason": "redacted", "command": "redacted", "unreadable": [], "known_by": "redacted"},
        ),
        (
            [
                {"kind": "no_risk", "entry": "adele@contoso.com", "name": "Adele"},
                {"kind": "unknown", "name": "Adele Vance"},
            ],
            [{"kind": "no_risk", "entry": "redacted", "name": "redacted"}, {"kind": "unknown", "name": "redacted"}],
        ),
        (
            {"by": "U1", "name": "Adele V.", "email": "adele.v@contoso.com", "accounts": [ADELE], "view": 1},
            {"by": "U1", "name": "redacted", "email": "redacted", "accounts": [INSTEAD], "view": 1},
        ),
        ({"by": "U2", "name": "Megan", "email": "m@x", "accounts": [ALEX], "is_last": True}, None),
    ],
)
def test_what_is_hers_goes_and_the_rest_stays(body: Any, left: Any) -> None:
    assert without(body, traces(), INSTEAD) == (body if left is None else left)


def test_redacting_again_changes_nothing() -> None:
    once = without({"reason": "x", "snapshots": [HER]}, traces(), INSTEAD)
    assert without(once, traces(), "another") == once
