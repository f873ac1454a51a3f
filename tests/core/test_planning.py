"""Finding users with few calls: never worse than the better plain way where the pages are known, else twice that."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.planning import Search, next_call


@st.composite
def lists(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A list of so many pages, and on which of them each wanted user is."""
    pages = draw(st.integers(1, 30))
    return pages, draw(st.lists(st.integers(0, pages - 1), min_size=1, max_size=60))


def cost(pages: int, places: list[int], *, known: bool) -> int:
    """Play the plan to its end and count the calls."""
    left, read, calls = sorted(places), 0, 0
    while True:
        search = Search(len(left), read, pages if known else None, read == pages)
        match next_call(search):
            case "nothing":
                return calls
            case "page":
                left = [place for place in left if place != read]
                read += 1
            case "single":
                left.pop()
        calls += 1
        assert calls <= pages + len(places)


@given(lists())
def test_with_the_pages_known_it_is_never_worse_than_the_better_plain_way(drawn: tuple[int, list[int]]) -> None:
    pages, places = drawn
    assert cost(pages, places, known=True) <= min(pages, len(places))


@given(lists())
def test_without_it_costs_at_most_twice_that(drawn: tuple[int, list[int]]) -> None:
    pages, places = drawn
    assert cost(pages, places, known=False) <= 2 * min(pages, len(places))


@given(lists(), st.integers(0, 20))
def test_who_is_not_on_the_list_is_got_one_by_one_after_it(drawn: tuple[int, list[int]], absent: int) -> None:
    pages, places = drawn
    nowhere = [pages] * absent
    assert cost(pages, places + nowhere, known=True) <= min(pages, len(places) + absent) + absent


def test_three_users_of_a_small_tenant_cost_one_page() -> None:
    assert cost(1, [0, 0, 0], known=True) == 1
    assert cost(1, [0, 0, 0], known=False) == 1


def test_one_user_is_got_directly() -> None:
    assert next_call(Search(1)) == next_call(Search(1, pages=1)) == next_call(Search(1, pages=7)) == "single"


def test_five_hundred_of_ten_thousand_cost_no_more_than_the_pages() -> None:
    assert cost(20, [n % 20 for n in range(500)], known=False) == 20
