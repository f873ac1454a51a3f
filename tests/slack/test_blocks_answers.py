"""Private answers and refusals: what happened, whether anything was recorded, what to do next."""

import html
import re
from dataclasses import replace
from typing import get_args

import pytest

from bot.core.findings import Elsewhere, Finding
from bot.core.ids import ChannelId, MessageTs, RequestId, SlackUserId
from bot.core.limits import Limited
from bot.core.model import State
from bot.core.problems import Problem
from bot.slack.blocks import answers, refusals
from bot.slack.blocks.message import Message
from bot.slack.blocks.words import date
from tests.slack.made import LINK, NOON, PLACE, buttons_of, faults, many, request, seen, target, words_of

COMMAND = "/confirm-safe adelev@contoso,com VPN & more"
ECHO = "`/confirm-safe adelev@contoso,com VPN &amp; more`"
ID = RequestId("CS-4K7Q")
ELSEWHERE = Elsewhere(
    RequestId("CS-9F3M"), SlackUserId("U0LYNNE"), NOON, ChannelId("C0APPROVE"), MessageTs("1772625600.000100")
)
GONE = tuple(Finding("no_risk", f"{n}@contoso.com", f"User {n}") for n in range(3))
PROBLEMS = (
    Finding("no_risk", "meganb@contoso.com", "Megan Bowen"),
    Finding("already_safe", "lynner@contoso.com", "Lynne Robbins"),
    Finding("unknown", "adelve@contoso.com"),
    Finding("deleted", "jonis@contoso.com", "Joni Sherman"),
    Finding("open_elsewhere", "alexw@contoso.com", "Alex Wilber", ELSEWHERE),
    Finding("own_account", "diegos@contoso.com", "Diego Siciliani"),
)


def found(*findings: Finding, n: int = 0, **changed: object) -> Message:
    whole = replace(request(many(n), "looking_up", findings=findings, view=0), **changed)  # type: ignore[arg-type]  # keywords on purpose
    return answers.findings(whole, PLACE)


def test_a_command_taken_is_given_its_id_and_where_it_goes_on() -> None:
    assert answers.taken(ID, 3, PLACE).text == (
        "Got it: 3 users, CS-4K7Q. Looking them up in Entra; the request appears in <#C0APPROVE>."
    )


def test_a_waiting_request_is_linked() -> None:
    expected = f"CS-4K7Q is waiting for approval: {LINK}. I'll mention you in its thread."
    assert answers.waiting(request(), PLACE).text == expected
    without = answers.waiting(request(), replace(PLACE, team_url="")).text
    assert "waiting for approval in <#C0APPROVE>." in without


@pytest.mark.parametrize(
    "message",
    [
        answers.gave_up(COMMAND),
        answers.not_in_channel(PLACE, COMMAND),
        answers.not_recorded(COMMAND),
        answers.cannot_tell(COMMAND),
        answers.unreadable([Problem("no_users")], COMMAND),
    ],
)
def test_a_command_that_failed_comes_back_to_be_sent_again(message: Message) -> None:
    assert ECHO in words_of(message)
    assert faults(message) == []


def test_everything_unreadable_is_told_at_once() -> None:
    problems = [
        Problem("unreadable", "adelev@contoso,com"),
        Problem("no_users"),
        Problem("id_in_reason", "x@contoso.com", 1),
        Problem("too_many", count=513),
        Problem("no_reason"),
        Problem("reason_too_long", count=1812),
    ]
    assert answers.unreadable(problems, COMMAND).text.split("\n") == [
        "I can't read `adelev@contoso,com` as an id.",
        "No users given.",
        "Put the ids first, then the reason: I found an id inside the reason, `x@contoso.com`.",
        "513 users are too many; at most 500 a request.",
        "Please add a reason; approvers and auditors need it.",
        "The reason has 1,812 characters; at most 1,500 fit.",
        "Nothing was asked for.",
        "Example: `/confirm-safe adelev@contoso.com VPN exit moved to Oslo`",
    ]


def test_five_hundred_unreadable_words_still_fit() -> None:
    message = answers.unreadable([Problem("unreadable", "<&`" * 300)] * 500, "<" * 9000)
    assert faults(message) == []
    assert "And 490 more." in message.text


