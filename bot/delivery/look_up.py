"""Reads in Entra who was asked for, and whether the asker may ask."""

import asyncio
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import Connection

from bot.core.commands import FoundUsers
from bot.core.findings import Finding
from bot.core.ids import ObjectId, SlackUserId
from bot.core.model import Request, RiskySnapshot, Target
from bot.core.persons import DirectoryUser, Person, is_theirs
from bot.delivery.belonging import placed
from bot.delivery.context import Context, Done, Ending, backed_off, dont_ask
from bot.delivery.explain import WITH_THE_LOOK_UP, explained
from bot.delivery.show import ABSENT
from bot.errors import (
    Forbidden,
    GraphError,
    Rejected,
    SignInFailed,
    SlackBusy,
    SlackError,
    SlackRefused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from bot.graph.accounts import DIRECTORY, may_read
from bot.graph.pacer import Turn
from bot.store.ledger import Applied
from bot.store.tasks import Task

GETS_BESIDE_A_LIST = 20
RECENT = timedelta(seconds=10)
"""A reading that was made for somebody else so short a time ago will do."""
GIVE_UP_AFTER = timedelta(minutes=15)
PEOPLE_AT_ONCE = 10
LOOK_UP_WITHIN = 8.0

log = structlog.get_logger()


@dataclass(slots=True)
class _Sought:
    """What is known so far: ids to be read, with how they were typed, and what is to be said."""

    typed: dict[ObjectId, str] = field(default_factory=dict)
    accounts: dict[ObjectId, DirectoryUser] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


async def look_up(context: Context, task: Task) -> Ending:
    """Find the users; with problems the request waits for the asker's choice."""
    assert task.request_id is not None  # noqa: S101 - committed with its request
    request = (await context.store.entry(task.request_id)).request
    if request.state != "looking_up" or request.targets:
        return Done()
    if _is_over(context, request):
        return dont_ask(context, request, "gave_up")
    try:
        return await _alone(_find(context, request))
    except (Forbidden, SignInFailed, Unauthorized, Rejected) as error:
        if not (isinstance(error, SignInFailed) and error.is_transient):
            return dont_ask(context, request, f"not_ready:{_what(error)}")
        wait = None
    except GraphError as error:
        wait = error.retry_after if isinstance(error, Throttled | Unavailable) else None
    except SlackRefused as error:
        if error.code in ABSENT:
            return dont_ask(context, request, "not_in_channel")
        return dont_ask(context, request, f"not_ready:Slack doesn't tell who asks:{error.code}")
    except SlackError as error:
        log.warning("Slack doesn't tell who asks", request=request.id, why=error.code)
        wait = error.retry_after if isinstance(error, SlackBusy) else None
    except TimeoutError:
        wait = None
    if _is_over(context, request):
        return dont_ask(context, request, "gave_up")
    return backed_off(task, wait)


async def _alone(finding: Awaitable[Ending]) -> Ending:
    """Of what went wrong side by side, raise the first."""
    try:
        return await finding
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


def _is_over(context: Context, request: Request) -> bool:
    return context.clock.now() - request.asked_at >= GIVE_UP_AFTER


def _what(error: Exception) -> str:
    """Say what is missing; behind a colon what only those who approve are told."""
    match error:
        case Forbidden(roles=roles) if roles and "IdentityRiskyUser.ReadWrite.All" in roles:
            return "it may not read risky users:Most likely the tenant has no Entra ID P2"
        case Forbidden():
            return (
                "it may not read risky users yet:Missing: admin consent for IdentityRiskyUser.ReadWrite.All, "
                "see `python -m bot doctor`"
            )
        case Rejected(receipt=receipt):
            return f"Entra refused to read the users ({receipt.status} {receipt.code}".strip() + ")"
        case SignInFailed(code=code):
            return f"it can't sign in to Entra:{code or 'No code'}, see `python -m bot doctor`"
        case _:
            return "Entra refuses its sign-in:See `python -m bot doctor`"


async def _find(context: Context, request: Request) -> Ending:
    person, refusal = await context.authority.may_ask(request.asker.id, context.place().channel, LOOK_UP_WITHIN)
    if refusal is not None:
        return dont_ask(context, request, refusal.why)
    if not person.email:
        return dont_ask(context, request, "no_email")
    sought = await _resolve(context, request)
    risky = await _read(context, request, sought)
    policy = context.authority.policy
    if request.is_rehearsal:
        risky = {**_at_ease(sought, context.clock.now()), **risky}
    theirs = policy.people.get(person.id, ())
    found = _judge(sought, risky, person, theirs, is_rehearsal=request.is_rehearsal)
    found = list(await placed(context.graph, found, policy.memberships))
    theirs = await context.authority.accounts_of(person)
    targets, blind = await explained(context, found, WITH_THE_LOOK_UP)

    def record(connection: Connection) -> Applied | None:
        ledger = context.store.ledger
        taken = ledger.elsewhere(connection, [t.user_id for t in targets], request.id)
        found = FoundUsers(person.name, targets, tuple(sought.findings), taken, blind, theirs)
        return ledger.apply(connection, request.id, found, context.clock.now())

    return Done(record)


async def _resolve(context: Context, request: Request) -> _Sought:
    """Turn what was typed into object ids."""
    await context.graph.sign_in()
    has_directory = may_read(DIRECTORY, context.graph.tokens.roles())
    slack = asyncio.Semaphore(PEOPLE_AT_ONCE)
    sought = _Sought()
    sought.findings += [Finding("unreadable", typed) for typed in request.unreadable]
    by_upn: dict[str, str] = {}

    async def one(entry: str) -> None:
        async with slack:
            address = await _address(context, entry)
        if address is None:
            sought.findings.append(Finding("no_email", entry))
            return
        account = None
        if has_directory:
            account = await _account(context, address)
        if account is not None:
            sought.accounts[account.user_id] = account
            sought.typed.setdefault(account.user_id, entry)
        elif "@" not in address:
            sought.typed.setdefault(ObjectId(address), entry)
        else:
            by_upn[address.casefold()] = entry

    # One after the other in the order typed is what people expect to read; the calls run side by side.
    async with asyncio.TaskGroup() as group:
        for entry in request.entries:
            group.create_task(one(entry))
    if by_upn:
        await _match(context, request, sought, by_upn)
    order = {entry: place for place, entry in enumerate(request.entries)}
    sought.typed = dict(sorted(sought.typed.items(), key=lambda item: order[item[1]]))
    sought.findings.sort(key=lambda finding: order.get(finding.entry, -1))
    return sought


async def _address(context: Context, entry: str) -> str | None:
    if not entry.startswith("<@"):
        return entry
    person = await context.people.person(SlackUserId(entry[2:-1]))
    return person.email or None


async def _account(context: Context, key: str) -> DirectoryUser | None:
    try:
        return await context.graph.directory_user(key)
    except (Forbidden, Rejected):
        return None  # the list of those at risk has to do


async def _match(context: Context, request: Request, sought: _Sought, by_upn: dict[str, str]) -> None:
    """Without the directory, a UPN can only be found among the users at risk."""
    listed = await context.conversation.everybody_at_risk(_time_left(context, request))
    ids = {snapshot.upn.casefold(): snapshot.user_id for snapshot in listed}
    for upn, entry in by_upn.items():
        if upn in ids:
            sought.typed.setdefault(ids[upn], entry)
        else:
            sought.findings.append(Finding("unknown", entry))


async def _read(context: Context, request: Request, sought: _Sought) -> dict[ObjectId, RiskySnapshot]:
    """Read everybody, but not one by one very many of whom the list knows nothing: the tenant shares the pace."""
    now = context.clock.now()
    read = await context.conversation.read(
        dict.fromkeys(sought.typed, now - RECENT),
        Turn.LOOK_UP,
        _time_left(context, request),
        singles=GETS_BESIDE_A_LIST,
    )
    if _is_over(context, request):
        raise TimeoutError
    for user_id in read.unread:
        account = sought.accounts.get(user_id)
        if request.is_rehearsal and account is not None and user_id in read.not_listed:
            continue
        entry = sought.typed.pop(user_id)
        kind: Literal["not_listed", "not_read"] = "not_listed" if user_id in read.not_listed else "not_read"
        sought.findings.append(Finding(kind, entry, account.display_name if account else ""))
    return read.found


def _time_left(context: Context, request: Request) -> float:
    return max(0.0, (request.asked_at + GIVE_UP_AFTER - context.clock.now()).total_seconds())


def _at_ease(sought: _Sought, now: datetime) -> dict[ObjectId, RiskySnapshot]:
    """What is shown in a rehearsal of accounts without a risk record."""
    return {
        user_id: RiskySnapshot(user_id, account.display_name, account.upn, "none", "none", now)
        for user_id, account in sought.accounts.items()
    }


def _judge(
    sought: _Sought,
    risky: dict[ObjectId, RiskySnapshot],
    asker: Person,
    theirs: Collection[ObjectId],
    *,
    is_rehearsal: bool,
) -> list[Target]:
    targets: list[Target] = []
    for user_id, entry in sought.typed.items():
        account, snapshot = sought.accounts.get(user_id), risky.get(user_id)
        addresses = account.addresses if account else ()
        name = (account.display_name if account else "") or (snapshot.display_name if snapshot else "")
        names = (*addresses, snapshot.upn.casefold()) if snapshot else addresses
        if is_theirs(user_id, names, theirs, asker.email):
            sought.findings.append(Finding("own_account", entry, name))
        elif snapshot is None:
            sought.findings.append(Finding("no_risk" if account else "unknown", entry, name))
        elif snapshot.is_deleted:
            sought.findings.append(Finding("deleted", entry, name))
        elif snapshot.is_at_risk:
            targets.append(Target(snapshot, addresses))
        elif is_rehearsal:
            targets.append(Target(snapshot, addresses, why=()))  # that they are not at risk needs no reasons
        elif snapshot.state == "confirmedSafe":
            sought.findings.append(Finding("already_safe", entry, name))
        else:
            sought.findings.append(Finding("no_risk", entry, name))
    return targets
