"""The bench's own reckoning: what the naive client makes of a quota, who was seen safe, and what is called missed."""

import math

import pytest

from bench.incident import seen_safe
from bench.naive import confirm_each, naively
from bench.table import Figure, Part, table
from demo.wire import Call


async def test_the_naive_client_makes_two_calls_a_user_and_one_more_for_each_refusal() -> None:
    answers = iter([200, 429, 429, 204, 200, 204])
    waits: list[float] = []

    async def ask(_method: str, _user_id: str) -> int:
        return next(answers)

    tally = await confirm_each(["a", "b"], ask, waits.append)
    assert (tally.calls, tally.refused, tally.seconds) == (6, 2, 4.0)
    assert waits == [1.0, 2.0]


async def test_it_does_not_go_on_after_an_answer_that_is_neither() -> None:
    async def ask(_method: str, _user_id: str) -> int:
        return 404

    with pytest.raises(RuntimeError, match="GET for a was answered 404"):
        await confirm_each(["a"], ask, lambda _: None)


async def test_at_the_local_graph_every_call_of_it_but_the_first_is_refused_once() -> None:
    tally = await naively(3)
    assert (tally.calls, tally.refused, tally.seconds) == (11, 5, 6.0)


def test_who_is_still_processed_is_not_seen_safe_yet() -> None:
    def read(*rows: dict[str, object]) -> Call:
        return Call(1, "graph", "GET", "GET /v1.0/identityProtection/riskyUsers", {}, 0.0, None, 200, {"value": rows})

    safe: dict[str, object] = {"riskState": "confirmedSafe", "isProcessing": False}
    answered = [
        (1.0, read({"id": "a", **safe})),
        (5.0, read({"id": "a", "riskState": "atRisk", "isProcessing": True}, {"id": "b", **safe})),
        (6.0, read({"id": "a", **safe})),
        (7.0, read({"id": "a", **safe})),
    ]
    assert seen_safe(answered, 2.0) == {"a": 6.0, "b": 5.0}


@pytest.mark.parametrize(
    ("figure", "is_met"),
    [
        (Figure("calls", 12, 12), True),
        (Figure("calls", 13, 12), False),
        (Figure("refusals", 1, 0), False),
        (Figure("gap", 0.9, 1.15, "s", least=1.0), False),
        (Figure("nothing measured", math.nan, 15), False),
    ],
)
def test_a_promise_is_kept_within_its_bounds(figure: Figure, *, is_met: bool) -> None:
    assert figure.is_met is is_met


def test_the_table_says_what_was_missed() -> None:
    figures = Figure("calls", 13, 12), Figure("gap", 1.05, 1.15, "s", least=1.0)
    assert table([Part("many", figures, ("a note",))]).splitlines() == [
        "         measured  promised",
        "many",
        "  calls  13        at most 12   MISSED",
        "  gap    1.05 s    1 to 1.15 s  met",
        "  a note",
    ]
