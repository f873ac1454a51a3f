"""What users are not in, read for the rules: what Entra doesn't tell leaves every rule fitting."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.ids import ObjectId
from bot.core.model import RiskySnapshot, Target
from bot.core.rules import Need, Rule
from bot.delivery.belonging import placed
from bot.errors import GraphError, SignInFailed, Throttled, Unavailable
from bot.graph.client import DIRECTORY_AT_ONCE
from demo.graph.directory import ADELE, ALEX, JONI
from demo.wire import Call, Fault
from tests.graph.test_client import NOBODY, START, HandedTokens, Setup, prepared

BOARD = "b0a2d000-0000-4000-8000-000000000001"
STAFF = "b0a2d000-0000-4000-8000-000000000002"
ADMIN = "62e90394-69f5-4237-9190-012177145e10"
WANTED = (BOARD, STAFF, f"role:{ADMIN}", "role:any")
RULES = (
    Rule("board", (Need(("ops",)),), groups=(ObjectId(BOARD),)),
    Rule("staff", (Need(("ops",)),), groups=(ObjectId(STAFF),)),
    Rule("administrators", (Need(("ops",)),), roles=(ADMIN,)),
    Rule("roles", (Need(("ops",)),), roles=("any",)),
)


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with prepared() as setup:
        setup.roles.add("GroupMember.Read.All")
        setup.there.add_group(BOARD, "Board", members=[ADELE])
        setup.there.add_group(STAFF, "Staff", members=[BOARD, ALEX])
        setup.there.add_role(ADMIN, "Global Administrator", members=[ALEX])
        yield setup


def target(user_id: str) -> Target:
    return Target(RiskySnapshot(ObjectId(user_id), "", "", "high", "atRisk", START), addresses=("a@contoso.com",))


def fitting(one: Target) -> list[str]:
    """Return the names of the rules that decide a request for this user."""
    return [rule.name for rule in RULES if rule.fits([one])]


async def raised(setup: Setup) -> list[Exception]:
    """Return what kept it from being read."""
    with pytest.raises(ExceptionGroup) as group:
        await placed(setup.client(), [target(ADELE)], WANTED)
    return list(group.value.exceptions)


async def test_each_user_is_left_with_the_rules_that_protect_them(setup: Setup) -> None:
    users = [target(ADELE), target(ALEX), target(JONI)]
    adele, alex, joni = await placed(setup.client(), users, WANTED)

    assert adele.not_in == (f"role:{ADMIN}", "role:any")
    assert alex.not_in == (BOARD,)
    assert joni.not_in == WANTED
    assert [fitting(one) for one in (adele, alex, joni)] == [
        ["board", "staff"],
        ["staff", "administrators", "roles"],
        [],
    ]
    assert adele.addresses == ("a@contoso.com",)


async def test_without_such_a_rule_nothing_is_asked(setup: Setup) -> None:
    users = (target(ADELE),)
    assert await placed(setup.client(), users, ()) == users
    assert await placed(setup.client(), (), WANTED) == ()
    assert setup.books.calls == []


async def test_an_account_that_entra_does_not_know_fits_every_rule(setup: Setup) -> None:
    unknown, joni = await placed(setup.client(), [target(NOBODY), target(JONI)], WANTED)
    assert unknown.not_in == ()
    assert len(fitting(unknown)) == len(RULES)
    assert joni.not_in == WANTED


async def test_without_the_permission_everybody_fits_every_rule(setup: Setup) -> None:
    setup.roles.remove("GroupMember.Read.All")
    users = (target(ADELE), target(JONI))
    assert await placed(setup.client(), users, WANTED) == users


async def test_without_the_permission_few_calls_are_made_for_many_users(setup: Setup) -> None:
    setup.roles.remove("GroupMember.Read.All")
    users = tuple(target(user_id) for user_id in setup.there.add_crowd(300))
    assert await placed(setup.client(), users, WANTED) == users
    assert len(setup.books.calls) <= 2 * DIRECTORY_AT_ONCE


async def test_whoever_entra_refuses_to_tell_of_fits_every_rule_and_the_others_their_own(setup: Setup) -> None:
    setup.there.faults.add(Fault("memberships", "status", status=400, when=lambda call: ADELE in call.name))
    adele, joni = await placed(setup.client(), [target(ADELE), target(JONI)], WANTED)
    assert (adele.not_in, joni.not_in) == ((), WANTED)


@pytest.mark.parametrize(("status", "error"), [(429, Throttled), (503, Unavailable), (408, Unavailable)])
async def test_what_passes_is_to_be_tried_again(setup: Setup, status: int, error: type[GraphError]) -> None:
    setup.plant("memberships", "status", status)
    assert [type(one) for one in await raised(setup)] == [error]


async def test_without_a_token_it_is_to_be_tried_again(setup: Setup) -> None:
    class Down(HandedTokens):
        async def token(self) -> str:
            raise SignInFailed("", "Entra does not answer", is_transient=True)

    setup.tokens = Down(setup.clock, "live")
    assert [type(one) for one in await raised(setup)] == [SignInFailed]


async def test_users_are_asked_about_side_by_side_up_to_a_bound(setup: Setup) -> None:
    users = [target(user_id) for user_id in setup.there.add_crowd(50)]
    go_on, unanswered = asyncio.Event(), [0]

    async def tap(what: str, _: Call) -> None:
        unanswered.append(unanswered[-1] + (1 if what == "arrived" else -1))
        if what == "arrived":
            await go_on.wait()

    setup.books.tap = tap
    asking = asyncio.create_task(placed(setup.client(), users, WANTED))
    await setup.books.until(lambda: len(setup.books.calls) == DIRECTORY_AT_ONCE)
    go_on.set()

    assert {one.not_in for one in await asking} == {WANTED}
    assert max(unanswered) == DIRECTORY_AT_ONCE
