"""The form: drawn at once, completed once Entra has told who is at risk, and in the end an ask like any other."""

import asyncio
import time

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection

from bot import journal
from bot.authority import Authority
from bot.clock import Clock
from bot.core.backoff import delay
from bot.core.events import ClickRefused
from bot.core.form import REMARK, FieldProblem, Filled, Opening, read
from bot.core.ids import ObjectId, SlackUserId
from bot.core.limits import Limited
from bot.core.listed import Listed
from bot.delivery.at_risk import READ_WITHIN, AtRisk
from bot.errors import CannotTell, GraphError, SignInFailed, SlackBusy, SlackDoubtful, SlackError, StoreError
from bot.memory import Memory
from bot.service import TAKE_WITHIN, Service
from bot.slack.api import answered
from bot.slack.blocks import answers, form, options, refusals, words
from bot.slack.blocks.message import Block
from bot.slack.blocks.place import PlaceOf
from bot.store.store import Store

CHECK_WITHIN = 10.0
"""Seconds for Slack to tell whether somebody may ask, where nobody waits for it."""
LIST_WITHIN = 1.2
"""Likewise where somebody has opened a list, and for the list: together they stay below Slack's 3 s."""
SUBMIT_WITHIN = 0.4
"""Likewise at a submit, before it is recorded."""
UPDATES = 4
"""Tries to redraw a form."""

log = structlog.get_logger()


