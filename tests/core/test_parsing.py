"""What people type and paste, and what is made of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.inquiries import Form, Help, Withdraw
from bot.core.model import MAX_USERS
from bot.core.parsing import MAX_REASON, MAX_TEXT, Ask, Entry, is_rehearsal, parse
from bot.core.problems import Problem

ADELE, ALEX = "adelev@contoso.com", "alexw@contoso.com"
GUID = "5a0c76d2-cb57-4ece-9bc1-c323178f116a"
OTHER_GUID = "96609214-09ef-4f80-9d4a-ace5fceecaec"
GUEST = "alex_fabrikam.com#EXT#@contoso.onmicrosoft.com"
WHY = "VPN exit moved to Oslo"


def asked(text: str) -> tuple[list[str], str]:
    """Return the values and the reason of a command that must be fine."""
    ask = parse(text)
    assert isinstance(ask, Ask), ask
    return [entry.value for entry in ask.entries], ask.reason


def wrong(text: str) -> list[tuple[str, str]]:
    """Return kind and entry of every problem of a command that must not be fine."""
    problems = parse(text)
    assert isinstance(problems, tuple), problems
    return [(problem.kind, problem.entry) for problem in problems]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b"])
def test_nothing_at_all_asks_for_the_form(text: str) -> None:
    assert parse(text) == Form()


@pytest.mark.parametrize("text", ["help", "HELP", " Help ", "help me", "?", "--help"])
def test_help_alone_asks_for_help(text: str) -> None:
    assert parse(text) == Help()


def test_help_with_more_behind_it_is_no_cry_for_help() -> None:
    assert wrong("help us") == [("no_users", "")]


@pytest.mark.parametrize(
    "text", [f"rehearse {ADELE} {WHY}", f"  Rehearse\n{ADELE} {WHY}", f"\u200brehearse: {ADELE} {WHY}"]
)
def test_rehearse_before_the_ids_asks_for_a_rehearsal(text: str) -> None:
    assert parse(text) == Ask((Entry("upn", ADELE, ADELE),), WHY, is_rehearsal=True)
    assert is_rehearsal(text)


@pytest.mark.parametrize("text", [f"{ADELE} rehearse it", f"rehearse@contoso.com {WHY}", f"{ADELE} {WHY}", "help"])
def test_anywhere_else_the_word_means_nothing(text: str) -> None:
    assert not is_rehearsal(text)
    read = parse(text)
    assert not (isinstance(read, Ask) and read.is_rehearsal)


def test_a_rehearsal_without_ids_or_a_reason_is_no_cry_for_help() -> None:
    assert wrong("rehearse") == [("no_users", ""), ("no_reason", "")]
    assert wrong(f"rehearse {ADELE}") == [("no_reason", "")]
    assert is_rehearsal("rehearse")


@pytest.mark.parametrize("text", ["rehearse help", "Rehearse ?", "rehearse --help"])
def test_a_cry_for_help_with_rehearsing_is_heard(text: str) -> None:
    assert parse(text) == Help()


@pytest.mark.parametrize("text", ["rehearse withdraw", "rehearse withdraw CS-4K7Q", "rehearse cancel cs-4k7q"])
def test_who_withdraws_a_rehearsal_by_the_wrong_words_is_asked_and_nothing_real_is_withdrawn(text: str) -> None:
    assert parse(text) == Withdraw("")


def test_one_user_and_a_reason() -> None:
    assert parse(f"{ADELE} {WHY}") == Ask((Entry("upn", ADELE, ADELE),), WHY)


def test_ids_are_compared_in_lower_case_and_echoed_as_typed() -> None:
    ask = parse(f"AdeleV@Contoso.com {GUID.upper()} {WHY}")
    assert ask == Ask(
        (Entry("upn", ADELE, "AdeleV@Contoso.com"), Entry("id", GUID, GUID.upper())),
        WHY,
    )


@pytest.mark.parametrize(
    "between",
    [
        *(" ", ",", ", ", ";", "; ", "\n", "\r\n", " and ", ", and ", " AND ", " or ", "\t", ",,;", " & ", "\n- "),
        *("\n• ", "\n2. ", "\n> ", " | ", " / ", "，", "、"),
    ],
)
def test_anything_people_put_between_ids_separates_them(between: str) -> None:
    assert asked(f"{ADELE}{between}{GUID} {WHY}") == ([ADELE, GUID], WHY)


@pytest.mark.parametrize(
    "pasted",
    [
        f"Adele Vance <{ADELE}>; Alex Wilber <{ALEX}>",
        f"Adele Vance &lt;{ADELE}&gt;; Alex Wilber &lt;{ALEX}&gt;",
        f"Adele Vance &lt;<mailto:{ADELE}|{ADELE}>&gt;; Alex Wilber &lt;<mailto:{ALEX}|{ALEX}>&gt;",
        f'"Vance, Adele" <{ADELE}>; "Wilber, Alex" <{ALEX}>',
        f"“Vance, Adele” <{ADELE}>; “Wilber, Alex” <{ALEX}>",
        f"Vance, Adele <{ADELE}>; Wilber, Alex (IT) <{ALEX}>;",
        f"Adele van der Vance <{ADELE}>, Alex Wilber <{ALEX}>",
        f"Adele Vance <{ADELE}>\nAlex Wilber <{ALEX}>\n",
        f"Adele Vance <{ADELE}> and Alex Wilber <{ALEX}>",
        f'"{ADELE}" <{ADELE}>; <{ALEX}>',
        f"<mailto:{ADELE}|{ADELE}> <mailto:{ALEX}|{ALEX}>",
        f"<mailto:{ADELE}> <mailto:{ALEX}>",
        f"Adele Vance ({ADELE}), Alex Wilber ({ALEX})",
        f"1. {ADELE}\n2. {ALEX}",
        "adelev@<http://contoso.com|contoso.com>, alexw@<http://contoso.com|contoso.com>",
    ],
)
def test_addresses_as_outlook_and_slack_paste_them(pasted: str) -> None:
    assert asked(f"{pasted} {WHY}") == ([ADELE, ALEX], WHY)


@pytest.mark.parametrize(
    "typed",
    [f"({ADELE})", f"'{ADELE}'", f'"{ADELE}"', f"`{ADELE}`", f"{ADELE}.", f"{ADELE}:", f"<{ADELE}>", f"*{ADELE}*"],
)
def test_wrapping_and_trailing_punctuation_is_not_part_of_an_id(typed: str) -> None:
    assert asked(f"{typed} {WHY}") == ([ADELE], WHY)


def test_a_guid_may_come_in_braces_and_with_typographic_hyphens() -> None:
    assert asked(f"{{{GUID}}} {WHY}") == ([GUID], WHY)
    assert asked(f"{GUID.replace('-', chr(0x2011))} {WHY}") == ([GUID], WHY)


@pytest.mark.parametrize(
    "upn", [GUEST, "o'brien@contoso.com", "$ops@contoso.com", "a+b@contoso.co.uk", "jürgen@contoso.com"]
)
def test_unusual_addresses_are_read(upn: str) -> None:
    assert asked(f"{upn} {WHY}") == ([upn.lower()], WHY)


def test_a_phones_apostrophe_is_a_plain_one() -> None:
    assert asked(f"o’brien@contoso.com {WHY}") == (["o'brien@contoso.com"], WHY)


@pytest.mark.parametrize("mention", ["<@U0ADELE>", "<@U0ADELE|adele>", "<@U0ADELE|Adele Vance>"])
def test_a_mention_is_a_user(mention: str) -> None:
    assert parse(f"{mention} {WHY}") == Ask((Entry("mention", "U0ADELE", "<@U0ADELE>"),), WHY)


def test_duplicates_count_once_whatever_their_case() -> None:
    assert asked(f"{ADELE}, {ADELE.upper()} {GUID} {GUID.upper()} <@U1> <@U1|x> {WHY}") == ([ADELE, GUID, "U1"], WHY)


@pytest.mark.parametrize("reason", ["and then the VPN moved", "And so on", "andrew says so", "and <not an id>"])
def test_and_may_begin_the_reason(reason: str) -> None:
    assert asked(f"{ADELE} {reason}") == ([ADELE], reason)


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        ("  VPN \n exit\r\n\n moved  ", "VPN exit moved"),
        (" - VPN exit moved", "VPN exit moved"),
        (": VPN exit moved", "VPN exit moved"),
        (" -5 degrees", "-5 degrees"),
        (" R&amp;D &lt;3 &amp;lt;", "R&D <3 &lt;"),
        (" see <https://tickets.contoso.com/7|tickets.contoso.com/7>", "see tickets.contoso.com/7"),
        (" as told in <#C0INC|incident-4711> <!here>", "as told in #incident-4711 @here"),
        (" ask <!subteam^S0SOC|@soc-approvers>", "ask @soc-approvers"),
        (f" https://tickets.contoso.com/{GUID}", f"https://tickets.contoso.com/{GUID}"),
        (" seen @ 14:00 on 2026-07-01", "seen @ 14:00 on 2026-07-01"),
        (" 2026-07-01 VPN moved", "2026-07-01 VPN moved"),
        (" \u202eVPN\u200b moved", "VPN moved"),
        (" CHG-2024-0012345678 VPN moved", "CHG-2024-0012345678 VPN moved"),
        (" INC-20241125-001234 VPN", "INC-20241125-001234 VPN"),
        (" 0047-22-333-444-5555 called", "0047-22-333-444-5555 called"),
        (" <!here> look", "@here look"),
        (" @megan says so", "@megan says so"),
        (" 5@10am moved", "5@10am moved"),
        (f" https://tickets.contoso.com/?u={ADELE} moved", f"https://tickets.contoso.com/?u={ADELE} moved"),
    ],
)
def test_the_reason_is_the_rest_on_one_line(behind: str, reason: str) -> None:
    assert asked(f"{ADELE}{behind}") == ([ADELE], reason)


def test_a_linked_host_shows_where_a_disguised_link_leads() -> None:
    assert asked(f"{ADELE} see <https://evil.example/x|tickets>") == ([ADELE], "see https://evil.example/x")


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        ("adelev@contoso,com", "adelev@contoso,com"),
        ("adelev@mail.contoso,com", "adelev@mail.contoso,com"),
        ("adelev@contoso", "adelev@contoso"),
        ("adelev@", "adelev@"),
        ("@adelev", "@adelev"),
        (f"{ADELE}/{ALEX}", f"{ADELE}/{ALEX}"),
        (f"{ADELE}'s", f"{ADELE}'s"),
        ("<adelev@contoso,com>", "adelev@contoso,com"),
        (GUID[:-1], GUID[:-1]),
        (GUID + "0", GUID + "0"),
        (GUID[:-1] + "g", GUID[:-1] + "g"),
        (GUID[:13], GUID[:13]),
        (GUID.replace("-", ""), GUID.replace("-", "")),
        ("a" * 400 + "@contoso.com", "a" * 400 + "@contoso.com"),
    ],
)
def test_a_botched_id_is_named(typed: str, entry: str) -> None:
    assert wrong(f"{typed} {WHY}") == [("unreadable", entry)]
    assert wrong(f"{typed}, {ALEX}") == [("unreadable", entry), ("no_reason", "")]


def test_the_others_can_be_asked_for_beside_a_botched_id() -> None:
    ask = parse(f"{ALEX}, adelev@contoso,com; {GUID[:-1]} {GUID} {WHY}")
    assert isinstance(ask, Ask)
    assert [entry.value for entry in ask.entries] == [ALEX, GUID]
    assert ask.unreadable == ("adelev@contoso,com", GUID[:-1])
    assert ask.reason == WHY


@pytest.mark.parametrize("inside", [ALEX, GUID, GUEST, f"({ALEX})", f"{ALEX}'s", f"user={ALEX}"])
def test_an_id_inside_the_reason_is_a_problem(inside: str) -> None:
    (problem,) = wrong(f"{ADELE} the VPN of {inside} moved")
    assert problem[0] == "id_in_reason"
    assert problem[1] in inside


def test_a_mention_inside_the_reason_is_a_problem() -> None:
    assert wrong(f"{ADELE} ask <@U0LYNNE|Lynne Robbins>") == [("id_in_reason", "<@U0LYNNE>")]


def test_prose_in_front_of_an_address_is_not_dropped_as_a_name() -> None:
    assert wrong(f"{ADELE}; the VPN of Alex <{ALEX}> moved") == [("id_in_reason", ALEX)]


def test_a_name_with_its_address_behind_an_id_is_the_beginning_of_a_reason() -> None:
    assert wrong(f"{ADELE} Alex Wilber <{ALEX}> phoned") == [("id_in_reason", ALEX)]


@pytest.mark.parametrize("between", [" - ", " | ", " > ", " • "])
def test_a_name_with_its_address_behind_a_dash_is_the_beginning_of_a_reason(between: str) -> None:
    assert wrong(f"{ADELE}{between}Megan Bowen ({ALEX}) confirmed by phone") == [("id_in_reason", ALEX)]


def test_a_quoted_name_that_holds_somebody_elses_id_is_not_dropped() -> None:
    assert asked(f'"{GUID} {ADELE}" <{ALEX}> VPN') == ([GUID, ADELE, ALEX], "VPN")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["deadbeef-", "a@", "a@b, ", "<", "x ", "5a0c76d2-cb57-", "a.", '"', "Ab "])
def test_the_longest_text_is_read_before_anybody_notices(piece: str) -> None:
    for begins in ("x ", f"{ADELE} ", ""):
        parse((begins + piece * MAX_TEXT)[:MAX_TEXT])


def test_a_longer_text_is_not_read() -> None:
    assert parse("x" * (MAX_TEXT + 1)) == (Problem("text_too_long", count=MAX_TEXT + 1),)


def test_an_id_in_front_of_an_address_is_not_dropped_as_a_name() -> None:
    assert asked(f"{GUID} <{ALEX}> {WHY}") == ([GUID, ALEX], WHY)


def test_reason_first_is_told_as_such() -> None:
    assert wrong(f"{WHY} {ADELE}") == [("id_in_reason", ADELE)]


def test_a_reason_alone_names_no_users() -> None:
    assert wrong(WHY) == [("no_users", "")]


def test_every_problem_is_told_at_once() -> None:
    assert wrong(f"adelev@contoso,com; {GUID[:-1]}") == [
        ("unreadable", "adelev@contoso,com"),
        ("unreadable", GUID[:-1]),
        ("no_reason", ""),
    ]
    assert wrong(",;") == [("no_users", ""), ("no_reason", "")]


@pytest.mark.parametrize("text", [ADELE, f"{ADELE}, {ALEX} ", f"{ADELE} -", f"Adele Vance <{ADELE}>;"])
def test_a_reason_is_required(text: str) -> None:
    assert wrong(text) == [("no_reason", "")]


def test_five_hundred_users_are_enough() -> None:
    users = [f"user{n:03}@contoso.com" for n in range(MAX_USERS + 1)]
    assert asked(" ".join([*users[:-1], users[0], WHY]))[0] == users[:-1]
    assert parse(" ".join([*users, WHY])) == (Problem("too_many", count=MAX_USERS + 1),)


def test_a_reason_is_never_cut() -> None:
    assert asked(f"{ADELE} {'x' * MAX_REASON}")[1] == "x" * MAX_REASON
    assert parse(f"{ADELE} {'x' * (MAX_REASON + 1)}") == (Problem("reason_too_long", count=MAX_REASON + 1),)


guids = st.uuids().map(str)
upns = st.builds(
    lambda local, host: f"{local}@{host}.com",
    st.from_regex(r"[a-z0-9][a-z0-9._'#^~!+-]{0,20}[a-z0-9]", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{1,10}(\.[a-z]{2,8}){0,2}", fullmatch=True),
)
mentions = st.from_regex(r"<@[UW][A-Z0-9]{1,10}>", fullmatch=True)
separators = st.sampled_from([" ", ", ", ";", "\n", " and ", "\r\n", ";\n", ",", " , "])


def escaped(text: str) -> str:
    """Escape as Slack does, mentions aside."""
    return text if text.startswith("<@") else re.sub("&", "&amp;", text)


@given(
    ids=st.lists(st.one_of(guids, guids.map(str.upper), upns, mentions), min_size=1, max_size=20),
    data=st.data(),
    reason=st.sampled_from([WHY, "and so on", "x", "because of R&amp;D"]),
)
def test_any_ids_with_any_separators_give_these_ids(ids: list[str], data: st.DataObject, reason: str) -> None:
    text = "".join(escaped(one) + data.draw(separators) for one in ids[:-1]) + f"{escaped(ids[-1])} {reason}"

    values, rest = asked(text)

    assert values == list(dict.fromkeys(one[2:-1] if one.startswith("<@") else one.lower() for one in ids))
    assert rest == reason.replace("&amp;", "&")


pieces = st.sampled_from(
    [
        ADELE,
        GUID,
        "<@U1|a>",
        "<",
        ">",
        "@",
        "and",
        ",",
        ";",
        '"',
        "“",
        "&lt;",
        "&amp;",
        "<mailto:",
        "|",
        "\n",
        " ",
        "x",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces, max_size=30).map("".join)))
def test_no_text_makes_it_raise_or_invent(text: str) -> None:
    match parse(text):
        case Ask(entries, reason):
            assert entries
            assert 0 < len(reason) <= MAX_REASON
            assert "\n" not in reason
        case Help() | Form():
            assert text.casefold().count("@") == 0
        case problems:
            assert problems
