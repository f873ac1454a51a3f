"""The story of a request: each kind of entry is told in a line, with the names of that time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.audit_story import Story
from bot.core import events as ev
from bot.core.alert import Alert
from bot.core.findings import Finding
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, Receipt, RiskySnapshot, Target
from bot.core.reasons import Reason
from bot.store.events import as_body, as_text
from bot.store.trail import Line

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADELE = ObjectId("5a0c76d2-cb57-4ece-9bc1-c323178f116a")
LYNNE, MEGAN, DIEGO = SlackUserId("U0ANALYST"), SlackUserId("U0MEGAN"), SlackUserId("U0DIEGO")
SHOWN = RiskySnapshot(ADELE, "Adele\nVance", "adelev@contoso.com", "high", "atRisk", NOON)
REASON = Reason("unfamiliarFeatures", NOON, "198.51.100.7", "Oslo", "NO", more=2)
ASKED = ev.Asked(Asker(LYNNE, ChannelId("C1")), (ADELE,), "VPN", "/confirm-safe")
FOUND = ev.Found("Lynne Robbins", (Target(SHOWN, why=(REASON,)),), (Finding("no_risk", "x@contoso.com", "X"),))
IS = f"Adele Vance (adelev@contoso.com), {ADELE}: risk high, atRisk, read 12:00:00"
WHY = "unfamiliarFeatures, Oslo, NO, 198.51.100.7, 2026-03-04 12:00:00 UTC, and 2 more"
ADELE_IS = "Adele Vance (adelev@contoso.com)"
BUSY = Receipt(429, "TooMany", "r-1", "c-1", "Wed")
NAMED = [
    (ASKED, [f"Asked for by {LYNNE} in C1: VPN", f"for {ADELE}"]),
    (
        replace(
            ASKED,
            asker=Asker(LYNNE, ChannelId("")),
            known_by="phone",
            alert=Alert(ChannelId("C2"), MessageTs("1.2")),
        ),
        [f"Asked for by {LYNNE}: VPN", f"for {ADELE}", "known by: phone", "from the message 1.2 in C2"],
    ),
    (FOUND, ["Looked up in Entra", IS, WHY, "x@contoso.com (X): no_risk"]),
    (ev.Explained({ADELE: (REASON,)}), ["It was read why they are at risk", f"{ADELE_IS}: {WHY}"]),
    (ev.Explained({}, "busy"), ["It was read why they are at risk; why they are at risk could not be read: busy"]),
    (ev.Placed({ADELE: ("g1", "g2")}), ["Groups and roles were read anew", f"{ADELE_IS}: not in g1 and g2"]),
    (ev.Opened(NOON), ["It waits for a decision until 2026-03-04 12:00:00 UTC"]),
    (ev.NotAsked("none_left"), ["Nothing was asked for: none_left"]),
    (ev.Shown(1, ChannelId("C1"), MessageTs("1"), "ab"), ["Shown in C1 as view 1, SHA-256 of its blocks ab"]),
    (
        ev.Approved(
            MEGAN, "Megan", 1, accounts=(ADELE,), policy="0123456789abcdef", because="The rule.", is_last=False
        ),
        [
            f"Approved by Megan (U0MEGAN), Entra account {ADELE}, view 1; more approvals are needed",
            "The rule. (policy 0123456789ab)",
        ],
    ),
    (
        ev.Approved(MEGAN, "Megan", 1, left_out=(ADELE,)),
        ["Approved by Megan (U0MEGAN), view 1", "by anybody in APPROVERS (no policy file)", f"but for {ADELE_IS}"],
    ),
    (ev.Denied(DIEGO, "Diego", "no"), ["Denied by Diego (U0DIEGO): no"]),
    (ev.Withdrawn(LYNNE), ["Withdrawn by Lynne Robbins (U0ANALYST)"]),
    (ev.Stopped(DIEGO, (ADELE,)), [f"Stopped by U0DIEGO for {ADELE_IS}"]),
    (ev.Expired(), ["Expired: nobody decided in time"]),
    (ev.Drifted((SHOWN,)), ["The risk of all rose: it waits for a new approval", IS]),
    (ev.Voided("at_risk", MEGAN), ["An approval by U0MEGAN counts no longer: at_risk"]),
    (ev.Voided("not_enough"), ["An approval counts no longer: not_enough"]),
    (ev.Lapsed(), ["The approval lapsed: it could not be sent in time"]),
    (ev.Ended("confirmed"), ["Ended: confirmed"]),
    (ev.Mistaken(DIEGO, "Diego", "it was"), ["Marked as a mistake by Diego (U0DIEGO): it was"]),
    (
        ev.ClickRefused(DIEGO, "approve", "not_approver", ref="8f2c41d7"),
        ["Refused to U0DIEGO: approve (not_approver), reference 8f2c41d7"],
    ),
    (
        ev.Shown(2, ChannelId("C1"), MessageTs("2"), "ab", "deleted"),
        ["Shown in C1 as view 2 in place of a message that was deleted, SHA-256 of its blocks ab"],
    ),
    (
        ev.Shown(2, ChannelId("C1"), MessageTs("2"), "ab", "unchangeable"),
        ["Shown in C1 as view 2 in place of a message that can't be changed any more, SHA-256 of its blocks ab"],
    ),
    (ev.Attempted((ADELE,)), [f"About to send {ADELE_IS}"]),
    (
        ev.SetAside((ADELE,), (SHOWN,), RequestId("CS-2222")),
        ["Set aside just before sending", f"left out: {ADELE_IS}", IS, "asked for anew in CS-2222"],
    ),
    (
        ev.Accepted((ADELE,), Receipt(204, request_id="r-2")),
        [f"Entra accepted {ADELE_IS}", "Graph answered 204, request-id r-2"],
    ),
    (
        ev.Refused((ADELE,), BUSY),
        [f"Entra refused {ADELE_IS}", "Graph answered 429 TooMany, request-id r-1, client-request-id c-1, Wed"],
    ),
    (ev.CallFailed((ADELE,), "sign_in", code="X1"), [f"No answer to act on for {ADELE_IS}: sign_in (X1)"]),
    (ev.Doubted((SHOWN,)), ["Read back after a doubtful call: not settled", IS]),
    (ev.Taken((SHOWN,)), ["Read back: Entra took the doubtful call", IS]),
    (ev.Unread((ADELE,)), [f"Entra does not tell of {ADELE_IS}"]),
    (ev.Reread((ADELE,)), [f"Entra tells again of {ADELE_IS}"]),
    (ev.Released((ADELE,)), [f"Unchanged after a doubtful call, to be sent once more: {ADELE_IS}"]),
    (ev.Verified((SHOWN,)), ["Read back as safe", IS]),
    (ev.GaveUp((ADELE,), "unseen"), [f"Given up on {ADELE_IS}: unseen"]),
    (ev.LookedAgain((SHOWN,)), ["Looked at once more", IS]),
    (
        ev.Recurred((SHOWN,), {ADELE: (Reason("leakedCredentials"),)}),
        ["At risk again after they were confirmed safe", IS, f"{ADELE_IS}: leakedCredentials"],
    ),
]


def entry(event: ev.Event) -> Line:
    kind, at = type(event).__name__, as_text(NOON)
    return Line(1, at, "U0ANALYST", kind, "CS-2222", None, "", "", "", b"", as_body(event))


def test_every_kind_of_entry_is_among_the_examples() -> None:
    assert {type(event) for event, _ in NAMED} == set(get_args(ev.Event))


@pytest.mark.parametrize(("event", "told"), NAMED, ids=[type(event).__name__ for event, _ in NAMED])
def test_each_entry_is_told_with_what_was_known_then(event: ev.Event, told: list[str]) -> None:
    before: list[ev.Event] = [] if event is ASKED else [ASKED] if event is FOUND else [ASKED, FOUND]
    lines = list(Story([entry(one) for one in (*before, event)]).told())
    mine = [line.removeprefix("2026-03-04 12:00:00 UTC  ").strip() for line in lines[-len(told) :]]
    assert mine == told


def test_a_body_that_was_broken_is_said_to_be_and_the_rest_is_told() -> None:
    broken = Line(7, as_text(NOON), "U0ANALYST", "Asked", "CS-2222", 1, "", "", "", b"", "{}")
    assert list(Story([broken, entry(ev.Expired())]).told()) == [
        "2026-03-04 12:00:00 UTC  Asked by U0ANALYST: entry 7 can't be read, see `audit verify`",
        "2026-03-04 12:00:00 UTC  Expired: nobody decided in time",
    ]