def test_what_was_found_is_told_by_kind_with_a_choice() -> None:
    message = found(*PROBLEMS, n=144)
    assert seen(message.text).split("\n") == [
        "I read 150 users. 144 can be asked for.",
        "No longer at risk: 1 (Megan Bowen).",
        "Already confirmed safe: 1 (Lynne Robbins).",
        "Entra doesn't know: 1, `adelve@contoso.com`: check the spelling or use the object id.",
        "`jonis@contoso.com` is a deleted account; Entra can't confirm deleted users.",
        (
            f"Already in {LINK.replace('|open', '|CS-9F3M')}, asked by <@U0LYNNE> at {date(NOON)}, not ended yet: "
            "1 (Alex Wilber)."
        ),
        "You can't ask for your own account. Ask a colleague, or #identity-help.",
        "Nothing was asked for yet.",
    ]
    others = buttons_of(message)["ask_others"]
    assert (others["text"]["text"], others["value"], others["style"]) == (
        "Ask for the other 144",
        "CS-4K7Q.0",
        "primary",
    )
    assert others["accessibility_label"] == "Ask for the other 144 CS-4K7Q, 144 users"
    assert buttons_of(message)["drop"]["text"]["text"] == "Drop it"


def test_the_corrected_command_holds_who_is_left_as_they_were_typed() -> None:
    typed = ("ADELE@contoso.com", "id-of-alex@contoso.com", "typo@contoso.com")
    left = (target(), target("Alex Wilber"), target("Lynne Robbins"))
    message = found(PROBLEMS[2], targets=left, entries=typed)
    ids = "ADELE@contoso.com, id-of-alex@contoso.com, lynne@contoso.com"
    assert f"Corrected: `/confirm-safe {ids} VPN exit moved to Oslo`" in words_of(message)


def test_a_long_corrected_command_comes_in_parts() -> None:
    message = found(PROBLEMS[2], n=400)
    assert faults(message) == []
    assert "Corrected: `/confirm-safe user0@contoso.com" in words_of(message)


def test_if_nobody_can_be_asked_for_there_is_no_button() -> None:
    message = found(PROBLEMS[2], PROBLEMS[3])
    assert buttons_of(message) == {}
    assert message.text.startswith("I read 2 users. None can be asked for.")
    assert message.text.endswith("Nothing was asked for.")


def test_if_nobody_is_at_risk_another_cause_is_named() -> None:
    assert found(*GONE).text == (
        "None of the 3 users is at risk in Entra now, so there is nothing to confirm. If someone is still blocked, "
        "look for another cause: sign-in risk or a Conditional Access policy."
    )
    assert found(GONE[0]).text.startswith("The user is not at risk in Entra now, so")


def test_without_an_e_mail_in_slack_nothing_is_asked_for_and_it_is_said_why() -> None:
    text = refusals.no_email_to_ask(PLACE).text
    assert "your Slack profile shows no e-mail address" in text
    assert "Nothing was asked for. #identity-help can sort it out." in text


def test_a_mention_without_an_e_mail_is_named_as_a_person() -> None:
    text = found(Finding("no_email", "<@U0NOMAIL>")).text
    assert "Slack shows no e-mail address for <@U0NOMAIL>: use the UPN or object id." in text


def test_what_stands_among_the_ids_and_is_none_is_named_beside_the_rest() -> None:
    text = found(Finding("unreadable", "adelev@contoso,com"), n=3).text
    assert text.split("\n")[:2] == [
        "I read 4 users. 3 can be asked for.",
        "I can't read `adelev@contoso,com` as an id.",
    ]


def test_whoever_asked_reads_who_was_left_out() -> None:
    left = (*GONE, Finding("already_safe", "lynner@contoso.com", "Lynne Robbins"))
    text = seen(answers.waiting(request(left_out=left), PLACE).text)
    assert text.endswith(
        "Left out, no longer at risk: 3 (User 0, User 1, User 2); already confirmed safe: 1 (Lynne Robbins)."
    )


