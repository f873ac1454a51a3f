"""Commands that name no users."""

import pytest

from bot.core.inquiries import ListOpen, Mine, Status, Withdraw
from bot.core.parsing import Ask, parse


@pytest.mark.parametrize("text", ["mine", " Mine ", "my requests", "list mine"])
def test_what_did_i_ask_for(text: str) -> None:
    assert parse(text) == Mine()


@pytest.mark.parametrize("text", ["list", "LIST", "list open", "list  all", "open"])
def test_what_is_open(text: str) -> None:
    assert parse(text) == ListOpen()


@pytest.mark.parametrize(
    "text", ["status CS-4K7Q", "status cs-4k7q", "Status of `CS-4K7Q`?", "CS-4K7Q", "'cs-4k7q'."]
)
def test_how_does_a_request_stand(text: str) -> None:
    assert parse(text) == Status("CS-4K7Q")


def test_which_one_is_asked_where_no_id_was_given() -> None:
    assert parse("status") == Status("")


def test_a_rehearsal_can_be_looked_at_and_withdraws_nothing_by_its_word() -> None:
    assert parse("rehearse status CS-4K7Q") == Status("CS-4K7Q")
    assert parse("rehearse withdraw CS-4K7Q") == Withdraw("")


@pytest.mark.parametrize("text", ["list of users: adelev@contoso.com", "mine is adelev@contoso.com"])
def test_a_word_among_others_is_no_inquiry(text: str) -> None:
    assert not isinstance(parse(text), Mine | ListOpen | Status)
    assert not isinstance(parse(text), Ask)


def test_an_id_of_a_request_behind_users_belongs_to_the_reason() -> None:
    read = parse("adelev@contoso.com see CS-4K7Q")
    assert isinstance(read, Ask)
    assert read.reason == "see CS-4K7Q"
