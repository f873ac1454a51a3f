"""The state machine, by machine: whatever is told to a request in whatever order, the promises hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.core import events as ev
from bot.core.alike import split
from bot.core.commands import (
    Approve,
    Ask,
    AskOthers,
    BeginSend,
    Command,
    Deny,
    DontAsk,
    Expire,
    Explain,
    FoundUsers,
    Judge,
    Lapse,
    LookAgain,
    ReadBack,
    RecordAccepted,
    RecordFailed,
    RecordRefused,
    RecordShown,
    Rehearse,
    ReportMistake,
    Stop,
    Withdraw,
)
from bot.core.decisions import Void
from bot.core.findings import Elsewhere, Finding
from bot.core.fold import evolve, fold
from bot.core.follow_ups import edits_outcome, follow_ups
from bot.core.ids import ChannelId, MessageTs, ObjectId, RequestId, SlackUserId
from bot.core.lifecycle import ask, decide
from bot.core.mistake import unreportable
from bot.core.model import Asker, Receipt, Request, RiskySnapshot, Target
from bot.core.policy import Refusal
from bot.core.reasons import Blind, Reason
from bot.core.terms import Terms, may_send
from bot.core.trouble import TroubleKind

ID = RequestId("CS-4K7Q")
BEGAN = datetime(2026, 3, 1, 3, tzinfo=UTC)
TERMS = Terms(timedelta(hours=8), timedelta(hours=1))
USERS = tuple(ObjectId(f"00000000-0000-4000-8000-00000000000{n}") for n in range(3))
ASKER = Asker(SlackUserId("U1"), ChannelId("C1"))
RECEIPT = Receipt(204, request_id="r")
TRAVEL = (Reason("unlikelyTravel", ip="198.51.100.7", country="NO", countries=("NO",)),)
LEAKED = (Reason("leakedCredentials"), *TRAVEL)
ABROAD = (Reason("unlikelyTravel", country="PE", more=1, countries=("NO", "PE")),)
MORE = (Reason("unlikelyTravel", country="NO", more=7, countries=("NO",)),)


def at_risk(user: ObjectId, at: datetime = BEGAN) -> RiskySnapshot:
    return RiskySnapshot(user, "Adele Vance", "adelev@contoso.com", "high", "atRisk", at, BEGAN)


def safe(user: ObjectId, at: datetime) -> RiskySnapshot:
    return replace(at_risk(user, at), level="none", state="confirmedSafe", last_updated=at)


def was_risen(request: Request, user: ObjectId) -> bool:
    """Whether what was approved showed the highest level already."""
    return any(t.user_id == user and t.shown.level == "hidden" for t in request.targets)


class Lifecycle(RuleBasedStateMachine):
    """Commands in any order, at any time, as crashed, late and doubled workers would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.history: list[tuple[datetime, ev.Event]] = []
        self.request: Request | None = None

    @initialize(
        problem=st.booleans(),
        blind=st.sampled_from(["", "busy", "no_permission"]),
        is_rehearsal=st.sampled_from([False, False, True]),
    )
    def asked(self, problem: bool, blind: Blind, is_rehearsal: bool) -> None:  # noqa: FBT001 - Hypothesis passes them by name
        self._happened(ask(Ask(ASKER, USERS, "VPN", "/confirm-safe", is_rehearsal=is_rehearsal)))
        findings = (Finding("unknown", "nobody"),) if problem else ()
        targets = tuple(Target(at_risk(u), why=None if blind else TRAVEL) for u in USERS)
        self._tell(FoundUsers("Lynne", targets, findings, blind=blind))

    def _tell(self, command: Command) -> None:
        assert self.request is not None
        verdict = decide(self.request, command, self.now, TERMS)
        if isinstance(verdict, Refusal):
            return
        before = self.request
        self._happened(verdict)
        if isinstance(command, BeginSend) and verdict:
            assert before.decision is not None
            assert self.now < before.decision.at + TERMS.send_within
            assert all(t.progress == "waiting" for t in before.targets if t.user_id in command.user_ids)

    def _happened(self, happened: tuple[ev.Event, ...]) -> None:
        before = self.request
        for event in happened:
            self.history.append((self.now, event))
            self.request = evolve(ID, self.request, event, self.now)
        assert self.request is not None
        if happened:
            follow_ups(before, self.request, happened, self.now, terms=TERMS, incident_channels=(ChannelId("C2"),))

    @rule(minutes=st.sampled_from([0, 1, 20, 61, 490]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def shown(self) -> None:
        assert self.request is not None
        self._tell(RecordShown(self.request.view, ChannelId("C1"), MessageTs("1.1"), "d"))

    @rule(back=st.integers(0, 1))
    def approve(self, back: int) -> None:
        assert self.request is not None
        before = self.request
        self._tell(Approve(SlackUserId("U2"), "Megan", before.view - back))
        if self.request.state == "approved" and before.state != "approved":
            assert back == 0
            assert before.shown_view == before.view

    @rule()
    def all_goes_well(self) -> None:
        """Do all that is due up to the 204: single steps find the way there too seldom to try what comes after."""
        self.shown()
        self.approve(0)
        assert self.request is not None
        if waiting := {t.user_id for t in self.request.having("waiting")}:
            self.begin(waiting)
            self.answered(RECEIPT.status)

    @rule()
    def report(self) -> None:
        assert self.request is not None
        before = self.request
        self._tell(ReportMistake(SlackUserId("U2"), "Megan", "It was not the VPN"))
        assert self.request == (
            before
            if unreportable(before)
            else replace(before, version=before.version + 1, mistake=self.request.mistake)
        )

    @rule()
    def approve_those_alike(self) -> None:
        assert self.request is not None
        before = self.request
        shown = split(before.asked_for)
        self._tell(Approve(SlackUserId("U2"), "Megan", before.view, leave_out=shown.mark))
        if self.request.state == "approved" and before.state != "approved":
            assert {t.user_id for t in self.request.asked_for} == {t.user_id for t in shown.alike}

    @rule(
        command=st.sampled_from(
            [
                Deny(SlackUserId("U2"), "Megan", "no"),
                DontAsk("gave_up"),
                Withdraw(ASKER.id),
                Withdraw(SlackUserId("U2")),
                AskOthers({}),
                AskOthers({USERS[0]: Elsewhere(ID, ASKER.id, BEGAN)}),
                Lapse(),
                Rehearse(),
                Stop(SlackUserId("U2")),
            ]
        )
    )
    def decided_otherwise(self, command: Command) -> None:
        self._tell(command)

    @rule()
    def expire(self) -> None:
        assert self.request is not None
        self._tell(Expire(self.request.view))

    @rule(users=st.sets(st.sampled_from(USERS), min_size=1))
    def begin(self, users: set[ObjectId]) -> None:
        self._tell(BeginSend(tuple(u for u in USERS if u in users)))

    @rule(
        what=st.lists(st.sampled_from(["same", "risen", "over", "deleted", "missing"]), min_size=3, max_size=3),
        why=st.dictionaries(st.sampled_from(USERS), st.sampled_from([LEAKED, ABROAD, MORE])),
        void=st.sampled_from(["", "at_risk", "not_allowed"]),
    )
    def judged(self, what: list[str], why: ev.Why, void: Void) -> None:
        as_read = {
            "same": lambda u: at_risk(u, self.now),
            "risen": lambda u: replace(at_risk(u, self.now), level="hidden"),
            "over": lambda u: safe(u, self.now),
            "deleted": lambda u: replace(at_risk(u, self.now), is_deleted=True),
        }
        pairs = list(zip(USERS, what, strict=True))
        seen = tuple(as_read[w](u) for u, w in pairs if w in as_read)
        missing = tuple(u for u, w in pairs if w == "missing")
        before = self.request
        voids: dict[SlackUserId, Void] = {SlackUserId("U2"): void} if void else {}
        self._tell(Judge(seen, missing, voids, follow_up=RequestId("CS-NEXT"), why=why))
        assert self.request is not None
        in_force = before is not None and may_send(before, self.now, TERMS)
        if in_force and before is not None and before.state == self.request.state == "approved":
            waiting = {t.user_id for t in self.request.having("waiting")}
            assert not any(w == "risen" and u in waiting and not was_risen(before, u) for u, w in pairs)
            known = {t.user_id: t.why for t in before.targets}
            read = {s.user_id for s in seen}
            new = {u for u in read & set(why) if known[u] == TRAVEL and why[u] in {LEAKED, ABROAD}}
            assert not new & waiting

    @rule(
        users=st.sets(st.sampled_from(USERS)),
        blind=st.sampled_from(["", "busy", "no_permission"]),
        updated=st.sampled_from([BEGAN, BEGAN - timedelta(hours=1)]),
    )
    def explained(self, users: set[ObjectId], blind: Blind, updated: datetime) -> None:
        before = self.request
        self._tell(Explain(dict.fromkeys(users, TRAVEL), dict.fromkeys(users, updated), blind))
        assert self.request is not None
        assert before is not None
        assert self.request.state == before.state
        if self.request != before:
            assert self.request.view == before.view + 1
            assert self.request.open_until == before.open_until
            told = {t.user_id for t in self.request.targets if t.why is not None}
            was_told = {t.user_id for t in before.targets if t.why is not None}
            assert updated == BEGAN or told == was_told

    @rule()
    def looked_again(self) -> None:
        self._tell(LookAgain(tuple(safe(u, self.now) for u in USERS)))

    @rule(status=st.sampled_from([204, 400, 403]))
    def answered(self, status: int) -> None:
        receipt = Receipt(status)
        self._tell(RecordAccepted(USERS, receipt) if status == RECEIPT.status else RecordRefused(USERS, receipt))

    @rule(kind=st.sampled_from(["throttled", "sign_in", "unreachable", "unclear", "bisecting"]))
    def failed(self, kind: TroubleKind) -> None:
        self._tell(RecordFailed(USERS, kind, Receipt(0), "x"))

    @rule(what=st.lists(st.sampled_from(["safe", "risk", "processing", "risen", "missing"]), min_size=3, max_size=3))
    def read_back(self, what: list[str]) -> None:
        read = {
            "safe": lambda u: safe(u, self.now),
            "risk": lambda u: at_risk(u, self.now),
            "processing": lambda u: replace(at_risk(u, self.now), is_processing=True),
            "risen": lambda u: replace(at_risk(u, self.now), last_updated=self.now),
        }
        pairs = list(zip(USERS, what, strict=True))
        snapshots = tuple(read[w](u) for u, w in pairs if w in read)
        self._tell(ReadBack(snapshots, tuple(u for u, w in pairs if w == "missing")))

    @invariant()
    def the_fold_of_the_events_is_the_state(self) -> None:
        if self.request is not None:
            assert fold(ID, self.history) == self.request
            edits_outcome(self.request)

    @invariant()
    def nothing_is_sent_without_a_yes(self) -> None:
        approved = False
        for _, event in self.history:
            match event:
                case ev.Approved():
                    approved = True
                case ev.Lapsed() | ev.Voided() | ev.Drifted() | ev.Opened():
                    approved = False
                case ev.Attempted():
                    assert approved
                case _:
                    pass

    @invariant()
    def nobody_is_ever_sent_by_a_rehearsal_and_nothing_else_ends_as_one(self) -> None:
        assert self.request is None or self.request.is_rehearsal or self.request.state != "rehearsed"
        if self.request is not None and self.request.is_rehearsal:
            assert self.request.sendable == ()
            sending = ev.Attempted | ev.Accepted | ev.Refused | ev.CallFailed | ev.Taken | ev.Verified | ev.GaveUp
            assert not any(isinstance(event, sending) for _, event in self.history)
            ends = {e.state for _, e in self.history if isinstance(e, ev.Ended)}
            assert ends <= {"rehearsed", "stopped"}

    @invariant()
    def whoever_was_left_out_is_never_sent(self) -> None:
        out: set[ObjectId] = set()
        for _, event in self.history:
            match event:
                case ev.Approved(left_out=ids):
                    out |= set(ids)
                case ev.Attempted(user_ids=ids):
                    assert not out & set(ids)
                case _:
                    pass

    @invariant()
    def a_user_is_sent_again_only_after_two_readings(self) -> None:
        for user in USERS:
            readings, doubtful = 0, False
            for _, event in self.history:
                match event:
                    case ev.Attempted(user_ids=ids) if user in ids:
                        assert not doubtful or readings >= 2
                        readings, doubtful = 0, False
                    case ev.CallFailed(user_ids=ids, kind="unclear") if user in ids:
                        readings, doubtful = 0, True
                    case ev.Doubted(snapshots=snapshots) if any(s.user_id == user for s in snapshots):
                        readings += 1
                    case _:
                        pass

    @invariant()
    def a_user_is_in_doubt_twice_at_most(self) -> None:
        for user in USERS:
            doubts, is_out = 0, False
            for _, event in self.history:
                match event:
                    case ev.Attempted(user_ids=ids) if user in ids:
                        is_out = True
                    case ev.CallFailed(user_ids=ids, kind="unclear") if user in ids:
                        doubts, is_out = doubts + is_out, False
                    case _:
                        pass
            assert doubts <= 2

    @invariant()
    def what_was_approved_is_never_withdrawn(self) -> None:
        kinds = [type(e) for _, e in self.history]
        if ev.Withdrawn in kinds:
            before = kinds[: kinds.index(ev.Withdrawn)]
            assert before.count(ev.Approved) == sum(before.count(k) for k in (ev.Lapsed, ev.Voided, ev.Drifted))

    @invariant()
    def what_is_final_stays(self) -> None:
        final = ev.Ended | ev.Denied | ev.Withdrawn | ev.Expired | ev.NotAsked
        ends = [e for _, e in self.history if isinstance(e, final)]
        assert len(ends) <= 1
        assert not ends or (self.request is not None and self.request.is_final)

    @invariant()
    def a_mistake_is_reported_once_of_what_was_taken_and_nobody_is_sent_after_it(self) -> None:
        kinds = [type(e) for _, e in self.history]
        if ev.Mistaken not in kinds:
            return
        assert kinds.count(ev.Mistaken) == 1
        at = kinds.index(ev.Mistaken)
        assert {ev.Accepted, ev.Taken} & set(kinds[:at])
        assert not {ev.Attempted, ev.Lapsed, ev.Drifted, ev.Voided} & set(kinds[at:])

    @invariant()
    def confirmed_is_said_of_those_alone_who_were_read_back_safe(self) -> None:
        if self.request is not None:
            for target in self.request.having("confirmed"):
                assert target.last_read is not None
                assert target.last_read.is_safe


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def told(*commands: Command) -> Request:
    """A request that was asked, shown and approved, and then told this."""
    request: Request | None = None
    opening = (
        FoundUsers("Lynne", tuple(Target(at_risk(u)) for u in USERS), ()),
        RecordShown(1, ChannelId("C1"), MessageTs("1.1"), "d"),
        Approve(SlackUserId("U2"), "Megan", 1),
    )
    happened = ask(Ask(ASKER, USERS, "VPN", "/confirm-safe"))
    for command in (*opening, *commands, None):
        for event in happened:
            request = evolve(ID, request, event, BEGAN)
        if command is not None:
            assert request is not None
            verdict = decide(request, command, BEGAN, TERMS)
            assert not isinstance(verdict, Refusal)
            happened = verdict
    assert request is not None
    return request


def test_who_was_never_sent_cannot_be_in_doubt() -> None:
    request = told(RecordFailed(USERS, "unclear", Receipt(0)))
    assert [t.progress for t in request.targets] == ["waiting"] * 3
    assert all(t.doubted_at is None for t in request.targets)


def test_a_later_failure_does_not_settle_a_doubt() -> None:
    doubt = RecordFailed(USERS[:1], "unclear", Receipt(0))
    request = told(BeginSend(USERS[:1]), doubt, RecordFailed(USERS, "throttled", Receipt(429)))
    assert [t.progress for t in request.targets] == ["attempted", "waiting", "waiting"]