def test_a_long_command_comes_back_in_parts_that_make_it_whole() -> None:
    command = "/confirm-safe " + " ".join(f"someone.number{n:03}@contoso.com" for n in range(200)) + " VPN & more"
    message = answers.not_recorded(command)
    assert faults(message) == []
    parts = re.findall("`([^`]*)`", words_of(message))
    assert html.unescape(" ".join(parts)) == command
    assert "these 3 parts make one command" in words_of(message)


@pytest.mark.timeout(10)
def test_the_longest_command_is_given_back_before_anybody_notices() -> None:
    for piece in ("a ", "<", "a" * 100 + " "):
        assert faults(answers.not_recorded(piece * (1024 * 1024 // len(piece)))) == []


def test_a_command_that_cannot_come_back_whole_is_said_to_be_cut() -> None:
    message = answers.not_recorded("/confirm-safe " + " ".join(["<" * 60] * 500))
    assert faults(message) == []
    assert "It is too long to be repeated whole (30,513 characters)" in words_of(message)


@pytest.mark.parametrize("typed", ["<" * 300, "`" * 300, "&" * 300, "x" * 300, "\u202e"])
def test_slack_takes_any_findings(typed: str) -> None:
    every = tuple(replace(one, entry=typed, name=typed) for one in PROBLEMS * 80)
    others = [replace(ELSEWHERE, request_id=RequestId(f"CS-{n:04}")) for n in range(20)]
    elsewhere = tuple(Finding("open_elsewhere", typed, typed, other) for other in others)
    assert faults(found(*every[:480], n=20)) == []
    assert faults(found(*elsewhere)) == []
    assert "And in 17 more requests." in found(*elsewhere).text


def test_the_help_lists_what_there_is_and_says_whether_one_may_approve() -> None:
    text = answers.help_text(PLACE, may_ask=False, may_approve=False).text
    assert "`/confirm-safe adelev@contoso.com, &lt;object id&gt; why` asks" in text
    assert "`/confirm-safe withdraw CS-4K7Q` takes it back" in text
    assert "`/confirm-safe mine` what you asked for · `list` what is open · `status CS-4K7Q` how it stands" in text
    assert "`/confirm-safe rehearse adelev@contoso.com why` plays it all for practice and changes nothing" in text
    assert "You may ask: no (members of <#C0APPROVE> can)." in text
    assert "You may approve: no (<!subteam^S0SOC>, <@U0MEGAN> can). Questions: #identity-help" in text
    assert "You may approve: yes" in answers.help_text(PLACE, may_ask=True, may_approve=True).text
    unknown = answers.help_text(PLACE, may_ask=None, may_approve=None).text
    assert "You may ask: I can't tell just now. You may approve: I can't tell just now." in unknown


def test_a_bad_channel_is_told_with_the_cause() -> None:
    shared = answers.bad_channel(PLACE, "shared").text
    assert "is shared with another organisation, so nothing was asked for. #identity-help has to look." in shared
    assert "is archived, so" in answers.bad_channel(PLACE, "archived").text
    assert "`/invite @confirm-safe`" in answers.not_in_channel(PLACE, COMMAND).text


def test_nothing_was_recorded_is_never_said_where_it_is_not_known() -> None:
    assert "nothing was recorded" in answers.not_recorded(COMMAND).text
    assert "nothing was recorded" in answers.click_not_recorded().text
    for unknown in (answers.cannot_tell(COMMAND).text, answers.click_cannot_tell().text):
        assert unknown.startswith("I can't tell yet whether this was recorded; `/confirm-safe mine` will show it.")


def test_a_bug_says_whether_the_request_lives_and_gives_a_reference() -> None:
    assert answers.unexpected("R-7", PLACE, "nothing").text == (
        "Something went wrong on my side (reference R-7). Nothing was recorded. "
        "If it stays so, give #identity-help the reference."
    )
    assert "Your request CS-4K7Q is recorded and continues." in answers.unexpected("R-7", PLACE, ID).text
    assert "I can't tell yet whether this was recorded" in answers.unexpected("R-7", PLACE, "unknown").text


def test_limits_and_missing_rights_say_what_to_do() -> None:
    assert answers.limit(Limited("requests", 20, NOON), PLACE).text == (
        "You have asked 20 times in the last hour, which is the limit. "
        f"Next possible at {date(NOON)}, or ask #identity-help."
    )
    assert answers.not_ready("it may not read risky users yet.", PLACE).text == (
        "The bot isn't ready: it may not read risky users yet. Nothing was asked for. #identity-help has to look."
    )
    rest = "I keep trying and will send you a direct message. Nothing to do."
    limited = answers.slow(3, is_limited=True).text
    assert limited == f"Still looking up 3 users: Entra is limiting requests. {rest}"
    assert answers.slow(1, is_limited=False).text == f"Still looking up 1 user. {rest}"


def test_a_choice_made_is_confirmed() -> None:
    assert answers.asked_for_others(request(many(2)), PLACE).text == (
        "CS-4K7Q now asks for the other 2 users; the request appears in <#C0APPROVE>."
    )
    assert answers.dropped(request()).text == "CS-4K7Q was dropped: nothing was asked for."


def test_who_may_not_approve_reads_who_can_and_when_it_was_checked() -> None:
    text = refusals.not_approver(request(), PLACE, NOON, "R-7").text
    assert text == (
        f"You can't approve CS-4K7Q: you aren't on the approvers list, checked at {date(NOON)}. "
        "These people can: <!subteam^S0SOC>, <@U0MEGAN>. Just added? Click again. "
        "Think it's wrong? #identity-help, reference R-7."
    )


def test_each_refusal_says_what_it_is_about() -> None:
    people = "<!subteam^S0SOC>, <@U0MEGAN> can."
    assert refusals.own_request(request(), PLACE).text == (
        f"You asked for this, so someone else has to approve it. {people} "
        "You can withdraw it: `/confirm-safe withdraw CS-4K7Q`."
    )
    assert refusals.only_asker_withdraws(request()).text == (
        "Only <@U0DIEGO> can withdraw it; approvers can deny it."
    )
    assert refusals.own_account(PLACE).text.endswith(f"so you can't decide on it. {people}")
    assert "Slack isn't answering. Your click was *not* counted" in refusals.could_not_check().text
    assert "#identity-help can sort it out." in refusals.no_email(PLACE).text
    assert refusals.not_member().text == "Only full members of this workspace can use this."
    assert refusals.may_not_ask(PLACE).text.endswith("Members of <#C0APPROVE> can.")
    assert "Your click was not counted." in refusals.old_view(request(), 1).text
    assert "nothing was recorded" in refusals.not_yet_shown().text
    assert refusals.unknown_request().text.endswith("Use the newest message, or `/confirm-safe list`.")
    assert refusals.deny_only_approvers().text.startswith("Only approvers can deny.")
    text = refusals.own_request_denied(PLACE).text
    assert text == f"You asked for this, so someone else has to decide it. {people}"


def test_who_may_ask_instead_is_named_as_it_was_set() -> None:
    assert refusals.may_not_ask(PLACE).text == "You can't ask for confirmations. Members of <#C0APPROVE> can."
    narrow = replace(PLACE, requesters=("S0SOC", "U0MEGAN"))
    assert refusals.may_not_ask(narrow).text == ("You can't ask for confirmations. <!subteam^S0SOC>, <@U0MEGAN> can.")


@pytest.mark.parametrize("state", get_args(State))
def test_a_click_that_came_too_late_is_told_what_was_decided(state: State) -> None:
    message = refusals.decided(request(state=state))
    told = {
        "denied": f"<@U0MEGAN> denied it at {date(NOON)}, so your click changed nothing.",
        "stopped": "Somebody stopped it, so your click changed nothing.",
        "withdrawn": "<@U0DIEGO> withdrew it, so your click changed nothing.",
        "looking_up": "This request is still being looked up, so your click changed nothing.",
        "not_asked": "This was not asked for in the end, so your click changed nothing.",
    }
    if state == "expired":
        assert message.text.endswith("Use Ask again.")
    elif state == "pending":
        assert "waiting for a decision again" in message.text
    else:
        approved = f"<@U0MEGAN> approved it at {date(NOON)}, so your click changed nothing."
        assert message.text == told.get(state, approved)
    assert faults(message) == []
