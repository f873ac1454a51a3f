"""The page's server: who may use it, what it tells of changes, and what it answers to nonsense."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from demo.bot_process import ROOT, BotProcess
from demo.local_slack.workspace import Message
from demo.page.screen import changes
from demo.page.server import Page
from demo.page.trail import Trail
from demo.world import World, world

ANALYST = "U0ANALYST"


@pytest.fixture
async def contoso() -> AsyncIterator[World]:
    """Without its bot: what the bot answers is told elsewhere."""
    async with world(lambda _: None) as contoso:
        yield contoso


@pytest.fixture
async def page(contoso: World) -> AsyncIterator[Page]:
    async with Page(contoso, port=0) as page:
        yield page


class Visitor:
    """A browser as far as HTTP goes."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        async with self.session.post(f"{self.address}{path}", json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.text()

    async def do(self, what: str, by: str = ANALYST, **given: Any) -> tuple[int, Any]:
        return await self.post("do", {"do": what, "as": by, **given})

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(f"{self.address}{path}", headers=headers) as response:
            return response.status, await response.text()


@pytest.fixture
async def visitor(page: Page) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield Visitor(session, page.address)


async def told(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """Read the next event."""
    async for line in response.content:
        if line.startswith(b"data: "):
            event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return event
    raise AssertionError("the stream ended")


async def test_another_sites_page_may_not_drive_this_one(visitor: Visitor) -> None:
    status, _ = await visitor.post("do", {"do": "home", "as": ANALYST}, Origin="https://evil.example")
    assert status == 403


async def test_a_name_that_was_rebound_to_this_machine_is_turned_away(visitor: Visitor) -> None:
    assert (await visitor.get("", Host="evil.example"))[0] == 403


async def test_a_form_of_another_site_is_turned_away(visitor: Visitor) -> None:
    async with visitor.session.post(f"{visitor.address}do", data="do=home") as response:
        assert response.status == 415


@pytest.mark.parametrize(
    "body",
    [
        [],
        "words",
        {"do": "dance", "as": ANALYST},
        {"do": "home", "as": "U0NOBODY"},
        {"do": "write", "as": ANALYST, "channel": "C0GENERAL"},
    ],
)
async def test_nonsense_is_a_bad_request(visitor: Visitor, body: Any) -> None:
    assert (await visitor.post("do", body))[0] == 400


async def test_a_trouble_that_does_not_exist_is_a_bad_request(visitor: Visitor) -> None:
    assert await visitor.post("trouble", {"name": "rain", "on": True}) == (400, "no such trouble")


async def test_nobody_presses_a_button_in_a_channel_they_are_not_in(contoso: World, visitor: Visitor) -> None:
    message = Message("C0APPROVE", contoso.slack.workspace.new_ts(contoso.graph.date()), "U0BOT", "hello", [])
    contoso.slack.workspace.posted.append(message)
    status, answer = await visitor.do(
        "press", "U0GUEST", on="message", channel="C0APPROVE", ts=message.ts, action="approve"
    )
    assert (status, answer) == (200, {"problem": "That is gone: a channel you are in is no longer there."})


async def test_what_somebody_writes_is_shown_to_the_others_as_they_wrote_it(visitor: Visitor) -> None:
    await visitor.do("write", channel="C0GENERAL", text="<b>& *hello*</b>")
    async with visitor.session.get(f"{visitor.address}events?as=U0MEGAN") as response:
        event = await told(response)
    shown = "".join(event["lists"]["channel:C0GENERAL"]["html"].values())
    assert "&lt;b&gt;&amp; " in shown
    assert "<b>&" not in shown


async def test_only_what_changed_is_sent_again(contoso: World, visitor: Visitor) -> None:
    async with visitor.session.get(f"{visitor.address}events?as={ANALYST}") as response:
        first = await told(response)
        await visitor.do("write", channel="C0GENERAL", text="hello")
        while "channel:C0GENERAL" not in (event := await told(response))["lists"]:
            pass
    change = event["lists"]["channel:C0GENERAL"]
    assert len(change["keys"]) == len(first["lists"]["channel:C0GENERAL"]["keys"]) + 1
    assert list(change["html"]) == change["keys"][-1:]
    assert contoso.books.complaints == []


def test_what_is_gone_is_told_too() -> None:
    before = {"modal": {"V1": "<p>"}, "thread:C:1": {"1": "<li>"}}
    assert dict(changes({"modal": {}}, before)) == {
        "modal": {"keys": [], "html": {}},
        "thread:C:1": {"keys": [], "html": {}},
    }


async def test_a_command_is_refused_in_a_thread_as_slack_does(visitor: Visitor) -> None:
    _, answer = await visitor.do("write", channel="C0GENERAL", thread="1.2", text="/confirm-safe help")
    assert answer == {"problem": "/confirm-safe is not supported in threads. Sorry!"}


async def test_another_apps_command_is_none(visitor: Visitor) -> None:
    assert (await visitor.do("write", channel="C0GENERAL", text="/remind me"))[1] == {
        "problem": "/remind is not a valid command."
    }


async def test_a_bot_that_is_down_reads_as_slack_shows_it(visitor: Visitor) -> None:
    _, answer = await visitor.do("write", channel="C0GENERAL", text="/confirm-safe help")
    assert answer["problem"].startswith("Slack shows a warning sign: confirm-safe did not take it (")


async def test_what_cannot_be_drawn_is_an_error_in_its_place_and_the_rest_goes_on(
    contoso: World, visitor: Visitor
) -> None:
    workspace = contoso.slack.workspace
    for text, blocks in (("odd", [{"type": "video"}]), ("hello", [])):
        ts = workspace.new_ts(contoso.graph.date())
        workspace.posted.append(Message("C0GENERAL", ts, "U0BOT", text, blocks))
    async with visitor.session.get(f"{visitor.address}events?as={ANALYST}") as response:
        first = await told(response)
    shown = "".join(first["lists"]["channel:C0GENERAL"]["html"].values())
    assert "Here the page can&#39;t draw a block of type &#39;video&#39;." in shown
    assert "hello" in shown
    assert contoso.books.complaints == ["the page can't draw a block of type 'video'"]


async def test_a_button_that_is_gone_meanwhile_is_told_as_gone(contoso: World, visitor: Visitor) -> None:
    message = Message("C0GENERAL", contoso.slack.workspace.new_ts(contoso.graph.date()), "U0BOT", "hello", [])
    contoso.slack.workspace.posted.append(message)
    _, answer = await visitor.do("press", on="message", channel="C0GENERAL", ts=message.ts, action="stop")
    assert answer == {"problem": "That is gone: that button is no longer there."}


async def test_nobody_dismisses_what_others_see_too(contoso: World, visitor: Visitor) -> None:
    message = Message("C0GENERAL", contoso.slack.workspace.new_ts(contoso.graph.date()), "U0BOT", "hello", [])
    contoso.slack.workspace.posted.append(message)
    _, answer = await visitor.do("dismiss", channel="C0GENERAL", ts=message.ts)
    assert answer == {"problem": "That is gone: a message that only you see is no longer there."}
    assert not message.deleted


async def test_a_message_is_no_longer_than_slack_takes(visitor: Visitor) -> None:
    _, answer = await visitor.do("write", channel="C0GENERAL", text="*a " * 1_400)
    assert answer == {"problem": "That is too long: a message takes 4,000 characters here."}


async def test_a_command_may_go_on_in_the_next_line(contoso: World, visitor: Visitor) -> None:
    await visitor.do("write", channel="C0GENERAL", text="/confirm-safe\nalexw@contoso.com\nVPN")
    assert contoso.slack.delivery.delivered[-1].payload["text"] == "alexw@contoso.com\nVPN"


async def test_a_browser_that_goes_away_leaves_nothing_half_done(contoso: World, visitor: Visitor) -> None:
    starting, go_on, is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def start() -> None:
        starting.set()
        await go_on.wait()
        is_done.set()

    contoso.start_bot = start  # type: ignore[method-assign] # the bot's own start takes seconds
    request = asyncio.create_task(visitor.post("trouble", {"name": "kill", "on": False}))
    await starting.wait()
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    await visitor.get("static/page.css")  # the server has seen by now that it is gone
    go_on.set()
    async with asyncio.timeout(10):
        await is_done.wait()


@pytest.mark.parametrize("path", ["", "texts"])
async def test_documents_run_no_script_but_their_own(visitor: Visitor, path: str) -> None:
    async with visitor.session.get(f"{visitor.address}{path}") as response:
        assert response.status == 200
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_the_gallery_shows_every_example_that_is_kept(visitor: Visitor) -> None:
    _, text = await visitor.get("texts")
    for name in ("A1-A3 waits", "S7 done", "D while it waits", "H home of an approver", "T2 confirmed"):
        assert f"<figcaption>{name}</figcaption>" in text


ENTRY = {
    "n": 1,
    "at": "2026-11-28T05:01:23.870594+00:00",
    "actor": "bot",
    "kind": "Started",
    "request_id": None,
    "version": None,
    "body": "{}",
    "salt": "00" * 16,
    "body_digest": "c4d4f8e2bbb0ed6fa64d1e3c4a6a44ad7e8cbdbb8ae0c1dd70a1cb44b5ee8ea1",
    "previous": "0" * 64,
    "mac": "1" * 64,
}


async def test_an_entry_that_does_not_verify_is_shown_as_broken(contoso: World) -> None:
    trail = Trail(contoso)
    trail.take({"kind": "Export", "mac": "0" * 64})
    trail.take(ENTRY)
    assert [entry.is_whole for entry in trail.entries] == [False]


class Saying(BotProcess):
    """A bot whose commands print this instead, and end."""

    def __init__(self, said: str) -> None:
        super().__init__({}, ROOT, lambda _: None)
        self._said = said

    async def run(self, *_: str, stdout: int | None = None, stderr: int | None = None) -> asyncio.subprocess.Process:
        code = f"import sys; print({self._said!r}); sys.exit('no such table')"
        return await super().run("-c", code, stdout=stdout, stderr=stderr)


@pytest.mark.parametrize(
    ("said", "why"),
    [("", "Expecting value: line 1 column 1 (char 0)"), ('{"kind": "Export", "mac": ""}', "status 1: no such table")],
)
async def test_a_record_that_cannot_be_read_is_said_to_be_so(contoso: World, said: str, why: str) -> None:
    async with (
        Page(dataclasses.replace(contoso, bot=Saying(said)), port=0) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page.address}events?as={ANALYST}") as response,
    ):
        while "problem" not in (event := await told(response))["lists"].get("trail", {"html": {}})["html"]:
            pass
    row = event["lists"]["trail"]["html"]["problem"]
    assert row == f'<li class="row row-bad">The record can&#39;t be read now: {why}</li>'


async def test_the_usual_port_is_left_to_whoever_has_it(contoso: World) -> None:
    async with Page(contoso, port=0) as first:
        taken = int(first.address.rstrip("/").rpartition(":")[2])
        async with Page(contoso, port=taken) as second:
            assert second.address != first.address
