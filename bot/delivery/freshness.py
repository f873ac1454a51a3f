"""Seen, then sent: of those who wait to be sent, who was read so lately that they may go, and who is to be read."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.commands import Judge
from bot.core.ids import ObjectId, Sendable
from bot.core.model import RiskySnapshot
from bot.delivery import approvers
from bot.delivery.jobs import Job
from bot.delivery.reading import Reading
from bot.delivery.reasons import Reasons, Updated
from bot.delivery.wants import Want, since_each
from bot.graph.pacer import Pacer, Turn

SEEN_WITHIN = timedelta(seconds=15)
"""Nobody is sent who was not read at most so long before the call starts."""
MARGIN = timedelta(seconds=2)
READ_WITHIN = 60.0
TOGETHER = timedelta(seconds=5)
"""How long those whose risk moved wait for others to be read, so that one call tells of both."""
GIVE_UP_WHY_AFTER = 60.0
READ_AGAIN = 15.0
"""Seconds until users are asked for again of whom Graph would not tell: it would say no in every slot."""
JUDGED_WITHIN = 10.0
"""Seconds: nobody is sent by whose leave the policy was asked about longer ago."""
WHY_AGAIN = 15.0
"""Seconds until it is tried again to read why users are at risk."""
_NOBODY = timedelta.max


class Freshness:
    """What is known of those who wait to be sent, and what is asked for to know it."""

    def __init__(self, reading: Reading, reasons: Reasons, pacer: Pacer, clock: Clock) -> None:
        self._reading = reading
        self._reasons = reasons
        self._pacer = pacer
        self._clock = clock

    def of(self, job: Job) -> tuple[Sendable, ...]:
        """Those of whom all that can have changed since the approval is known as it was just now."""
        since = self._since()
        if not self._is_judged(job) or approvers.read_at(job, self._reading, since) is None:
            return ()
        news = self._news(job, since)
        return tuple(user_id for user_id in job.waiting if self._is_known(user_id, since) and user_id not in news)

    def first(self, users: tuple[Sendable, ...], n: int) -> tuple[Sendable, ...]:
        """So many of these, whose readings are the oldest."""
        since = self._since()
        chosen = set(sorted(users, key=lambda user_id: self._read_at(user_id, since))[:n])
        return tuple(user_id for user_id in users if user_id in chosen)

    def left(self, users: tuple[ObjectId, ...]) -> timedelta:
        """How long the first of these may still go as they were read."""
        since = self._since()
        first = min((self._read_at(user_id, since) for user_id in users), default=None)
        return first - since if first is not None else _NOBODY

    def want(self, job: Job) -> None:
        """Have everybody read who can't go as they were read last, and why they are at risk if that is new."""
        if job.is_untold and not self._is_judged(job):
            return  # nobody goes before somebody can tell, and what is read by then would be too old
        since, now = self._since(), self._clock.monotonic()
        if job.want is not None and job.want.done.done():
            job.read_after, job.want = _again_after(job.want, now), None
        known = tuple(user_id for user_id in job.waiting if self._is_known(user_id, since))
        is_account_known = approvers.read_at(job, self._reading, since) is not None
        is_read = is_account_known and len(known) == len(job.waiting)
        if not is_account_known and (len(known) == len(job.waiting) or self.left(known) < self.calls(3)):
            self._want_account(job, since)
        if not is_read and job.want is None and now >= job.read_after:
            everybody = (*job.waiting, *job.account_ids)
            # The list may tell of an approver whose account is not known yet.
            beside = len(job.unknown)
            sought = since_each(everybody, since)
            job.want = self._reading.want(sought, Turn.WRITE, READ_WITHIN, len(everybody), beside=beside)
        news = self._news(job, since)
        if not is_read:  # together with those who are still being read, unless that takes long
            before = self._clock.now() - TOGETHER
            news = {user_id: moved for user_id, moved in news.items() if self._read_at(user_id, since) < before}
        self._want_reasons(job, news)

    def _want_account(self, job: Job, since: datetime) -> None:
        """Of a list that is not read, or takes too long, nobody can tell that an account is not on it."""
        now = self._clock.monotonic()
        if job.account_want is not None and job.account_want.done.done():
            job.account_after, job.account_want = _again_after(job.account_want, now), None
        if job.accounts is None or job.account_want is not None or now < job.account_after:
            return
        left = [user_id for user_id in job.account_ids if self._reading.read_at(user_id, since) is None]
        upns = [one.email for one in job.unknown if self._reading.upn_read_at(one.email, since) is None]
        if left:
            accounts = since_each(left, since)
            job.account_want = self._reading.want(accounts, Turn.WRITE, READ_WITHIN, len(accounts), is_alone=True)
        elif upns and self._reading.tells_by_upn:
            job.account_want = self._reading.want_upn(upns[0], Turn.WRITE, READ_WITHIN)
        else:
            job.account_want = self._reading.want_list(Turn.WRITE, READ_WITHIN)

    def calls(self, n: int) -> timedelta:
        """How long so many calls take at the pace there is."""
        return timedelta(seconds=n * self._pacer.gap + 1)

    def forget(self, job: Job) -> None:
        """Nobody waits for it any more."""
        for want in (job.want, job.account_want):
            if want is not None:
                self._reading.forget(want)
        if job.why is not None:
            self._reasons.forget(job.why)

    def until(self, job: Job, users: tuple[ObjectId, ...]) -> datetime:
        """When the first reading on which these may go, their approver's included, is too old."""
        since = self._since()
        times = [approvers.read_at(job, self._reading, since), *(self._reading.read_at(i, since) for i in users)]
        return min((at for at in times if at is not None), default=since) + SEEN_WITHIN

    def judgement(self, job: Job) -> Judge:
        """What is to be held against what was approved."""
        since = self._since()
        read = [self._reading.of(user_id, since) for user_id in job.waiting]
        missing = tuple(user_id for user_id in job.waiting if self._reading.is_missing(user_id, since))
        moved, forbidden = self._moved(job, since), self._reasons.is_forbidden
        why = {
            user_id: reasons
            for user_id, read_again in moved.items()
            if (reasons := self._reasons.of(user_id, read_again.last_updated)) is not None
        }
        is_told = not forbidden and self._is_given_up(job)
        return Judge(
            tuple(s for s in read if s is not None),
            missing,
            {**job.panel.void, **approvers.at_risk(job, self._reading, since)},
            not job.panel.is_enough(),
            job.panel.teams,
            why=why,
            unexplained=frozenset(moved.keys() - why.keys()) if is_told else frozenset(),
            blind="no_permission" if forbidden else "busy",
        )

    def _is_judged(self, job: Job) -> bool:
        return job.judged_at is not None and self._clock.monotonic() - job.judged_at <= JUDGED_WITHIN

    def _since(self) -> datetime:
        return self._clock.now() - SEEN_WITHIN + MARGIN

    def _is_known(self, user_id: ObjectId, since: datetime) -> bool:
        return self._reading.read_at(user_id, since) is not None

    def _read_at(self, user_id: ObjectId, since: datetime) -> datetime:
        read = self._reading.of(user_id, since)
        return read.read_at if read is not None else self._clock.now()

    def _want_reasons(self, job: Job, news: Updated) -> None:
        now = self._clock.monotonic()
        if job.why is not None and job.why.done.done():
            is_failed = bool(job.why.done.result())
            job.why_after = now + WHY_AGAIN if is_failed else now
            job.why_failed_at = (job.why_failed_at or now) if is_failed else None
            job.why = None
        if news and job.why is None and now >= job.why_after:
            job.why = self._reasons.want(news, Turn.WRITE)

    def _news(self, job: Job, since: datetime) -> Updated:
        """Those whose risk was updated since it was shown why they are at risk, and not read again yet."""
        if self._reasons.is_forbidden or self._is_given_up(job):
            return {}
        return {
            user_id: read.last_updated
            for user_id, read in self._moved(job, since).items()
            if self._reasons.of(user_id, read.last_updated) is None
        }

    def _is_given_up(self, job: Job) -> bool:
        """Whether the reasons could not be read for so long that somebody has to look at the users again."""
        return job.why_failed_at is not None and self._clock.monotonic() - job.why_failed_at >= GIVE_UP_WHY_AFTER

    def _moved(self, job: Job, since: datetime) -> dict[ObjectId, RiskySnapshot]:
        return {
            target.user_id: read
            for target in job.request.having("waiting")
            if target.why is not None
            and (read := self._reading.of(target.user_id, since)) is not None
            and read.last_updated != target.shown.last_updated
        }


def _again_after(want: Want, now: float) -> float:
    """When those may be asked for again whom it asked for, now that it is over."""
    is_unread = want.done.exception() is None and want.done.result().unread
    return now + READ_AGAIN if is_unread else now
