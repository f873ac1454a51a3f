"""Ids that were pasted into a field, and ids inside a text that was not meant for us."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.named import MOST_NAMED, MOST_TEXT, named_in
from bot.core.parsing import as_typed
from bot.core.pasted import ids_within, pasted

ADELE, ALEX = "adelev@contoso.com", "5a0c76d2-cb57-4ece-9bc1-c323178f116a"


def read(text: str) -> tuple[list[str], list[str]]:
    entries, strangers = pasted(text)
    return [entry.value for entry in entries], list(strangers)


@pytest.mark.parametrize(
    "text",
    [
        f"{ADELE}\n{ALEX}",
        f"{ADELE}, {ALEX};",
        f"1. {ADELE}\n2. {ALEX}",
        f"• {ADELE}\n• {ALEX.upper()}\n{ADELE}",
        f"Adele Vance <{ADELE}>; Alex Wilber ({ALEX})".replace(f"Alex Wilber ({ALEX})", ALEX),
        f'"{ADELE}","{ALEX}"',
    ],
)
def test_a_list_is_read_however_it_was_copied(text: str) -> None:
    assert read(text) == ([ADELE, ALEX], [])


def test_everything_that_is_no_id_is_named_and_the_rest_is_read() -> None:
    assert read(f"foo {ADELE}\nbar, a@contoso,com - {ALEX} foo") == ([ADELE, ALEX], ["foo", "bar", "a@contoso,com"])


@pytest.mark.parametrize("text", ["", " \n", " , ;", "- * •"])
def test_a_field_without_words_holds_nothing(text: str) -> None:
    assert read(text) == ([], [])


def test_a_full_field_of_ids_is_read() -> None:
    ids = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(81)]
    assert len("\n".join(ids)) <= 3_000
    assert read("\n".join(ids)) == (ids, [])


@given(st.text(max_size=400))
def test_no_field_makes_it_raise_or_go_on_for_ever(text: str) -> None:
    entries, strangers = pasted(text)
    assert all(entry.value for entry in entries)
    assert all(strangers)


@pytest.mark.parametrize(
    "text",
    [
        f"user={ADELE}&id={ALEX}",
        f'{{"upn":"{ADELE}","oid":"{ALEX}"}}',
        f"https://portal.example/u/{ALEX}?upn={ADELE}",
        f"mailto:{ADELE} ({ALEX})",
    ],
)
def test_ids_are_found_inside_links_and_json(text: str) -> None:
    assert set(ids_within(text)) == {ADELE, ALEX}


@pytest.mark.parametrize("text", [f"x{ALEX}0", f"{ALEX}-1", "@", "a@b", "@adele", "0" * 32])
def test_what_only_looks_like_a_part_of_an_id_is_none(text: str) -> None:
    assert list(ids_within(text)) == []


def test_an_alert_is_looked_through_at_any_depth_and_each_id_says_where_it_stood_first() -> None:
    message = {
        "text": f"hello {ADELE}",
        "blocks": [{"type": "rich_text", "elements": [{"elements": [{"type": "text", "text": f"{ADELE} {ALEX}"}]}]}],
        "attachments": [
            {
                "fallback": "joni@contoso.com",
                "title_link": "https://x.example/?upn=megan%40contoso.com",
                "fields": [{"title": "User", "value": "<mailto:diego@contoso.com|diego@contoso.com>"}],
            }
        ],
    }
    named = named_in(message)
    assert named.places == {
        ADELE: "in the text",
        ALEX: "in a block",
        "joni@contoso.com": "in an attachment",
        "megan@contoso.com": "in a link",
        "diego@contoso.com": "in a field",
    }
    assert not named.is_cut


def test_ten_thousand_ids_are_cut_and_it_is_said() -> None:
    ids = " ".join(f"{n:08x}-0000-4000-8000-000000000000" for n in range(10_000))
    named = named_in({"text": ids})
    assert (len(named.places), named.is_cut) == (MOST_NAMED, True)


def test_an_endless_nest_of_blocks_ends() -> None:
    nest: dict[str, object] = {"text": ADELE}
    for _ in range(500):
        nest = {"elements": [nest]}
    assert named_in(nest).places == {}


@pytest.mark.parametrize("piece", ["a", "@", "a@", "a@a.", "<a:", "<!a^", "<", "5a0c76d2-", "%40", "\u202e"])
def test_no_text_keeps_everybody_else_waiting(piece: str) -> None:
    message = {"text": piece * (MOST_TEXT * 3 // len(piece))}
    began = time.process_time()
    assert named_in(message).is_cut
    assert time.process_time() - began < 0.5


def test_what_slack_wrote_is_undone_first() -> None:
    assert as_typed(f"<mailto:{ADELE}|{ADELE}>") == ADELE
