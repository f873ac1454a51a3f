"""What came of it all, by the look-alikes' own books: the bot's word is nowhere asked for."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.graph import LocalGraph
from demo.graph.counting import is_paced
from demo.local_slack import LocalSlack, Message
from demo.wire import Books, Call
from tests.chaos.board import Board, op_id
from tests.chaos.lag import Lag
from tests.chaos.people import Case, People, Taken
from tests.chaos.weather import TOO_MANY, Weather
from tests.rig import CONFIRM

UNDER_WAY = re.compile(r"Confirm .* safe\?|Risk changed: |Approved: |Sent: ")
SAFE = re.compile(r"(?:(\d+) of )?(\d+) users? confirmed safe")
END = re.compile(
    r"read back at|Denied by|Withdrawn by|changed nothing for|still shows? as|could not be read back"
    r"|not known whether|accepted it, and|not sent before|Entra refused"
)
OPEN_ENDED = re.compile(r"not known whether|still shows? as|could not be read back")
_COUNTS = re.compile(r"(\d+ of )?\d+ users?")
TOO_SOON, LATE = 0.95, 3
"""Seconds between two calls about risk, which leave 1.05 s apart; and how many things in a row may be late, at the
sender's, on the way and here."""
HEADS = {"deny": "Denied: ", "withdraw": "Withdrawn: "}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Judges the look-alikes' books; `weather` knows which of their answers were made up."""

    slack: LocalSlack
    graph: LocalGraph
    books: Books
    board: Board
    people: People
    cases: Sequence[Case]
    weather: dict[str, Weather]
    lag: Lag

    def is_decided(self) -> bool:
        """Whether no case waits for a decision, or for the message to decide it in."""
        found = {self.board.case_of(message) for message in self.board.requests()}
        return len(found) == len(self.cases) and not any(map(self.board.is_open, self.board.requests()))

    def left(self) -> list[str]:
        """What has not ended yet: nothing of it may be left after a while."""
        left = [f"case {c.n} has no message" for c in self.cases if not self.board.requests(c.n)]
        for message in self.board.requests():
            head = self._head(message)
            if UNDER_WAY.match(head):
                left.append(f"{op_id(message)} still says {head!r}")
            elif not self._ends(message) and not head.startswith("Withdrawn: "):  # its asker was told at once
                left.append(f"{op_id(message)} says {head!r}, and nothing of it in its thread")
        left += [f"{t.request_id} was taken and nobody told what became of it" for t in self._untold()]
        return left + [f"{op} is posted {n} times" for op, n in self._doubles()]

    def _untold(self) -> Iterator[Taken]:
        shown = {op_id(message) for message in self.board.requests()}
        for case in self.cases:
            for taken in case.taken:
                if f"{taken.request_id}.message" not in shown and not self.people.was_told(taken):
                    yield taken

    def _doubles(self) -> list[tuple[str, int]]:
        ops = Counter(op_id(m) for m in self.slack.workspace.posted if not m.deleted)
        return [(op, n) for op, n in ops.items() if n > 1]

    def _head(self, message: Message) -> str:
        return self.board.text(message).partition("\n")[0]

    def _ends(self, message: Message) -> list[str]:
        return [text for text in self.board.thread(message) if END.search(text)]

    def wrong(self) -> list[str]:
        """Everything that must not be."""
        wrong = [*self.left(), *self.books.complaints]
        for message in self.board.requests():
            case = self.cases[self.board.case_of(message) - 1]
            wrong += [f"{op_id(message)}: {what}" for what in self._wrong_with(case, message)]
        wrong += list(self._wrong_sends())
        for call, gap in self._own():
            if gap + LATE * (late := self.lag.at(call.at)) < TOO_SOON:
                wrong.append(f"{call} came {gap:.2f} s after its like, on a machine that was {late:.2f} s late")
        return wrong

    def _wrong_with(self, case: Case, message: Message) -> Iterator[str]:
        head, ends = self._head(message), self._ends(message)
        if len(ends) > 1:
            yield f"{len(ends)} outcomes: {ends}"
        if case.plan != "approve":
            if not head.startswith(HEADS[case.plan]):
                yield f"to {case.plan} it, and it says {head!r}"
            return
        found = SAFE.match(head)
        told = int(found[1] or found[2]) if found else 0
        safe = [user for user in case.users if self.graph.risky[user].state == "confirmedSafe"]
        if told > len(safe):
            yield f"{told} are said to be safe, and {len(safe)} are: {head!r}"
        if not found and re.match(r"(Denied|Withdrawn|Expired|Stopped)", head):
            yield f"approved, and it says {head!r}"
        text = " ".join(ends)
        for user in set(case.users) - set(safe):
            if told and self.graph.users[user].display_name not in text:
                yield f"{user} is at risk, and not named: {text!r}"
        if told < len(safe) and not OPEN_ENDED.search(text):
            yield f"{len(safe)} are safe, and {told} are said to be: {text!r}"

    def _wrong_sends(self) -> Iterator[str]:
        sent = Counter(user.lower() for users in self.graph.sent for user in users)
        of = {user: case for case in self.cases for user in case.users}
        liars = self.graph.lies_about | self.graph.stuck
        for user, n in sent.items():
            if user not in of or of[user].plan != "approve":
                yield f"{user} was sent without an approval"
            elif n > 1 and user not in liars:
                yield f"Graph took {user} {n} times"
        for call in self.books.of(CONFIRM):
            for user in map(str.lower, call.args.get("userIds", ())):
                if user in of and call.at < of[user].approved_at:
                    yield f"{user} was sent before anybody approved"
        for user, record in self.graph.risky.items():
            if record.state == "confirmedSafe" and user in of and of[user].plan != "approve":
                yield f"{user} is confirmed safe without an approval"

    def _own(self) -> Iterator[tuple[Call, float]]:
        """Calls that Graph refused since they came too fast, and how soon after the one before."""
        last = 0.0
        for call in filter(is_paced, self.books.calls):
            if call.status == TOO_MANY and call.n not in self.weather["graph"].met:
                yield call, call.at - last
            last = call.at

    def told(self) -> str:
        """The counts, for people to read."""
        cases, graph, posts = self.cases, self.graph, [m for m in self.slack.workspace.posted if op_id(m)]
        heads = Counter(_COUNTS.sub("n", self._head(m).partition(":")[0]) for m in self.board.requests())
        safe = sum(graph.risky[user].state == "confirmedSafe" for case in cases for user in case.users)
        taken, clicks, unanswered = (
            sum(counts) for counts in zip(*((len(c.taken), c.clicks, c.unanswered) for c in cases), strict=True)
        )
        doubles = sum(m.deleted for m in posts)
        calls = Counter(call.name for call in self.books.calls if call.to == "slack")
        lines = [
            f"{len(cases)} cases: {taken} commands taken, {clicks} clicks, {unanswered} tries without an answer",
            "ended: " + ", ".join(f"{n} {head}" for head, n in heads.most_common()),
            f"Graph confirmed {safe} users, took {len(graph.sent)} of {len(self.books.of(CONFIRM))} confirmSafe",
            f"Graph's paced calls: {sum(map(is_paced, self.books.calls))}, {self._refusals('graph')}",
            f"Slack's posts: {len(posts)}, {doubles} of them doubles that were deleted, {self._refusals('slack')}",
            "Slack's calls: " + ", ".join(f"{n} {name}" for name, n in calls.most_common(6)),
            *(f"faults at {to}: {weather.kinds()}" for to, weather in self.weather.items()),
        ]
        return "\n  ".join(lines)

    def _refusals(self, to: str) -> str:
        calls = [call for call in self.books.calls if call.to == to and call.status == TOO_MANY]
        planted = sum(call.n in self.weather[to].met for call in calls)
        return f"429: {planted} planted, {len(calls) - planted} by us"
