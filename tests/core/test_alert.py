"""An alert's thread is told of the request that was asked from it, where it has one that others read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import events as ev
from bot.core.alert import Alert
from bot.core.follow_ups import follow_ups
from bot.core.ids import ChannelId, MessageTs
from bot.core.model import Request
from bot.core.terms import Terms
from tests.slack.made import NOON, request

ALERT = Alert(ChannelId("C0ALERTS"), MessageTs("1.1"))
TERMS = Terms(timedelta(hours=8), timedelta(hours=1))


def wished(before: Request, after: Request) -> list[tuple[str, str]]:
    found = follow_ups(before, after, (ev.Expired(),), NOON, terms=TERMS, incident_channels=())
    return [(wish.key, str(wish.payload["topic"])) for wish in found if wish.kind == "alert"]


def test_the_end_redraws_the_line_and_is_a_post_of_its_own() -> None:
    waits = request(alert=ALERT)
    ended = replace(waits, state="expired")
    assert wished(waits, ended) == [("CS-4K7Q.alert", "line"), ("CS-4K7Q.alert.end", "end")]


def test_what_nobody_has_seen_yet_is_told_to_no_alert() -> None:
    waits = request(alert=ALERT, shown_view=0)
    assert wished(waits, replace(waits, state="expired")) == []


@pytest.mark.parametrize(
    "alert", [None, replace(ALERT, channel=ChannelId("D0ANALYST")), replace(ALERT, ts=MessageTs(""))]
)
def test_without_a_thread_that_others_read_nothing_is_told(alert: Alert | None) -> None:
    waits = request(alert=alert)
    assert wished(waits, replace(waits, state="expired")) == []


def test_a_rehearsal_is_told_to_no_alert() -> None:
    waits = request(alert=ALERT, is_rehearsal=True)
    assert wished(waits, replace(waits, state="expired")) == []


def test_an_answer_goes_to_the_thread_that_the_alert_stands_in() -> None:
    assert (ALERT.thread, replace(ALERT, thread_ts="1.0").thread) == ("1.1", "1.0")
