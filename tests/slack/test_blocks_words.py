"""Somebody else's words: they show as typed, touch nothing around them and ping nobody."""

import html
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.ids import ChannelId, MessageTs, ObjectId
from bot.slack.blocks import words
from bot.slack.blocks.approval import approval_message
from bot.slack.blocks.place import Place
from bot.slack.blocks.thread import ended
from tests.slack.made import ANCHOR, NOON, PLACE, faults, request, seen, target, texts_of, words_of

NASTY = st.text(
    alphabet=st.one_of(st.sampled_from("<>&@!#*_~`:|^\u202e\u2066\u2069\n\r\x00 ab"), st.characters()),
    min_size=1,
    max_size=60,
)
_OURS = re.compile(
    r"<@U0[A-Z]+>|<!subteam\^S0[A-Z]+>|<!date\^\d+\^\{time} \{date_short_pretty}\|[-0-9: UTC]+>"
    r"|<https://entra\.microsoft\.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/"
    r"[^<>|/]+\|Open in Entra>"
)

# A busy machine makes an example slow, which says nothing about names.
UNHURRIED = settings(deadline=None)


def as_typed(text: str) -> str:
    """What is left of typed words once what can't be seen is gone and white space is one space."""
    bidi = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    lines = text.replace("\r", "\n")
    kept = (c for c in lines if c in "\n\t" or not (unicodedata.category(c) in {"Cc", "Cs"} or c in bidi))
    return " ".join("".join(kept).split())


@UNHURRIED
@given(NASTY)
def test_any_name_reads_back_as_it_was_typed(name: str) -> None:
    shown = words.isolate(name, 1000)
    assert html.unescape(shown[1:-1]).replace("\u2060", "") == as_typed(name).replace("\u2060", "")
    assert (shown[0], shown[-1]) == ("\u2068", "\u2069")


@UNHURRIED
@given(NASTY, NASTY, NASTY)
def test_no_name_upn_or_reason_pings_anybody_or_becomes_markup(name: str, upn: str, reason: str) -> None:
    for state in ("pending", "sent", "expired"):
        message = approval_message(request((target(name + "x", upn),), state, reason=reason), PLACE)
        assert faults(message) == []
        for text in texts_of(message.blocks):
            if text["type"] == "mrkdwn":
                assert text["verbatim"] is True
                assert "<" not in _OURS.sub("", text["text"])
            else:
                assert text["emoji"] is False
        assert "<" not in message.text


@UNHURRIED
@given(NASTY)
def test_a_reason_shows_as_typed_in_plain_text(reason: str) -> None:
    message = approval_message(request(reason=reason), PLACE)
    shown = next(str(t["text"]) for t in texts_of(message.blocks) if str(t["text"]).startswith("Reason: "))
    assert " ".join(shown.removeprefix("Reason: ").split()) == as_typed(reason)


@UNHURRIED
@given(NASTY)
def test_no_name_breaks_an_outcome(name: str) -> None:
    message = ended(request((target(name, progress="unchanged"),), "not_confirmed"), PLACE, NOON, ANCHOR)
    assert faults(message) == []
    assert "<" not in _OURS.sub("", message.text)


@UNHURRIED
@given(st.text(max_size=200), st.integers(min_value=14, max_value=300))
def test_what_is_too_long_is_cut_between_entities(text: str, room: int) -> None:
    shown = words.isolate("&<>" + text, room)
    assert len(shown) <= room
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)


@pytest.mark.parametrize("name", ["*bold*", "_x_", "~gone~", "`code`", ":smile:", "a *b* c", "*"])
def test_slacks_marks_in_a_name_stay_marks(name: str) -> None:
    shown = words.isolate(name)
    assert seen(shown) == name
    assert not re.search(r"(?<!\u2060)[*_~`]|(?<!\u2060):(?=[a-z]+:)", shown)


@pytest.mark.parametrize("upn", ["adele_vance@contoso.com", "a.b-c_d@contoso.com", "x~y@contoso.com"])
def test_marks_inside_a_word_are_left_so_that_it_can_be_copied(upn: str) -> None:
    assert words.isolate(upn) == f"\u2068{upn}\u2069"


