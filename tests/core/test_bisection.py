"""Bad ids in a batch: they are found with few calls, and nobody fails with what Graph said of somebody else."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.core.bisection import MOST_CALLS, Bisection
from bot.core.ids import ObjectId
from bot.core.model import Receipt

Call = tuple[frozenset[int], Receipt]


@dataclass
class Sent:
    """What came of sending users: `calls` are those that Graph answered with a 204 or a refusal, in order."""

    taken: set[int] = field(default_factory=set)
    failed: dict[int, Receipt] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    throttled: int = 0

    @property
    def refusals(self) -> list[Call]:
        return [call for call in self.calls if call[1].status != 204]


def never() -> bool:
    return False


def play(
    n: int,
    bad: set[int],
    code_of: Mapping[int, str] | None = None,
    is_throttled: Callable[[], bool] = never,
    leaves: Callable[[], bool] = never,
) -> Sent:
    """Send n users as `Sending` does; who `leaves` was set aside, or it is not known if Graph took them."""
    sent = Sent()

    def call(group: frozenset[int]) -> Receipt:
        refused = sorted(bad & group)
        nth = f"{len(sent.calls)}"
        code = (code_of or {}).get(refused[0], "ResourceNotFound") if refused else ""
        receipt = Receipt(404, code, nth) if refused else Receipt(204, "", nth)
        sent.calls.append((group, receipt))
        return receipt

    everybody = tuple(ObjectId(str(k)) for k in range(n))
    bisection = Bisection(everybody, call(frozenset(range(n))))
    while not bisection.is_over:
        group = frozenset(map(int, bisection.next_group())) - sent.taken - sent.failed.keys() - sent.gone
        assert group <= set(map(int, bisection.users))
        if group and leaves():
            sent.gone |= group
        elif not group:
            enter(sent, bisection.skip())
        elif is_throttled():
            sent.throttled += 1
        else:
            receipt = call(group)
            is_taken = receipt.status == 204
            sent.taken |= group if is_taken else frozenset()
            enter(sent, bisection.settle(None if is_taken else receipt))
    return sent


def enter(sent: Sent, failed: tuple[tuple[tuple[ObjectId, ...], Receipt], ...]) -> None:
    for users, receipt in failed:
        new = {int(user): receipt for user in users if int(user) not in sent.gone}
        assert not new.keys() & (sent.taken | sent.failed.keys())
        sent.failed |= new


def bound(n: int) -> float:
    return 2 * math.log2(n) + 2


@given(st.integers(2, 60), st.data())
def test_one_bad_id_stands_alone_after_few_calls(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n - 1))
    sent = play(n, {bad})
    assert sent.failed.keys() == {bad}
    assert sent.taken == set(range(n)) - {bad}
    assert len(sent.calls) <= bound(n)
    assert len(sent.calls) <= MOST_CALLS


def test_whoever_stands_alone_fails_with_the_refusal_of_their_own_call() -> None:
    for n in range(2, 61):
        for bad in range(n):
            sent = play(n, {bad})
            assert (frozenset({bad}), sent.failed[bad]) in sent.calls, (n, bad)


@given(st.integers(2, 60), st.integers(0, 2**32), st.data())
def test_calls_that_are_throttled_half_the_time_settle_nothing_and_cost_nothing(
    n: int, seed: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, n - 1))
    random = Random(seed)
    sent = play(n, {bad}, is_throttled=lambda: random.random() < 0.5)
    assert sent.failed.keys() == {bad}
    assert sent.taken == set(range(n)) - {bad}
    assert len(sent.calls) <= bound(n)
    assert (frozenset({bad}), sent.failed[bad]) in sent.calls


@given(st.integers(2, 60), st.integers(0, 2**32), st.sampled_from([0.0, 0.2, 0.5]), st.data())
def test_everybody_is_taken_or_fails_with_a_refusal_that_concerned_them(
    n: int, seed: int, leaving: float, data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    codes = data.draw(st.dictionaries(st.integers(0, n - 1), st.sampled_from(["A", "B"])))
    random = Random(seed)
    sent = play(n, bad, codes, lambda: random.random() < 0.5, lambda: random.random() < leaving)
    assert sent.taken | sent.failed.keys() | sent.gone == set(range(n))
    assert not sent.taken & (sent.failed.keys() | bad)
    assert len(sent.calls) <= MOST_CALLS
    newest = sent.refusals[-1][1]
    for user, receipt in sent.failed.items():
        concerned = any(user in group for group, its in sent.refusals if its is receipt)
        assert concerned or (receipt is newest and len(sent.calls) == MOST_CALLS)


def test_two_halves_refused_alike_end_it_each_with_its_own_refusal() -> None:
    sent = play(60, set(range(60)))
    assert len(sent.calls) == 3
    assert sent.taken == set()
    assert {user: receipt.request_id for user, receipt in sent.failed.items()} == {
        user: "1" if user < 30 else "2" for user in range(60)
    }


def test_two_bad_ids_in_one_half_are_both_found_where_the_codes_differ() -> None:
    sent = play(8, {0, 1}, {0: "A", 1: "B"})
    assert {user: receipt.code for user, receipt in sent.failed.items()} == {0: "A", 1: "B"}
    assert sent.taken == set(range(2, 8))


def test_who_is_given_up_on_once_the_calls_are_spent_gets_the_newest_refusal() -> None:
    bad = set(range(0, 60, 11))
    sent = play(60, bad, {user: f"code {user}" for user in bad})
    assert len(sent.calls) == MOST_CALLS
    assert sent.calls[-1][1].status == 204
    newest = sent.refusals[-1][1]
    assert sum(receipt is newest for receipt in sent.failed.values()) > 1
    assert {receipt.status for receipt in sent.failed.values()} == {404}


def test_a_user_refused_alone_fails_also_if_the_other_half_is_not_to_be_sent_any_more() -> None:
    first, second, refusal = ObjectId("0"), ObjectId("1"), Receipt(404, "ResourceNotFound", "own")
    bisection = Bisection((first, second), Receipt(404))
    assert bisection.settle(refusal) == ()
    assert bisection.next_group() == (second,)
    assert bisection.skip() == (((first,), refusal),)
    assert bisection.is_over


def test_a_half_that_was_not_sent_says_nothing_of_the_other() -> None:
    users = tuple(ObjectId(str(k)) for k in range(8))
    bisection = Bisection(users, Receipt(404))
    assert bisection.skip() == ()
    assert bisection.next_group() == users[4:]
    assert bisection.settle(None) == ()
    assert bisection.is_over
