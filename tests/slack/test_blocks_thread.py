"""The thread: each outcome told honestly, with its next step and its small print."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any, get_args

import pytest

from bot.core.decisions import Decision
from bot.core.model import Progress, Receipt, State
from bot.slack.blocks import changed, incident, thread
from bot.slack.blocks.message import Message
from bot.slack.blocks.words import date
from tests.slack.made import (
    ANCHOR,
    LINK,
    MEGAN,
    NAMES,
    NOON,
    PLACE,
    far,
    faults,
    many,
    request,
    seen,
    snapshot,
    target,
    words_of,
)

AT = date(NOON)
ACCEPTED_25 = tuple(target(NAMES[n % 3], f"{n}@contoso.com", progress="accepted") for n in range(25))
LIFT = "Blocks based on user risk lift within minutes; if someone is still blocked, ask them to sign out and in."


def ended(*progress: Progress, state: State = "not_confirmed", **changed: Any) -> Message:
    return thread.ended(request(far(*progress), state, **changed), PLACE, NOON, ANCHOR)


def sections(message: Message) -> list[str]:
    return [seen(b["text"]["text"]) for b in message.blocks if b["type"] == "section"]


def small(message: Message) -> str:
    return " / ".join(seen(e["text"]) for b in message.blocks if b["type"] == "context" for e in b["elements"])


def test_accepted_is_not_yet_safe_and_names_users_and_calls() -> None:
    message = thread.accepted(request(far("accepted", "accepted", "accepted"), "sent"), NOON, ANCHOR)
    assert sections(message) == [
        "Entra accepted all 3 users (204 No Content). Checking that the risk is gone, usually a few minutes."
    ]
    expected = "*Adele Vance*, *Alex Wilber*, *Lynne Robbins* / request-id c8a1-204 · 2026-03-04 12:00 UTC · record "
    assert small(message) == expected + "0123456789ab"


def test_of_a_part_accepted_only_that_part_is_named() -> None:
    message = thread.accepted(request(far("accepted", "unknown", "waiting"), "sent"), NOON, ANCHOR)
    assert "Entra accepted 1 of 3 users (204 No Content)." in words_of(message)
    assert "Alex Wilber" not in words_of(message)
    assert "Entra accepted 1 user (204" in thread.accepted(request(far("accepted")), NOON, ANCHOR).text


def test_more_than_twenty_accepted_are_counted() -> None:
    message = thread.accepted(request(ACCEPTED_25, "sent"), NOON, ANCHOR)
    assert small(message).count("*Adele Vance*") == 7
    assert "and 5 more" in small(message)


def test_confirmed_says_when_it_was_read_back_and_what_to_do_for_those_still_blocked() -> None:
    message = ended("confirmed", "confirmed", "confirmed", state="confirmed")
    assert sections(message) == [f"<@U0DIEGO> 3 of 3 confirmed safe, read back at {AT}.", LIFT]
    assert small(message) == "204 No Content · request-id c8a1-204 · 2026-03-04 12:00 UTC · record 0123456789ab"


def test_a_part_not_confirmed_is_named_and_has_to_be_looked_at() -> None:
    result, step = sections(ended("confirmed", "confirmed", "unchanged", state="partly_confirmed"))
    assert result.endswith(f"Not confirmed: *Lynne Robbins* (still at risk at {AT}).")
    assert step.startswith("Look at that account in Entra before you ask again.")


def test_an_unseen_outcome_says_that_entra_can_be_slow() -> None:
    result, step = sections(ended("confirmed", "unseen", state="partly_confirmed"))
    assert "Entra accepted 2 users, but 1 still shows as at risk after 15 minutes: *Alex Wilber*." in result
    assert step.startswith("Check the account in Entra; ask again only if it stays at risk.")


def test_no_effect_at_all_calls_the_approver_too() -> None:
    message = ended("unchanged", "unchanged", "unchanged")
    result, step = sections(message)
    assert result == (
        "<@U0DIEGO> <@U0MEGAN> Entra accepted the request but changed nothing for these 3 users. "
        "They are still at risk."
    )
    assert step == "Confirm them in Entra by hand and tell #identity-help, with the request-id below."
    assert small(message).startswith("204 No Content · request-id c8a1-204 · ")


def test_no_effect_on_some_names_them() -> None:
    result, step = sections(ended("unchanged", "refused"))
    assert "changed nothing for 1 user (*Adele Vance*). They are still at risk." in result
    assert step == "Check the id. Confirm them in Entra by hand and tell #identity-help, with the request-id below."


def test_what_is_not_known_calls_both_and_claims_nothing() -> None:
    result, step = sections(ended("unknown", "unknown", state="unknown"))
    expected = "<@U0DIEGO> <@U0MEGAN> It is not known whether Entra took it for *Adele Vance*, *Alex Wilber*."
    assert result == expected
    assert step == "Check the accounts in Entra before you ask again."


def test_a_refused_user_is_named_with_cause_and_the_others_are_not_dragged_along() -> None:
    result, step = sections(ended("confirmed", "refused", "confirmed", state="partly_confirmed"))
    assert result == (
        f"<@U0DIEGO> 2 of 3 confirmed safe, read back at {AT}. Entra refused 1 user. "
        "*Alex Wilber*: Entra has no such user (ResourceNotFound)."
    )
    assert step == f"Check the id. {LIFT}"


def test_if_all_were_refused_nothing_was_changed() -> None:
    result, step = sections(ended("refused", "refused"))
    assert result.endswith("Entra has no such user (ResourceNotFound). Nothing was changed.")
    assert "Entra refused all 2 users." in result
    assert step == "Check the ids."


@pytest.mark.parametrize(
    ("receipt", "cause", "step"),
    [
        (Receipt(403, "Forbidden"), "refused it (Forbidden)", "#identity-help can look with `python -m bot doctor`"),
        (Receipt(400), "refused it (400)", "Tell #identity-help, with the request-id below."),
        (Receipt(400, "<b>"), "refused it (&lt;b&gt;)", "Tell #identity-help"),
        (Receipt(404), "no such user (404)", "Check the id."),
    ],
)
def test_each_refusal_has_its_own_next_step(receipt: Receipt, cause: str, step: str) -> None:
    refused = request((target(progress="refused", receipt=receipt),), "not_confirmed")
    result, told = sections(thread.ended(refused, PLACE, NOON, ANCHOR))
    assert cause in result
    assert told.startswith(step)


def test_who_was_not_sent_is_named() -> None:
    result, step = sections(ended("confirmed", "not_sent", state="partly_confirmed"))
    assert "1 user was not sent before the approval lapsed: *Alex Wilber*." in result
    assert step.startswith("Ask again for those who were not sent.")


KINDS: tuple[Progress, ...] = tuple(get_args(Progress))


@pytest.mark.parametrize("progress", list(combinations_with_replacement(KINDS, 3)))
def test_nothing_was_changed_is_claimed_only_if_no_call_can_have_been_taken(progress: tuple[Progress, ...]) -> None:
    message = ended(*progress)
    harmless = {"waiting", "practised", "refused", "not_sent", "stopped", "voided", "left_out", "moved", "spared"}
    untouched = set(progress) <= harmless
    assert ("Nothing was changed" in words_of(message)) == untouched
    assert ("confirmed safe" in words_of(message)) == ("confirmed" in progress)
    assert faults(message) == []


@pytest.mark.parametrize("name", ["&" * 256, "*" * 256, "n" * 256, "\ud800", "שלום" * 60])
@pytest.mark.parametrize("times", [1, 3, 60])
def test_slack_takes_every_outcome_however_many_and_long(name: str, times: int) -> None:
    every = tuple(
        target(
            name, f"{n}@contoso.com", progress=one, receipt=Receipt(400, "c" * 300, f"{n}" * 50) if n % 2 else None
        )
        for n, one in enumerate(KINDS * times)
    )
    whole = request(every[:500], "partly_confirmed")
    long = PLACE
    for message in (
        thread.ended(whole, long, NOON, ANCHOR),
        thread.accepted(whole, NOON, ANCHOR),
        thread.denied(request(decision=Decision(MEGAN, NOON, 1, name * 8))),
        incident.line(whole, long),
    ):
        assert faults(message) == []


RIGHT = "IdentityRiskyUser.ReadWrite.All"


@pytest.mark.parametrize(
    ("roles", "why"),
    [
        (None, f"the app lacks {RIGHT} with admin consent, or the tenant has no Entra ID P2. Nothing"),
        (frozenset({RIGHT}), "the permission is there, so most likely the tenant has no Entra ID P2. Nothing"),
        (frozenset({"User.Read.All"}), f"the app lacks {RIGHT} or its admin consent. Nothing"),
    ],
)
def test_a_403_names_only_the_cause_that_fits(roles: frozenset[str] | None, why: str) -> None:
    receipt = Receipt(403, "Forbidden", "c8a1-403", date="Wed, 04 Mar 2026 12:00:00 GMT")
    message = thread.forbidden(request(far("refused", "refused")), PLACE, roles, receipt, ANCHOR)
    result, step = sections(message)
    assert result == f"Entra refused (403): {why} was changed."
    assert step.startswith("#identity-help can fix it and check with `python -m bot doctor`. Then press Ask again.")
    expected = "403 Forbidden · request-id c8a1-403 · Wed, 04 Mar 2026 12:00:00 GMT · record 0123456789ab"
    assert small(message) == expected
    assert faults(message) == []


def test_a_403_after_others_were_taken_speaks_only_of_its_own_users() -> None:
    message = thread.forbidden(request(far("accepted", "refused")), PLACE, None, Receipt(403), ANCHOR)
    assert "Nothing was changed for 1 user." in message.text


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AADSTS7000222", "(AADSTS7000222: its secret has expired)"),
        ("7000215", "(AADSTS7000215: its secret is wrong)"),
        ("AADSTS700016", "(AADSTS700016: the tenant doesn't know the app)"),
        ("AADSTS90002", "(AADSTS90002: the tenant was not found)"),
        ("AADSTS700027", "(AADSTS700027: its certificate has ended or is not the app's)"),
        ("AADSTS700024", "(AADSTS700024: what it signs in with is out of date)"),
        ("AADSTS700213", "(AADSTS700213: the app does not trust its federated token)"),
        ("AADSTS53003", "(AADSTS53003)"),
    ],
)
def test_a_failed_sign_in_says_why_and_until_when_the_approval_keeps(code: str, cause: str) -> None:
    text = thread.sign_in(request(state="approved"), PLACE, code, NOON).text
    assert text.startswith(f"The bot could not sign in to Entra {cause}. Nothing was changed. #identity-help ")
    assert text.endswith(f"Your approval is kept until {AT}; after that, approve again.")


def test_a_credential_that_is_no_use_needs_somebody_to_look() -> None:
    text = thread.sign_in(request(state="approved"), PLACE, "", NOON).text
    assert text.startswith("The bot could not sign in to Entra. Nothing was changed. #identity-help has to look.")


def test_waiting_for_entra_says_until_when_and_that_nothing_is_to_do() -> None:
    rest = (
        f" The approval is safe with me and I keep trying until {AT}. "
        "Nothing to do; approving again doesn't speed it up."
    )
    assert thread.throttled(NOON).text == "Entra is limiting requests for this tenant." + rest
    assert thread.unreachable(NOON).text == "Entra isn't answering." + rest


def test_a_lapse_calls_the_approvers_again() -> None:
    text = thread.lapsed(request(), PLACE).text
    assert text == (
        "<!subteam^S0SOC>, <@U0MEGAN> The request could not be sent to Entra within an hour, so the approval has "
        "lapsed. Nothing was changed. Please look again and approve anew, or confirm the users in Entra by hand."
    )


def test_an_unclear_call_is_told_as_such_with_the_id_to_look_for() -> None:
    message = thread.unclear(request(far("attempted", "attempted")), Receipt(0, client_request_id="our-id"))
    expected = "The connection broke while sending. Reading the users back before anything is sent again."
    assert message.text == expected
    assert small(message) == "client-request-id our-id"
    assert "(503)" in thread.unclear(request(), Receipt(503)).text
    assert thread.unclear(request(), None).text.endswith("Reading the user back before anything is sent again.")


def test_sending_again_says_for_how_many() -> None:
    assert thread.sent_again(2).text == "Sent again for the 2 users who were unchanged."
    assert thread.sent_again(1).text == "Sent again for the user who was unchanged."


def test_a_denial_tells_the_requester_who_and_why() -> None:
    denied = request(many(3), "denied", decision=Decision(MEGAN, NOON, 1, "Call *her* first"))
    message = thread.denied(denied)
    assert message.text == "<@U0DIEGO> Denied by <@U0MEGAN>. The 3 users stay at risk."
    assert message.blocks[1]["text"] == {"type": "plain_text", "text": "Reason: Call *her* first", "emoji": False}
    assert len(thread.denied(request(state="denied")).blocks) == 1


def test_an_expiry_tells_the_requester_what_to_press() -> None:
    assert thread.expired(request(state="expired")).text == (
        f"<@U0DIEGO> Nobody decided by {date(NOON + timedelta(hours=8))}. The user stays at risk. "
        "Press Ask again if it is still needed."
    )


@pytest.mark.parametrize(
    ("state", "progress", "standing"),
    [
        ("pending", "waiting", "waiting"),
        ("approved", "waiting", "approved by <@U0MEGAN>"),
        ("sent", "accepted", "approved by <@U0MEGAN>"),
        ("denied", "waiting", "denied by <@U0MEGAN>"),
        ("expired", "waiting", "expired: nobody decided"),
        ("confirmed", "confirmed", "2 of 2 confirmed safe"),
        ("not_confirmed", "unchanged", "not confirmed"),
        ("accepted_unseen", "unseen", "accepted, not visible yet"),
        ("unknown", "unknown", "not known"),
        ("not_asked", "waiting", "not asked"),
    ],
)
def test_the_incident_line_says_how_far_it_is_and_names_no_user(
    state: State, progress: Progress, standing: str
) -> None:
    whole = request(far(progress, progress), state)
    line, end = incident.line(whole, PLACE), incident.end(whole, PLACE)
    assert line.text == f"CS-4K7Q · <@U0DIEGO> asks to confirm 2 users safe (2 High) · {standing} · {LINK}"
    assert end.text == f"CS-4K7Q · 2 users · {standing} · {LINK}"
    assert "Adele" not in words_of(line) + words_of(end)
    assert faults(line) + faults(end) == []


def test_the_incident_line_counts_no_risk_that_is_none() -> None:
    whole = request((target(level="none"),), ts=None)
    assert incident.line(whole, PLACE).text == "CS-4K7Q · <@U0DIEGO> asks to confirm 1 user safe · waiting"


def test_the_drift_names_who_rose_and_where_they_are_asked_for_now() -> None:
    shown = far("accepted", "moved", "left_out", "accepted")
    rose = replace(shown[1], was=snapshot(level="medium"))
    whole = request((shown[0], rose, *shown[2:]), "sent")
    text = changed.set_aside(whole, PLACE, [shown[1].user_id], "CS-4K8R").text
    assert seen(text) == (
        "<!subteam^S0SOC>, <@U0MEGAN> 1 of 4 changed before sending: *Alex Wilber*, Medium → High. 2 users go on. "
        "This one is now CS-4K8R, for a new approval. 1 user was left out, no longer at risk: *Lynne Robbins*."
    )


def test_if_all_drifted_the_same_request_needs_a_new_approval() -> None:
    rose = replace(target(), was=snapshot(level="low"))
    text = changed.drifted(request((rose,), "pending", reopened="drifted"), PLACE).text
    assert seen(text) == (
        "<!subteam^S0SOC>, <@U0MEGAN> The risk rose before sending: *Adele Vance*, Low → High. "
        "Nothing was sent. "
        "CS-4K7Q needs a new approval."
    )


def test_a_void_approval_is_told_in_the_open() -> None:
    whole = request(reopened="voided", last_decision=Decision(MEGAN, NOON, 1))
    assert changed.voided(whole, PLACE).text == (
        "<!subteam^S0SOC>, <@U0MEGAN> The approval by <@U0MEGAN> no longer counts: their own Entra account is at "
        "risk. Nothing was sent. CS-4K7Q needs another approval."
    )


def test_who_is_at_risk_again_is_a_new_case_for_both_who_asked_and_who_approved() -> None:
    result, step = sections(ended("confirmed", "risky_again", state="partly_confirmed"))
    assert "<@U0DIEGO> <@U0MEGAN>" in result
    assert "Entra accepted it, and *Alex Wilber* is at risk again." in result
    assert step.startswith("Treat it as a new case. Do not ask again before you have looked.")