def test_a_name_that_runs_backwards_can_not_turn_our_words_round() -> None:
    assert words.isolate("\u202eAdele\u2069 Vance") == "\u2068Adele Vance\u2069"
    assert words.isolate("עדל ואנס") == "\u2068עדל ואנס\u2069"


def test_a_name_that_can_not_be_seen_gives_way_to_the_upn_and_that_to_the_id() -> None:
    head = "Confirm adele@contoso.com safe?"
    assert head in words_of(approval_message(request((target("\u202e ", "adele@contoso.com"),)), PLACE))
    assert "Confirm id-of-" in words_of(approval_message(request((target("\x00", "\x01"),)), PLACE))


def test_code_can_not_be_left_by_a_backtick_and_keeps_to_one_line() -> None:
    assert words.code("/confirm-safe `x`\n<y> & z") == "`/confirm-safe 'x' &lt;y&gt; &amp; z`"


def test_a_long_command_is_shortened_and_shows_it() -> None:
    shown = words.code("&" * 4000)
    assert len(shown) <= words.MAX_ECHO
    assert shown.endswith("…`")


def test_a_time_is_the_readers_own_and_utc_where_that_can_not_be_drawn() -> None:
    oslo = datetime(2026, 3, 4, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    assert words.date(oslo) == "<!date^1772625600^{time} {date_short_pretty}|2026-03-04 12:00 UTC>"
    assert words.date(oslo) == words.date(datetime(2026, 3, 4, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize(("n", "told"), [(1, "1 user"), (3, "3 users"), (0, "0 users"), (1500, "1,500 users")])
def test_users_are_counted_as_people_count(n: int, told: str) -> None:
    assert words.users(n) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (3600, "an hour"),
        (7200, "2 hours"),
        (60, "a minute"),
        (5400, "90 minutes"),
        (86400, "a day"),
        (5, "5 seconds"),
    ],
)
def test_a_duration_is_told_in_its_largest_whole_unit(seconds: int, told: str) -> None:
    assert words.span(timedelta(seconds=seconds)) == told


def at(**changed: object) -> Place:
    fields = {"approvers": ("S0SOC",), "requesters": (), "channel": ChannelId("C0APPROVE"), "help": "", **changed}
    return Place(**fields)  # type: ignore[arg-type]  # made of keywords on purpose


def test_up_to_five_approvers_are_mentioned_and_then_counted() -> None:
    assert words.approvers(at(approvers=("S0SOC", "U0A", "W0B"))) == "<!subteam^S0SOC>, <@U0A>, <@W0B>"
    seven = tuple(f"U{n}" for n in range(7))
    assert words.approvers(at(approvers=seven)) == "<@U0>, <@U1>, <@U2>, <@U3>, <@U4> and 2 more"
    assert seen(words.approvers(at(approvers=("<!here>",)))) == "&lt;!here&gt;"
    assert words.approvers(at(approvers=())) == "the approvers"


def test_without_a_contact_people_turn_to_whoever_runs_the_bot() -> None:
    assert (words.help_of(at()), words.help_first(at())) == ("whoever runs this bot", "Whoever runs this bot")
    assert words.help_of(at(help="#identity-help")) == words.help_first(at(help="#identity-help")) == "#identity-help"


def test_a_link_needs_an_address_and_a_message() -> None:
    place, channel, ts = at(team_url="https://contoso.slack.com/"), ChannelId("C0A"), MessageTs("17.0001")
    assert words.link(place, channel, ts, "open") == "<https://contoso.slack.com/archives/C0A/p170001|open>"
    assert words.link(at(), channel, ts, "open") == ""
    assert words.link(place, channel, None, "open") == ""
    assert words.link(place, None, ts, "open") == ""


def test_one_user_is_opened_in_entra_and_of_several_the_list() -> None:
    assert words.in_entra(PLACE, [ObjectId("5a0c")]) == (
        "<https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/"
        "userId/5a0c|Open in Entra>"
    )
    gov = replace(PLACE, admin_url="https://entra.microsoft.us")
    assert words.in_entra(gov, [ObjectId("a"), ObjectId("b")]) == (
        "<https://entra.microsoft.us/#view/Microsoft_AAD_IAM/IdentityProtectionMenuBlade/~/RiskyUsers|Open in Entra>"
    )
