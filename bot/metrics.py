"""The numbers an operator watches: a registry for each application, fed by what happens, and nobody's name in it."""

import platform
from collections.abc import Iterator
from datetime import datetime
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot import __version__
from bot.core.model import State
from bot.core.wishes import TaskKind

ACK_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Slack gives three seconds."""
DECISION_BUCKETS: Final = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
CALL_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)
TURN_BUCKETS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
SURFACES: Final = ("command", "click", "submit", "options", "shortcut")
TROUBLES: Final = {
    "check": "check",
    "database": "database",
    "tasks": "tasks",
    "task": "tasks",
    "Entra sign-in": "sign_in",
    "Graph": "graph",
    "read-back": "read_back",
    "Slack": "slack",
    "approval channel": "slack",
    "channel": "slack",
}
"""What the troubles of bot/delivery/health.py are about, without the ids that some of their keys hold."""


class Metrics:
    """Made once for each application: nothing is registered anywhere else."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge, counter, histogram = self._gauge, self._counter, self._histogram
        gauge("build_info", "The version that runs; always 1.", "version", "python").labels(
            __version__, platform.python_version()
        ).set(1)
        self.ready = gauge("ready", "1 while commands and clicks are recorded.")
        self.troubles = gauge("troubles", "What does not work now; /readyz on this port has the words.", "about")
        self.requests = gauge("requests", "Requests by state, as the shared database has them.", "state")
        self.ended = counter("requests_ended", "Requests ended since this process started, on all replicas.", "state")
        self.decisions = histogram(
            "decision_seconds", "From the ask to the decision, on all replicas.", DECISION_BUCKETS, "decision"
        )
        self.refusals = counter("refusals", "Commands and clicks refused, on all replicas.", "action", "ground")
        self.acks = histogram(
            "ack_seconds", "From a request of Slack's to its answer, by this process.", ACK_BUCKETS, "surface"
        )
        self.shed = counter("shed", "Requests of Slack's turned away because too many were in hand.", "surface")
        self.graph_calls = counter("graph_calls", "Answers of Graph, or what came instead.", "kind", "status")
        self.graph_seconds = histogram("graph_call_seconds", "How long Graph takes.", CALL_BUCKETS, "kind")
        self.gap = gauge("graph_pace_gap_seconds", "Between two calls about risky users: longer after a 429.")
        self.turns = histogram(
            "graph_turn_wait_seconds", "How long a call about risky users waits for its turn.", TURN_BUCKETS, "turn"
        )
        self.tasks = gauge("tasks", "Tasks that wait or are in hand, as the shared database has them.", "kind")
        self.overdue = gauge("task_overdue_seconds", "For how long the oldest task has been due.", "kind")
        self.attempts = gauge("task_attempts", "How often the most stubborn task was tried.", "kind")
        self.retries = counter("task_retries", "Tasks that this process put off, to be tried again.", "kind")
        self.slack_calls = counter("slack_calls", "Calls to Slack's Web API.", "method", "outcome")
        self.entries = gauge(
            "audit_entries", "The newest entry of the audit trail by number: the length of its chain."
        )
        self.credential = gauge(
            "credential_expiry_timestamp_seconds",
            "When the credential for Entra ends, where it can be known.",
            "kind",
        )
        self.read_at = gauge(
            "store_read_timestamp_seconds", "When the database was last read for these numbers: they may be stale."
        )
        self._begin()

    def _begin(self) -> None:
        """Start from 0: what appears only when it happens can't be told from what is missing."""
        for state in get_args(State):
            self.requests.labels(state)
            self.ended.labels(state)
        for kind in get_args(TaskKind):
            for numbers in (self.tasks, self.overdue, self.attempts, self.retries):
                numbers.labels(kind)
        for surface in SURFACES:
            self.acks.labels(surface)
            self.shed.labels(surface)
        for about in TROUBLES.values():
            self.troubles.labels(about)

    def graph_call(self, kind: str, status: str, seconds: float) -> None:
        self.graph_calls.labels(kind, status).inc()
        self.graph_seconds.labels(kind).observe(seconds)

    def turn_came(self, turn: str, waited: float) -> None:
        self.turns.labels(turn).observe(waited)

    def put_off(self, kind: str) -> None:
        self.retries.labels(kind).inc()

    def slack_call(self, method: str, outcome: str) -> None:
        self.slack_calls.labels(method, outcome).inc()

    def credential_ends(self, kind: str, at: datetime) -> None:
        self.credential.labels(kind).set(at.timestamp())

    def troubled_by(self, keys: list[str]) -> None:
        """Count what is wrong now, by the keys of the troubles."""
        about = [TROUBLES.get(key, TROUBLES.get(key.partition(":")[0].partition(" ")[0], "other")) for key in keys]
        for one in {*TROUBLES.values(), "other"}:
            self.troubles.labels(one).set(about.count(one))

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(_Plain(self.registry))

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"confirm_safe_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"confirm_safe_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"confirm_safe_{name}", text, labels, registry=self.registry, buckets=buckets)


class _Plain(Collector):
    """Without when each counter was made: the library leaves that out for the whole process or not at all."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
