"""A decision that is contested: in the thread, on the message, in the incident channels."""

from dataclasses import replace

from bot.core.reasons import Reason
from bot.slack.blocks import alert, changed, details, incident, standing
from bot.slack.blocks.approval import approval_message
from tests.slack.made import ANCHOR, NOON, PLACE, far, faults, faults_in, many, request, seen, snapshot, words_of

LEAKED = (Reason("leakedCredentials", NOON), Reason("newCountry", NOON), Reason("x", NOON))


def test_the_thread_names_who_is_at_risk_again_and_why_and_calls_those_who_decided() -> None:
    one = replace(far("confirmed")[0], recurred=snapshot(), recurred_why=LEAKED)
    message = changed.recurred(request((one,), "confirmed"), [one.user_id])
    told = seen(message.text)
    assert told.startswith("<@U0DIEGO> <@U0MEGAN> *Adele Vance* was confirmed safe at <!date")
    assert "and is at risk again: Leaked credentials, <!date" in told
    assert " and 1 more. Treat it as a new case. Do not ask again before you have looked." in told
    assert words_of(message).endswith("This decision is marked as contested.")


def test_of_many_the_first_are_named_and_without_reasons_none_is_made_up() -> None:
    several = tuple(replace(t, progress="confirmed", recurred=t.shown) for t in many(500))
    whole = request(several, "confirmed")
    message = changed.recurred(whole, [t.user_id for t in several])
    assert faults(message) == []
    assert "And 496 more: see Details of CS-4K7Q. Treat them as new cases." in message.text
    assert "is at risk again." in message.text
    shown = approval_message(whole, PLACE)
    assert faults(shown) == []
    assert "Contested: 500 users are at risk again, see its thread." in words_of(shown)


def test_the_incident_channels_hear_it_without_names() -> None:
    one = replace(far("confirmed")[0], recurred=snapshot())
    whole = request((one, far("confirmed", "confirmed")[1]), "confirmed")
    assert "confirmed safe · 1 at risk again · " in incident.line(whole, PLACE).text
    post = incident.contested(whole, PLACE).text
    assert post.startswith("CS-4K7Q · 2 users · 1 at risk again after they were confirmed safe · ")
    assert "Adele" not in post


def test_status_lists_details_and_the_alerts_thread_say_so_too_and_who_it_is() -> None:
    one = replace(far("confirmed")[0], recurred=snapshot(), recurred_why=LEAKED)
    whole = request((one, far("confirmed", "confirmed")[1]), "confirmed")
    assert "Contested: 1 user at risk again." in standing.status(whole, PLACE).text
    assert " · contested: 1 user at risk again · " in standing.line(whole, PLACE)
    view = details.window(whole, PLACE, [], ANCHOR)
    assert faults_in(view) == []
    adele, alex = (b["text"]["text"] for b in view["blocks"] if "Open in Entra" in str(b))
    assert " · *At risk again*, read at <!date" in adele
    assert ": Leaked credentials, <!date" in adele
    assert "again" not in alex
    line = alert.line(whole, PLACE).text
    assert " · 1 at risk again · " in line
    assert "Adele" not in line
