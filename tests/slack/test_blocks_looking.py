"""Details, lists and the Home tab: what they say, and that they fit whatever the names and however many there are."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

import pytest

from bot.core import events as ev
from bot.core.ids import RequestId
from bot.core.model import Receipt, Request, State
from bot.core.reasons import Reason
from bot.slack.blocks import details, home, modals, standing, timeline
from bot.slack.blocks.place import Place
from demo.local_slack.blockkit import faults_of_home
from tests.slack.made import (
    ANCHOR,
    DIEGO,
    MEGAN,
    NOON,
    PLACE,
    buttons_of,
    far,
    faults,
    faults_in,
    many,
    request,
    seen,
    snapshot,
    target,
    words_of,
)
from tests.slack.test_blocks_approval import EXTREMES

STATES = get_args(State)


def place_of(request: Request | None = None) -> Place:
    del request
    return PLACE


def extreme(n: int, name: str, state: State = "pending") -> Request:
    reasons = tuple(Reason(f"aNewKind{i}" * 4, NOON, "2001:db8::1", name[:60], "NO", 3) for i in range(40))
    long = replace(target(name, f"{'u' * 64}@{'d' * 48}", "unknownFutureValue" * 3), why=reasons)
    return request((long,) * n, state, reason="<&>" * 500)


def history(n: int = 1) -> list[tuple[datetime, ev.Event]]:
    asked = ev.Asked(request().asker, ("a",), "why", "c")
    approved = ev.Approved(MEGAN, "Megan", 1, because="The rule “high” decides: <b> & more. It takes one from SOC.")
    answers = [ev.Accepted((target().user_id,), Receipt(204, request_id=f"id-{i}" * 8)) for i in range(n)]
    return [(NOON, asked), (NOON, approved), *((NOON, one) for one in answers)]


@pytest.mark.parametrize("name", EXTREMES, ids=range(len(EXTREMES)))
@pytest.mark.parametrize("n", [1, 20, 60, 500])
def test_every_page_of_the_details_fits(n: int, name: str) -> None:
    whole = extreme(n, name)
    for page in (0, 1, 10_000):
        view = details.window(whole, PLACE, history(200), ANCHOR, because="x" * 5000, page=page)
        assert faults_in(view) == []
        assert len(str(view).encode()) < 250_000


@pytest.mark.parametrize("state", STATES)
def test_details_and_lists_know_every_state(state: State) -> None:
    one = request(far("waiting", "confirmed"), state)
    assert faults_in(details.window(one, PLACE, history(), ANCHOR)) == []
    assert faults(standing.status(one, PLACE)) == []
    assert "CS-4K7Q" in standing.line(one, PLACE)
    early = request((), "looking_up")
    assert faults_in(details.window(early, PLACE, history(), ANCHOR)) == []


def test_what_was_withdrawn_before_its_users_were_found_is_listed_too() -> None:
    early = request((), "withdrawn", ended_at=NOON, view=0, channel=None, ts=None, entries=("a", "b"))
    assert standing.status(early, PLACE).text.startswith("CS-4K7Q: withdrawn at <!date")
    assert standing.status(early, PLACE).text.endswith(", before its users were found in Entra.")
    assert standing.line(early, PLACE).startswith("*CS-4K7Q* · withdrawn, 2 users asked for · asked by <@U0DIEGO>")
    assert faults_in(details.window(early, PLACE, history(), ANCHOR)) == []
    shown = home.Seen([], [early], [early], may_ask=True, may_approve=True)
    assert faults_of_home(home.home(shown, place_of)) == []


def test_the_details_say_who_decided_by_which_rule_and_what_entra_answered() -> None:
    told = words_of(details.window(request(far("confirmed")), PLACE, history(2), ANCHOR)["blocks"])
    assert "approved by <@U0MEGAN>, view 1. The rule “high” decides: &lt;b&gt; &amp; more." in told
    assert "Entra accepted 1 user (204)" in told
    assert f"Graph request-id: {'id-0' * 8}, {'id-1' * 8}" in told
    assert f"Record: entry {ANCHOR[0]}, {ANCHOR[1]}" in told
    assert "Confirmed safe, read back" in told


def test_the_details_call_safe_only_whom_entra_calls_so() -> None:
    one = far("confirmed")[0]
    dismissed = replace(snapshot(level="none", state="dismissed"), read_at=NOON)
    deleted = replace(far("left_out")[0], last_read=replace(dismissed, is_deleted=True))
    whole = request((replace(one, last_read=dismissed), deleted), "not_confirmed")
    read = ev.Verified((dismissed, replace(dismissed, state="confirmedSafe")))
    aside = ev.SetAside((deleted.user_id,))
    told = words_of(details.window(whole, PLACE, [(NOON, aside), (NOON, read)], ANCHOR)["blocks"])
    assert "No longer at risk (dismissed), read back at <!date" in told
    assert "Left out: deleted, last read at <!date" in told
    assert "set aside before sending: 1 user left out" in told
    assert "1 user read back as confirmed safe; 1 user read back as no longer at risk" in told


def test_every_kind_of_detection_has_its_line_in_the_details() -> None:
    kinds = (
        "leakedCredentials",
        "unfamiliarFeatures",
        "anonymizedIPAddress",
        "newCountry",
        "riskyIPAddress",
        "mcasX",
    )
    one = replace(target(), why=tuple(Reason(kind, NOON) for kind in kinds))
    told = words_of(details.window(request((one,)), PLACE, history(), ANCHOR)["blocks"])
    assert told.count("• ") == len(kinds)
    assert "• Leaked credentials: " in told


def test_a_long_history_keeps_its_beginning_and_its_end_and_says_what_is_left_out() -> None:
    view = details.window(request(), PLACE, [*history(200), (NOON, ev.Denied(DIEGO, "Diego", "no"))], ANCHOR)
    told = words_of(view["blocks"])
    assert "asked by <@U0DIEGO>" in told
    assert "143 more, see `python -m bot audit show`" in told
    assert "denied by <@U0DIEGO>: no" in told


def test_what_changes_nothing_for_people_is_not_in_the_story() -> None:
    quiet: list[ev.Event] = [
        ev.Attempted((target().user_id,)),
        ev.Unread((target().user_id,)),
        ev.Reread((target().user_id,)),
    ]
    assert timeline.told((NOON, one) for one in quiet) == []


def test_status_says_what_is_still_needed_while_it_waits() -> None:
    told = standing.status(request(), replace(PLACE, missing="one from Identity")).text
    assert "CS-4K7Q: waiting for approval since <!date" in told
    assert "1 user, highest risk High. Needed: one from Identity. <https://contoso.slack.com" in told
    assert standing.status(request(state="looking_up"), PLACE).text.startswith("CS-4K7Q: 1 user being looked up in")
    assert standing.status(request(state="not_asked"), PLACE).text.startswith("CS-4K7Q: nothing was asked for.")
    denied = request(state="denied")
    assert "CS-4K7Q: denied, 1 user. <@U0MEGAN> denied it at " in standing.status(denied, PLACE).text


def test_a_list_that_is_cut_says_so_and_a_rehearsal_is_marked() -> None:
    listed = [request(), request(is_rehearsal=True)]
    message = standing.mine(listed, place_of, more=True)
    assert "These are 2; there are more." in words_of(message)
    assert "CS-4K7Q|CS-4K7Q> · rehearsal · waiting" not in words_of(message)
    assert " · rehearsal · waiting, 1 user" in words_of(message)
    assert message.text == "Your requests of the last 30 days, the newest first: 2 and more."


@pytest.mark.parametrize("name", EXTREMES, ids=range(len(EXTREMES)))
def test_lists_and_the_home_tab_fit_however_many_there_are(name: str) -> None:
    every = [replace(extreme(500, name, "pending"), id=RequestId(f"CS-{n:05}")) for n in range(30)]
    assert faults(standing.mine(every, place_of, more=True)) == []
    assert faults(standing.still_open(every, place_of, more=True)) == []
    shown = home.Seen(every[:20], every[:10], every[:10], may_ask=True, may_approve=True, silent="Slack")
    assert faults_of_home(home.home(shown, place_of)) == []


def test_the_home_tab_has_a_row_for_what_waits_with_its_reason_and_buttons() -> None:
    shown = home.Seen([request(many(3))], [], [], may_ask=False, may_approve=True)
    view = home.home(shown, place_of)
    told = seen(words_of(view["blocks"]))
    assert "<@U0DIEGO> asks for 3 users: *User Number0*, *User Number1*, *User Number2*." in told
    assert "Highest risk: *Medium* (3 of 3)." in told
    assert "Reason: VPN exit moved to Oslo" in told
    row = next(block for block in view["blocks"] if block["type"] == "actions")
    assert [button["action_id"] for button in row["elements"]] == ["review", "deny", "details"]
    assert "You may ask: no (members of <#C0APPROVE> can). You may approve: yes" in told


def test_the_review_of_a_few_shows_them_in_full_and_what_changed_since_an_approval() -> None:
    risen = replace(target(), was=target(level="low").shown, why=(Reason("leakedCredentials", NOON),))
    view = modals.review_modal(request((risen,), reopened="drifted"), PLACE)
    told = seen(words_of(view["blocks"]))
    assert "1 user's risk rose after the approval. Nothing was sent for them. Approve again?" in told
    assert "Low → High risk, at risk" in told
    assert "Leaked credentials" in told
    assert view["submit"]["text"] == "Confirm 1 user safe"
    assert view["private_metadata"] == "CS-4K7Q.1"


def test_who_may_not_see_it_is_told_who_can() -> None:
    told = "Only people who may ask or approve see the open requests: members of <#C0APPROVE> and"
    assert standing.not_for_you(PLACE).text.startswith(told)
    assert words_of(details.not_for_you(PLACE)["blocks"]).startswith(told)
    assert "Slack isn't answering" in words_of(details.could_not_check("Slack")["blocks"])
    assert "I don't know this request any more." in words_of(details.gone()["blocks"])
    assert buttons_of(standing.not_for_you(PLACE)) == {}


def test_a_late_hour_is_shown_in_each_readers_own_zone() -> None:
    late = request(asked_at=NOON + timedelta(hours=11))
    assert "<!date^" in standing.line(late, PLACE)
