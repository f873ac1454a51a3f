"""Socket Mode's own days: sockets that are cut, refreshed, half open or refused, and a start without a good token."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from demo.local_slack import Message
from demo.local_slack.sockets import APP_TOKEN, Line
from demo.local_slack.workspace import TEAM
from demo.wire import Fault
from tests.command_line import ready, run
from tests.operating.scraped import scrape
from tests.postgres import PostgresServer
from tests.rig import APPROVALS, SOCKET_MODE, Rig, running

ONE = "adelev@contoso.com VPN"
OTHER = "alexw@contoso.com VPN"
DEAD = (
    "Socket Mode: the app token does not work (invalid_auth). Make an App-Level Token with the scope "
    "connections:write: https://api.slack.com/apps, Basic Information."
)
GONE = "Socket Mode: no socket is open just now."


async def readyz(rig: Rig, *, is_operators: bool = True) -> tuple[int, Any]:
    assert rig.application is not None
    port = rig.application.admin_port if is_operators else rig.application.port
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as response:
        return response.status, (await response.json())["degraded"]


async def until(rig: Rig, status: int, *, is_told: bool = False) -> Any:
    """Wait until /readyz answers so; why comes a moment later, once Slack was asked for the next socket."""
    async with asyncio.timeout(60):
        while (told := await readyz(rig))[0] != status or (is_told and not told[1]):
            await rig.clock.sleep(0.1)
        return told[1]


async def in_hand(rig: Rig, count: int = 1) -> None:
    assert rig.application is not None
    while rig.application._intake.in_hand < count:
        await rig.clock.sleep(0.01)


async def clicked(rig: Rig, message: Message, line: Line) -> "asyncio.Task[Any]":
    """Click, and return once the bot has the click in hand that came by this socket."""
    rig.slack.sockets.chosen = line
    click = asyncio.create_task(rig.slack.click(message, "approve"))
    await in_hand(rig)
    rig.slack.sockets.chosen = None
    return click


def kept(rig: Rig, *gone: Line) -> bool:
    """Whether two sockets are open, none of these among them."""
    return len(rig.slack.sockets.lines) == 2 and not set(gone) & set(rig.slack.sockets.lines)


# -- what serves


async def test_two_sockets_are_open_and_both_take_what_people_do(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        first, second = rig.lines
        message = await rig.asked(ONE)
        await rig.slack.click(message, "approve")
        await rig.shows(message, "1 user confirmed safe")
        assert (first.delivered, second.delivered) == (1, 1)
        numbers = await scrape(rig)
        assert numbers.value("ack_seconds_count", surface="command") == 1
        assert numbers.value("ack_seconds_count", surface="click") == 1
        assert numbers.value("ready") == 1


async def test_http_serves_only_whether_it_is_well(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, SLACK_SIGNING_SECRET="8f742231b10e8888abcd99yyyzzz85a5") as rig:
        body = b"command=%2Fconfirm-safe"
        assert (await rig.slack.post_raw(body, rig.slack.sign(body))).status == 404
        assert await readyz(rig, is_operators=False) == (200, 0)


async def test_pings_of_slacks_are_answered_with_what_they_hold(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        line = rig.lines[0]
        await line.socket.ping(b"sdk-ping-pong:1764201600.5")
        await rig.books.until(lambda: line.pongs == ["sdk-ping-pong:1764201600.5"])


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("slash_commands", {"team_id": "T0OTHER", "api_app_id": "A0CONFIRM"}),
        ("slash_commands", {"team_id": TEAM, "api_app_id": "A0OTHER"}),
        ("slash_commands", {"team_id": TEAM, "api_app_id": "A0CONFIRM", "trigger_id": ""}),
        ("slash_commands", {"team_id": TEAM, "api_app_id": "A0CONFIRM", "user_id": ["U0ANALYST"]}),
        ("interactive", {"type": "block_actions", "user": {}, "actions": [], "team": {}}),
        ("events_api", {"type": "event_callback", "team_id": TEAM}),
        ("surprise", {}),
    ],
)
async def test_what_is_not_for_this_bot_is_neither_taken_nor_acked(
    tmp_path: Path, kind: str, payload: dict[str, Any]
) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        command = {"command": "/confirm-safe", "text": ONE, "user_id": "U0ANALYST", "channel_id": "C0GENERAL"}
        whole = {**command, "trigger_id": "1.1", **payload} if kind == "slash_commands" else payload
        assert (await rig.slack.sockets.deliver(kind, whole, 0.2)).status == 0
        assert rig.slack.messages(APPROVALS) == []
        assert (await rig.slack.command("help")).status == 200


async def test_frames_that_make_no_sense_do_no_harm(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        for line in rig.lines:
            for frame in (
                "{",
                "[]",
                "1",
                '{"type": "interactive", "envelope_id": "1", "payload": "x"}',
                "[" * 100_000,
            ):
                await line.socket.send_str(frame)
        await rig.asked(ONE)
        assert kept(rig)


async def test_what_is_too_much_is_said_in_the_ack(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        message = await rig.asked(ONE)
        await rig.slack.click(message, "deny")
        modal = await rig.modal_of("U0MEGAN")
        assert rig.application is not None
        rig.application._intake.most_in_hand = 0
        rig.slack.delivery.patience = 0.5
        answer = await rig.slack.command(OTHER)
        assert "nothing was recorded. Please send it again in a minute" in answer.body["text"]
        await rig.slack.submit(modal, values={"text": "no"})
        assert "nothing was recorded. Please click again in a minute." in rig.slack.plain(modal.view["blocks"])
        assert (await rig.slack.click(message, "approve")).status == 0  # no ack: Slack shows that it failed
        await rig.whispered("U0MEGAN", "nothing was recorded. Please click again in a minute.")


# -- sockets that come and go


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_refresh_while_a_click_is_in_hand_loses_nothing(tmp_path: Path, reason: str) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        message = await rig.asked(ONE)
        line = rig.lines[0]
        async with rig.busy():
            click = await clicked(rig, message, line)
            await rig.slack.sockets.disconnect(line, reason)
            await rig.books.until(lambda: len(rig.slack.sockets.lines) == (3 if reason == "warning" else 2))
        assert (await click).status == 200
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.sent()) == 1


async def test_the_next_socket_is_open_before_the_old_one_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        old = rig.lines[0]
        await rig.slack.sockets.disconnect(old, "warning")
        await rig.books.until(lambda: len(rig.slack.sockets.lines) == 3)
        rig.slack.sockets.chosen = old
        message = await rig.asked(ONE)  # what still comes by the old one is taken
        assert old.delivered == 1
        await rig.slack.sockets.disconnect(old, "refresh_requested")
        await rig.books.until(lambda: kept(rig, old))
        assert (await rig.slack.click(message, "approve")).status == 200


async def test_a_socket_that_is_cut_before_the_ack_costs_no_click_and_its_answer_goes_by_the_other(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        message = await rig.asked(ONE)
        line = rig.lines[0]
        async with rig.busy():
            click = await clicked(rig, message, line)
            line.cut()
            await rig.books.until(lambda: line not in rig.slack.sockets.lines)
            assert rig.application is not None
            while sum(link.is_up for link in rig.application._sockets._links) != 1:  # type: ignore[union-attr] # it's on
                await rig.clock.sleep(0.01)
        assert (await click).status == 200
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.sent()) == 1
        await rig.books.until(lambda: kept(rig, line))


async def test_a_click_whose_ack_nobody_gets_counts_once_when_it_is_clicked_again(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        message = await rig.asked(ONE)
        rig.slack.delivery.patience = 0.5
        for line in rig.lines:
            line.is_deaf = True
        assert (await rig.slack.click(message, "approve")).status == 0
        for line in rig.lines:
            line.cut()
        await rig.books.until(lambda: kept(rig, *rig.lines))
        assert (await rig.slack.replay()).status == 200
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.sent()) == 1


async def test_a_socket_that_answers_no_ping_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, start=False) as rig:
        await rig.start()
        assert rig.parts is not None
        rig.parts.sockets.heartbeat = 0.1
        for line in rig.lines:
            line.cut()
        await rig.books.until(lambda: kept(rig, *rig.lines))
        dumb = rig.slack.sockets.lines[0]
        dumb.is_deaf = True
        await rig.books.until(lambda: kept(rig, dumb))


async def test_without_a_socket_the_bot_is_not_ready_and_says_why_and_is_again_with_one(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        rig.slack.faults.add(Fault("apps.connections.open", "status", times=-1, status=500))
        for line in rig.lines:
            line.cut()
        (degraded,) = await until(rig, 503)
        assert degraded.startswith(("Socket Mode: no socket is open just now.", "Socket Mode: http"))
        assert (await readyz(rig, is_operators=False))[0] == 503
        assert (await rig.slack.command(ONE)).error == "no socket"
        rig.slack.faults.clear()
        assert await until(rig, 200) == []
        await rig.asked(ONE)


async def test_slack_that_closes_each_socket_at_once_is_not_hammered(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, speed=0, start=False) as rig:
        starting = asyncio.create_task(rig.start())
        await rig.books.until(lambda: len(rig.slack.sockets.lines) == 2)
        for _ in range(2):
            for line in list(rig.slack.sockets.lines):
                await rig.slack.sockets.disconnect(line, "refresh_requested")
            await rig.books.until(lambda: not rig.slack.sockets.lines or len(rig.slack.sockets.lines) == 2)
        await starting
        await rig.clock.until_waiting(2)
        assert len(rig.books.of("apps.connections.open")) <= 6


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "link_disabled",
            "Socket Mode: it is turned off for the app. Turn it on: https://api.slack.com/apps, Socket",
        ),
        ("too_many_websockets", "Socket Mode: Slack takes no more sockets of this app than ten. Each process opens"),
    ],
)
async def test_why_slack_takes_no_socket_is_said(tmp_path: Path, reason: str, words: str) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        rig.slack.sockets.is_on = reason != "link_disabled"
        rig.slack.sockets.most = 0
        for line in list(rig.slack.sockets.lines):
            await rig.slack.sockets.disconnect(line, reason)
        (degraded,) = await until(rig, 503)
        assert degraded.startswith(words)
        rig.slack.sockets.is_on, rig.slack.sockets.most = True, 10
        rig.clock.advance(timedelta(minutes=1))
        assert await until(rig, 200) == []


# -- the app token


async def test_a_bad_app_token_is_named_at_once_and_slack_is_not_asked_for_ever(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, start=False, speed=0) as rig:
        rig.slack.sockets.token = "xapp-1-A0CONFIRM-1-other"
        await rig.start()
        assert await readyz(rig) == (503, [DEAD])
        assert len(rig.books.of("apps.connections.open")) == 2
        rig.clock.advance(timedelta(seconds=29))
        assert len(rig.books.of("apps.connections.open")) == 2
        rig.slack.sockets.token = APP_TOKEN
        rig.clock.advance(timedelta(seconds=2))
        await rig.books.until(lambda: len(rig.slack.sockets.lines) == 2)
        assert (await until(rig, 200)) == []


async def test_a_token_that_is_revoked_later_is_named_at_the_next_socket(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        rig.slack.faults.add(Fault("apps.connections.open", "status", times=-1, status=200, code="token_revoked"))
        for line in list(rig.slack.sockets.lines):
            await rig.slack.sockets.disconnect(line, "refresh_requested")
        (degraded,) = await until(rig, 503, is_told=True)
        assert degraded.startswith(
            "Socket Mode: the app token does not work (token_revoked). Make an App-Level Token"
        )


async def test_the_doctor_checks_the_app_token_and_opens_no_socket(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, start=False, speed=1) as rig:
        status, out, err = await run(rig, "doctor")
        assert (status, err) == (0, "")
        assert "ok  settings: Socket Mode, tenant " in out
        assert "ok  Socket Mode: the app token opens connections" in out
        assert rig.slack.sockets.lines == []


async def test_the_doctor_names_what_is_wrong_with_the_app_token(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, start=False, speed=1) as rig:
        other = "xapp-1-A0OTHER-1-a"
        status, out, err = await run(rig, "doctor", SLACK_APP_TOKEN=other, LOG_LEVEL="DEBUG")
        assert status == 1
        assert f"NO  {DEAD}" in out
        assert (
            "NO  SLACK_APP_TOKEN is of app A0OTHER, SLACK_BOT_TOKEN of A0CONFIRM: what people do does not arrive. "
            "Copy both from the same app: https://api.slack.com/apps"
        ) in out
        assert other not in out + err
        rig.slack.sockets.scopes.clear()
        assert (
            "NO  Socket Mode: the app token lacks the scope connections:write. Make an"
            in (await run(rig, "doctor"))[1]
        )


# -- starting, stopping, several


async def test_it_says_when_it_is_ready_and_acks_what_is_in_hand_before_it_stops(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE, start=False, speed=1) as rig:
        process, line = await ready(rig, LOG_LEVEL="DEBUG")
        assert "ready: Socket Mode, workspace Contoso" in line
        commands = [asyncio.create_task(rig.slack.command(f"user{n}@contoso.com VPN")) for n in range(20)]
        await rig.books.until(lambda: sum(line.delivered for line in rig.slack.sockets.lines) == len(commands))
        answers = await asyncio.gather(*commands)
        process.send_signal(signal.SIGTERM)
        rest = (await process.communicate())[1].decode()
        assert process.returncode == 0
        assert {answer.status for answer in answers} == {200}
        assert rig.slack.sockets.lines == []
        assert "Traceback" not in rest
        assert APP_TOKEN not in rest + line
        assert "ticket" not in rest + line


async def test_a_stop_finishes_and_acks_what_is_in_hand_and_takes_nothing_more(tmp_path: Path) -> None:
    async with running(tmp_path, way=SOCKET_MODE) as rig:
        message = await rig.asked(ONE)
        line = rig.lines[0]
        async with rig.busy():
            click = await clicked(rig, message, line)
            rig.slack.delivery.patience = 0.3
            stopping = asyncio.create_task(rig.stop())
            await rig.books.until(lambda: rig.slack.sockets.lines == [line])
            late = await rig.slack.command(OTHER)
        assert (await click).status == 200
        assert late.status == 0
        await stopping
        assert rig.slack.sockets.lines == []
        await rig.start()
        await rig.shows(message, "1 user confirmed safe")
        assert len(rig.slack.messages(APPROVALS)) == 1


async def test_two_replicas_with_sockets_of_their_own_make_one_decision(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    async with running(tmp_path, way=SOCKET_MODE, DATABASE_URL=url) as one, one.beside() as other:
        assert len(one.slack.sockets.lines) == 4
        one.serves()
        message = await one.asked(ONE)
        first = asyncio.create_task(one.slack.click(message, "approve", by="U0MEGAN"))
        await one.books.until(lambda: one.lines[0].delivered == 2)
        other.serves()
        second = asyncio.create_task(one.slack.click(message, "approve", by="U0DIEGO"))
        assert {answer.status for answer in await asyncio.gather(first, second)} == {200}
        await one.shows(message, "1 user confirmed safe")
        assert len(one.sent()) == 1
        assert other.lines[0].delivered == 1


async def test_sockets_go_by_the_proxy_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async with running(tmp_path, way=SOCKET_MODE) as rig:

        async def pass_on(request: web.Request) -> web.Response:
            seen.append(f"{request.method} {request.path}")
            if request.path == "/link/":
                return web.Response(status=502)
            authorization = request.headers["Authorization"]
            return web.json_response(rig.slack.sockets.connections_open(authorization, f"http://{request.host}"))

        proxy = web.Application()
        proxy.router.add_route("*", "/{tail:.*}", pass_on)
        runner = web.AppRunner(proxy)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{runner.addresses[0][1]}")
        rig.lines[0].cut()
        async with asyncio.timeout(60):
            while "GET /link/" not in seen:
                await rig.clock.sleep(0.1)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await rig.books.until(lambda: kept(rig, rig.lines[0]))
        await runner.cleanup()