class Forms:
    """One for the process. What is asked for is decided and recorded by the service."""

    def __init__(
        self,
        service: Service,
        store: Store,
        authority: Authority,
        at_risk: AtRisk,
        *,
        client: AsyncWebClient,
        place: PlaceOf,
        clock: Clock,
    ) -> None:
        self._service = service
        self._store = store
        self._authority = authority
        self._at_risk = at_risk
        self._client = client
        self._place = place
        self._clock = clock
        self._rights = Memory(clock, self._look_up)
        self._completing: set[asyncio.Task[None]] = set()

    def drawn(self, opening: Opening) -> tuple[Block, bool]:
        """Draw the form from what is at hand, and tell whether that is all there is: it waits for nobody."""
        listed = self._at_risk.known if self._rights.remembered(opening.by) else None
        if listed is None or listed.trouble:
            return form.window(opening, self._place()), False
        return self._drawn(opening, listed), True

    def complete(self, view_id: str, opening: Opening) -> None:
        """Have the open form redrawn as soon as it is known who is at risk, and whether they may ask."""
        task = asyncio.create_task(self._complete(view_id, opening))
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)

    async def close(self) -> None:
        left = list(self._completing)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        await self._at_risk.close()

    async def users(self, user: SlackUserId, query: str) -> Block:
        """The users at risk to choose from, for those who may ask."""
        if (why := await self._why_not(user)) is not None:
            return why
        listed = await self._at_risk.read(LIST_WITHIN)
        if listed is None:
            return options.remark("The list is still being read: type again in a few seconds.")
        if listed.trouble:
            return options.remark("The list of users at risk can't be read now: paste ids instead.")
        return options.of_users(listed.users, query)

    async def shared(self, user: SlackUserId, query: str) -> Block:
        """Likewise the groups of those who share something."""
        if (why := await self._why_not(user)) is not None:
            return why
        sharing = await self._at_risk.sharing(LIST_WITHIN)
        if sharing is None:
            return options.remark("Why users are at risk is being read: type again in a few seconds.")
        if not sharing.n_read and (sharing.n_users or (self._at_risk.known or Listed()).trouble):
            return options.remark("Why users are at risk can't be read now: choose single users.")
        is_part = sharing.n_read < sharing.n_users
        note = f"Of {sharing.n_read:,} of {sharing.n_users:,} users at risk it is known why" if is_part else ""
        return options.of_groups(sharing.groups, query, note)

    async def submit(self, filled: Filled, origin: str) -> dict[str, str]:
        """Ask for what was filled in; returns what is wrong, by field. Nothing of it is lost then.

        The same origin (the window) asks once, however often it comes.
        """
        try:
            if await self._may_ask(filled.asker.id, SUBMIT_WITHIN) is False:
                return await self._refuse(filled.asker.id)
            ids, problems = await self._chosen(filled)
            asked = read(filled, ids)
            if problems or isinstance(asked, tuple):
                return form.errors([*problems, *(asked if isinstance(asked, tuple) else ())])
            taken = await self._service.ask(asked, origin=origin, response_url="")
        except CannotTell:
            return {"reason": form.CANNOT_TELL}
        except StoreError:
            return {"reason": form.NOT_RECORDED}
        if isinstance(taken, Limited):
            return {"reason": words.unmarked(answers.limit(taken, self._place()).text)}
        return {}

    async def _chosen(self, filled: Filled) -> tuple[list[ObjectId], list[FieldProblem]]:
        """The users of the groups that were chosen."""
        over, ids, problems = time.monotonic() + SUBMIT_WITHIN, list[ObjectId](), list[FieldProblem]()
        for value in filled.shared:
            if value == REMARK:
                continue
            users = await self._at_risk.users_of(value, max(0.0, over - time.monotonic()))
            if isinstance(users, str):
                problems.append(FieldProblem("shared", users))
            else:
                ids += users
        return ids, problems

    async def _refuse(self, user: SlackUserId) -> dict[str, str]:
        event, now = ClickRefused(user, "ask", "may_not_ask"), self._store.clock.now()

        def work(connection: Connection) -> None:
            self._store.ledger.refused(connection, event, None, now)

        await self._store.run(work, deadline=time.monotonic() + TAKE_WITHIN)
        journal.refused(user, "ask", None, "may_not_ask")
        return {"users": form.MAY_NOT_ASK}

    async def _complete(self, view_id: str, opening: Opening) -> None:
        match await self._may_ask(opening.by, CHECK_WITHIN):
            case True:
                listed = await self._at_risk.read(READ_WITHIN) or Listed(trouble="not_read")
                await self._update(view_id, self._drawn(opening, listed))
            case False:
                told = refusals.may_not_ask(self._place()).text
                await self._update(view_id, form.window(opening, self._place(), told))
            case None:
                await self._update(view_id, form.window(opening, self._place(), form.NOT_CHECKED))

    def _drawn(self, opening: Opening, listed: Listed) -> Block:
        place = self._place()
        found = ((user, opening.named.of(user)) for user in listed.users) if opening.named else ()
        proposed = [form.Proposed(user, where) for user, where in found if where is not None]
        return form.window(opening, place, form.state(listed, place), proposed, is_known=not listed.trouble)

    async def _update(self, view_id: str, view: Block) -> None:
        for n in range(1, UPDATES + 1):
            try:
                await answered(self._client.views_update(view_id=view_id, view=view))
            except (SlackBusy, SlackDoubtful) as error:
                wait = error.retry_after if isinstance(error, SlackBusy) else None
                await self._clock.sleep(delay(n, 0.5, wait))
            except SlackError as error:
                log.info("a form can't be redrawn", why=error.code)  # closed or sent meanwhile, say
                return
            else:
                return

    async def _why_not(self, user: SlackUserId) -> Block | None:
        match await self._may_ask(user, LIST_WITHIN):
            case True:
                return None
            case False:
                return options.remark("Only those who may ask see this list; /confirm-safe help says who.")
            case None:
                return options.remark("I can't check whether you may ask: Slack or Entra isn't answering.")

    async def _may_ask(self, user: SlackUserId, within: float) -> bool | None:
        """Whether somebody may ask; None where that can't be told in time."""
        try:
            async with asyncio.timeout(within):
                return await self._rights.get(user, bool)
        except (SlackError, GraphError, SignInFailed, TimeoutError):
            return None

    async def _look_up(self, user: str) -> bool:
        _, refusal = await self._authority.may_ask(SlackUserId(user), self._place().channel, CHECK_WITHIN)
        return refusal is None
