"""A mistake, as people read it: the button, the window, the marked message, the steps in the thread."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from bot.core.decisions import Decision
from bot.core.ids import ObjectId
from bot.core.model import State, Target
from bot.core.policy import Why
from bot.slack.blocks import incident, mistake, refusals, thread
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.message import Message
from bot.slack.blocks.modals import mistake_modal
from bot.slack.blocks.refusals import Tried, said_of
from bot.slack.blocks.words import date
from tests.slack.made import (
    ANCHOR,
    LINK,
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
    target,
    words_of,
)

MARK = Decision(MEGAN, NOON, 1, "It was *not* the VPN <!channel>")
SHOWN = tuple(state for state in get_args(State) if state not in {"looking_up", "not_asked"})
CAN = {"sent", "confirmed", "partly_confirmed", "accepted_unseen"}
SAFE = far("confirmed", "confirmed", "confirmed")


def texts(message: Message) -> list[str]:
    return [seen(b["text"]["text"]) for b in message.blocks if b["type"] == "section"]


def marked(targets: tuple[Target, ...] = SAFE, state: State = "confirmed", **changed: Any) -> Message:
    return mistake.marked(request(targets, state, **{"mistake": MARK, **changed}), PLACE)


@pytest.mark.parametrize("state", SHOWN)
def test_the_button_stands_where_entra_took_it(state: State) -> None:
    message = approval_message(request(SAFE, state), PLACE)
    assert ("mistake" in buttons_of(message)) == (state in CAN)
    assert faults(message) == []


def test_the_button_says_what_it_does_also_aloud() -> None:
    button = buttons_of(approval_message(request(SAFE, "confirmed", view=3), PLACE))["mistake"]
    assert button["text"]["text"] == "This was a mistake…"
    assert button["accessibility_label"] == "Report a mistake in CS-4K7Q, 3 users"
    assert button["value"] == "CS-4K7Q.3"


def test_beside_a_part_that_can_be_asked_for_again_it_comes_second_in_one_row() -> None:
    message = approval_message(request(far("confirmed", "unchanged"), "partly_confirmed"), PLACE)
    assert list(buttons_of(message)) == ["ask_again", "mistake", "details"]
    assert sum(block["type"] == "actions" for block in message.blocks) == 1


def test_while_more_is_to_be_sent_there_is_a_stop_and_no_report() -> None:
    whole = request(far("accepted", "waiting"), "sent")
    assert set(buttons_of(approval_message(whole, PLACE, can_stop=True))) == {"stop", "details"}


@pytest.mark.parametrize("state", ["sent", "confirmed", "partly_confirmed", "accepted_unseen", "not_confirmed"])
def test_the_marked_message_says_so_and_nothing_else_can_be_done(state: State) -> None:
    message = approval_message(request(SAFE, state, mistake=MARK), PLACE)
    assert message.blocks[0]["text"]["text"] == "Marked as a mistake: 3 users"
    assert message.blocks[1]["text"]["text"] == (
        f"<@U0MEGAN> marked it at {date(NOON)}. What to do is in the thread."
    )
    assert message.text == "Marked as a mistake: 3 users. CS-4K7Q. See its thread."
    assert set(buttons_of(message)) == {"details"}
    assert "*Adele Vance*" in words_of(message)
    assert faults(message) == []


def test_the_window_says_what_a_report_does_and_asks_what_went_wrong() -> None:
    view = mistake_modal(request(SAFE, "confirmed", view=2))
    said, asked = view["blocks"]
    assert said["text"]["text"] == (
        "The risk can't be put back with one click. This tells the approvers and incident channels, marks the "
        "record, and posts the steps for each user."
    )
    assert asked["label"]["text"] == "What went wrong?"
    assert (asked["block_id"], asked["element"]["action_id"]) == ("reason", "text")
    assert "optional" not in asked
    assert [view[part]["text"] for part in ("title", "submit", "close")] == ["Report a mistake", "Report", "Go back"]
    assert (view["callback_id"], view["private_metadata"]) == ("mistake", "CS-4K7Q.2")
    assert faults_in(view) == []


def test_the_thread_calls_the_approvers_and_gives_them_the_steps() -> None:
    message = marked()
    told, reason, steps, users = texts(message)
    assert told == "<!subteam^S0SOC>, <@U0MEGAN> This approval was marked as a mistake by <@U0MEGAN>."
    assert reason == "Reason: It was *not* the VPN <!channel>"
    assert message.blocks[1]["text"]["type"] == "plain_text"
    assert steps == (
        "For each user in Entra:\n1. Confirm user compromised (risk becomes High again).\n2. Revoke sessions.\n"
        "3. Reset the password, check new MFA methods and inbox rules."
    )
    page = "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId"
    assert users.split("\n")[0] == f"• *Adele Vance* · <{page}/id-of-0%40contoso.com|Open in Entra>"
    assert message.blocks[-1]["elements"][0]["text"] == "Nothing was changed by this report."
    assert "VPN" not in message.text
    assert faults(message) == []


def test_who_was_never_sent_needs_nothing_undone() -> None:
    _, _, steps, users = texts(marked(far("confirmed", "refused", "stopped", "unseen"), "partly_confirmed"))
    assert steps.startswith("2 of 4 users were sent or may have been. For each of them in Entra:\n1. ")
    assert ["0%40" in users, "1%40" in users, "2%40" in users, "3%40" in users] == [True, False, False, True]


def test_who_may_have_been_taken_counts_too() -> None:
    doubtful = replace(target("Lynne Robbins", progress="stopped"), was_doubted=True)
    _, _, steps, users = texts(marked((*far("confirmed", "unknown"), doubtful), "partly_confirmed"))
    assert steps.startswith("For each user in Entra:")
    assert len(users.split("\n")) == 3


def test_one_user_is_no_each() -> None:
    assert texts(marked(far("confirmed")))[2].startswith("For the user in Entra:\n1. ")
    _, _, steps, _ = texts(marked(far("confirmed", "refused"), "partly_confirmed"))
    assert steps.startswith("1 of 2 users was sent or may have been. In Entra:\n1. ")


def test_of_more_than_fit_the_riskiest_come_first_and_the_rest_is_counted() -> None:
    users = tuple(replace(t, progress="confirmed") for t in (*many(499), target(level="high")))
    message = marked(users)
    lines = "\n".join(texts(message)[3:]).split("\n")
    assert lines[0].startswith("• *Adele Vance* · <")
    assert len(lines) == 31
    assert lines[-1].startswith("and 470 more · <https://entra.microsoft.com/#view/")
    assert faults(message) == []


@pytest.mark.parametrize("name", ["n", "&" * 256, "*_~`" * 64, "\u202e" * 10, "\x00", " ", "👩‍👩‍👧" * 51, "\ud800"])
@pytest.mark.parametrize("n", [1, 2, 31, 500])
def test_slack_takes_it_at_every_extreme(name: str, n: int) -> None:
    long = replace(target(name, f"{'u' * 64}@{'d' * 48}"), progress="confirmed")
    long = replace(long, shown=replace(long.shown, user_id=ObjectId("<&>" * 60)))
    whole = request((long,) * n, "confirmed", mistake=Decision(MEGAN, NOON, 1, f"{name}<&>" * 400))
    many_approvers = replace(PLACE, approvers=tuple(f"U{i:010}" for i in range(60)), help=name)
    for message in (mistake.marked(whole, many_approvers), approval_message(whole, many_approvers)):
        assert faults(message) == []


def test_a_reason_of_nothing_to_be_seen_is_left_out() -> None:
    assert not any("Reason" in text for text in texts(marked(mistake=Decision(MEGAN, NOON, 1, "\x00 \u202e"))))


def test_an_incident_channel_reads_by_whom_and_how_many_and_no_names() -> None:
    whole = request(SAFE, "confirmed", mistake=MARK)
    line, end, new = (draw(whole, PLACE) for draw in (incident.line, incident.end, incident.marked))
    mark = "3 of 3 confirmed safe · marked as a mistake by <@U0MEGAN>"
    assert line.text == f"CS-4K7Q · <@U0DIEGO> asks to confirm 3 users safe (3 High) · {mark} · {LINK}"
    assert end.text == f"CS-4K7Q · 3 users · {mark} · {LINK}"
    assert new.text == f"CS-4K7Q · 3 users · marked as a mistake by <@U0MEGAN> · {LINK}"
    assert "Adele" not in words_of(new)
    assert faults(new) == []


def test_the_end_of_what_was_marked_does_not_help_anybody_back_in() -> None:
    lift = "Blocks based on user risk lift"
    assert lift in words_of(thread.ended(request(SAFE, "confirmed"), PLACE, NOON, ANCHOR))
    assert lift not in words_of(thread.ended(request(SAFE, "confirmed", mistake=MARK), PLACE, NOON, ANCHOR))


def test_each_refusal_says_what_it_is_about() -> None:
    tried = Tried("mistake", 1, NOON, "R-7")
    whole = request(SAFE, "confirmed", mistake=MARK)
    told: dict[Why, str] = {
        "only_approvers_report": "Only approvers and <@U0DIEGO> can report a mistake in it.",
        "marked": f"<@U0MEGAN> already marked it as a mistake at {date(NOON)}. What to do is in the thread.",
        "nothing_confirmed": "Nobody in CS-4K7Q counts as confirmed safe, so there is no mistake to report.",
        "not_member": "Only full members of this workspace can use this.",
    }
    assert {why: said_of(why, tried, whole, PLACE).text for why in told} == told
    checked = said_of("could_not_check", tried, whole, PLACE).text
    assert checked.startswith("I couldn't check whether you may report a mistake: Slack isn't answering.")


def test_while_it_is_sent_it_is_said_what_comes_first() -> None:
    first = refusals.still_sending(request(far("accepted", "waiting"), "sent")).text
    assert first == (
        "Not everybody was sent to Entra yet. Use Stop to keep the others back, then report the mistake."
    )
    later = "It is not settled yet who was sent to Entra. Please report the mistake again in a minute."
    assert refusals.still_sending(request(far("accepted", "attempted"), "sent")).text == later
    stopped = request(far("accepted", "waiting"), "sent", stopped=Decision(MEGAN, NOON, 1))
    assert refusals.still_sending(stopped).text == later
