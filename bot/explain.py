"""`python -m bot policy explain`: what the rules would make of a request, as Slack and Entra are now."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot import explain_words as words
from bot.authority import ASK_WITHIN, Authority
from bot.clock import Clock
from bot.core.decisions import Decision
from bot.core.ids import ChannelId, ObjectId, RequestId, SlackUserId
from bot.core.model import Asker, Request, RiskySnapshot, Target
from bot.core.pace import INTERVAL
from bot.core.parsing import Entry
from bot.core.persons import DirectoryUser, Person, is_theirs
from bot.core.policy import Standing, may_decide
from bot.delivery.belonging import placed
from bot.errors import Forbidden, GraphError, Rejected, SignInFailed, SlackError, Throttled
from bot.explain_question import Question
from bot.graph.accounts import DIRECTORY, Accounts, may_read
from bot.graph.groups import Groups
from bot.graph.pacer import SingleCall, Turn
from bot.graph.permissions import lacking
from bot.graph.wire import at_risk_by_upn
from bot.outside import Outside, open_outside
from bot.remedies import entra_remedy, permissions_missing, slack_trouble
from bot.settings import Settings
from bot.slack.blocks.rules import because
from bot.slack.people import People

TRIES, PAUSE = 4, 2.0
"""How often a reading is tried that Entra is too busy for, and after how many seconds."""

T = TypeVar("T")
Say = Callable[[str], None]


async def explain(settings: Settings, question: Question, clock: Clock, say: Say) -> bool:
    """Say what the rules would make of it; return whether those people could approve it, for certain."""
    async with AsyncExitStack() as resources:
        # One call, and slots beside those of a bot that may be running: the pause between calls is made here.
        outside = await open_outside(settings, clock, resources, SingleCall(clock))
        say(f"Rules: {words.digest(settings.policy)}")
        try:
            await outside.installation.learn(outside.client)
            await outside.graph.sign_in()
        except SlackError as error:
            say(f"Slack: {slack_trouble(error, settings.slack_api_url)}")
            return False
        except SignInFailed as error:
            is_managed = settings.azure_token_credentials is not None
            say(f"Entra sign-in: {error}. {entra_remedy(error, by_managed_identity=is_managed)}")
            return False
        return await _Explanation(outside, question, say).whole()


class _Explanation:
    """One run; whatever could not be found out is said, and leaves it unsure."""

    def __init__(self, outside: Outside, question: Question, say: Say) -> None:
        self._graph = outside.graph
        self._clock = outside.clock
        self._channel = ChannelId(outside.settings.approval_channel)
        self._policy = outside.settings.policy
        people = People(outside.client, outside.installation, outside.clock)
        accounts, groups = Accounts(outside.graph, outside.clock), Groups(outside.graph, outside.clock)
        self._authority = Authority(people, accounts, groups, self._policy)
        self._question = question
        self._say = say
        self._is_sure = True
        self._next_at = self._clock.monotonic()

    async def whole(self) -> bool:
        roles = self._graph.tokens.roles()
        for _, what in permissions_missing(lacking(self._policy, roles) if roles is not None else ()):
            self._unsure(f"Permission: {what}")
        asker, does_ask = await self._requester()
        found = [await self._user(entry, asker) for entry in self._question.users]
        targets = await self._placed([target for target in found if target is not None])
        if not targets:
            self._say("Nobody is left whom a request could be for.")
            return False
        request = self._request(asker, targets)
        self._say(because(self._policy, targets))
        for user in self._question.approvers:
            request = await self._approved(user, request)
        return await self._is_enough(request) and does_ask and self._is_sure

    def _unsure(self, line: str) -> None:
        self._is_sure = False
        self._say(line)

    async def _requester(self) -> tuple[Person, bool]:
        user = self._question.requester
        try:
            asker, refusal = await self._authority.may_ask(user, self._channel, ASK_WITHIN)
        except (SlackError, GraphError, SignInFailed) as error:
            self._unsure(f"Requester {user} {words.silent(error)}")
            return Person(user, "", user, ""), False
        why = refusal.why if refusal is not None else "" if asker.email else "no_email"
        self._say(f"Requester {words.person(asker)} {words.asking(why)}")
        return asker, not why

    async def _user(self, entry: Entry, asker: Person) -> Target | None:
        """Find a user and the risk they are at; None where a request would not be for them."""
        try:
            target = await self._target(entry)
        except (GraphError, SignInFailed) as error:
            self._unsure(f"User {entry.typed} {words.silent(error)}")
            return None
        if target is None:
            self._unsure(f"User {words.nobody_known(entry.typed)}")
        elif target.shown.is_deleted:
            self._say(f"User {words.gone(entry.typed)}")
        elif self._is_own(target, asker):
            self._say(f"User {words.own(target)}")
        else:
            self._say(f"User {words.user(target)}")
            return target
        return None

    async def _target(self, entry: Entry) -> Target | None:
        account = await self._account(entry.value)
        read: RiskySnapshot | None = None
        if account is None and entry.kind == "upn":
            page = await self._paced(partial(self._graph.page, at_risk_by_upn(entry.value), Turn.LOOK_UP))
            read = next(iter(page.users), None)
        else:
            user_id = account.user_id if account is not None else ObjectId(entry.value)
            read = await self._paced(partial(self._graph.risky_user, user_id, Turn.LOOK_UP))
        if read is None and account is not None:
            read = RiskySnapshot(
                account.user_id, account.display_name, account.upn, "none", "none", self._clock.now()
            )
        return Target(read, account.addresses if account is not None else ()) if read is not None else None

    async def _account(self, key: str) -> DirectoryUser | None:
        if not may_read(DIRECTORY, self._graph.tokens.roles()):
            return None
        try:
            return await self._graph.directory_user(key)
        except (Forbidden, Rejected):
            return None  # the users at risk have to do, as for the bot

    def _is_own(self, target: Target, asker: Person) -> bool:
        """Whether the look-up would call it the asker's own account."""
        theirs = self._policy.people.get(asker.id, ())
        return is_theirs(target.user_id, target.names, theirs, asker.email)

    async def _placed(self, targets: list[Target]) -> tuple[Target, ...]:
        try:
            return await placed(self._graph, targets, self._policy.memberships)
        except* (GraphError, SignInFailed) as group:
            why = group.exceptions[0]
        self._unsure(f"Groups and roles of the users {words.silent(why)}; they count as in all that the rules name")
        return tuple(targets)

    def _request(self, asker: Person, targets: tuple[Target, ...]) -> Request:
        return Request(
            id=RequestId(""),
            version=1,
            state="pending",
            asker=Asker(asker.id, self._channel, asker.name),
            entries=tuple(entry.value for entry in self._question.users),
            reason="",
            command="",
            asked_at=self._clock.now(),
            targets=targets,
            view=1,
            shown_users=tuple(target.user_id for target in targets),
        )

    async def _approved(self, user: SlackUserId, request: Request) -> Request:
        """Let one more approve it, if they could, after those before them."""
        rule = self._policy.rule_for(request.as_shown)
        try:
            standing = await self._authority.standing(user, rule.teams, ASK_WITHIN)
            refusal = may_decide(self._policy, standing, request, "approve")
            is_at_risk = refusal is None and await self._is_at_risk(standing)
        except (SlackError, GraphError, SignInFailed) as error:
            self._unsure(f"Approver {user} {words.silent(error)}")
            return request
        name = f"Approver {words.person(standing.person)}"
        if refusal is not None:
            self._is_sure = self._is_sure and refusal.why != "entra_silent"
            self._say(f"{name} could not approve: {words.why_not(refusal, standing, self._policy, request)}")
            return request
        if is_at_risk:
            self._say(f"{name} could not approve: {words.AT_RISK}")
            return request
        teams = tuple(key for key in rule.teams if key in standing.teams)
        self._say(f"{name} {words.could(self._policy, teams)}")
        given = Decision(
            user, self._clock.now(), 1, email=standing.person.email, accounts=standing.account_ids, teams=teams
        )
        return replace(request, approvals=(*request.approvals, given))

    async def _is_at_risk(self, standing: Standing) -> bool:
        """Whether an approval would be void just before the users are sent."""
        ids, email = standing.account_ids, standing.person.email
        read = [await self._paced(partial(self._graph.risky_user, one, Turn.LOOK_UP)) for one in ids]
        if not ids and email:
            read += (await self._paced(partial(self._graph.page, at_risk_by_upn(email), Turn.LOOK_UP))).users
        return any(one is not None and one.is_at_risk for one in read)

    async def _is_enough(self, request: Request) -> bool:
        """Judge all of them once more, as just before the users are sent."""
        try:
            judgement = await self._authority.judge(request)
        except (SlackError, GraphError, SignInFailed) as error:
            self._unsure(f"Whether they are enough {words.silent(error)}")
            return False
        void = judgement.panel.void
        request = replace(request, approvals=tuple(one for one in request.approvals if one.by not in void))
        is_enough = judgement.panel.is_enough()
        self._say(words.together(self._policy, request, is_enough=is_enough))
        return is_enough

    async def _paced(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask about a risky user at the pace that the tenant shares. Raises GraphError, SignInFailed."""
        for tries_left in reversed(range(TRIES)):
            await self._clock.sleep(max(0.0, self._next_at - self._clock.monotonic()))
            self._next_at = self._clock.monotonic() + INTERVAL.total_seconds()
            try:
                return await ask()
            except Throttled as error:
                if not tries_left:
                    raise
                self._next_at += error.retry_after if error.retry_after is not None else PAUSE
        raise AssertionError("unreachable")
