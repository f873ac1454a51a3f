"""The Home tab: what waits for its reader, with buttons that work there; what they asked for; what they may do."""

from pathlib import Path

from demo.local_slack import View
from demo.wire import Fault
from tests.rig import APPROVALS, BOTH_WAYS, FAILED, Rig, running

ONE = "adelev@contoso.com VPN exit moved"


async def home_of(rig: Rig, user: str, words: str) -> View:
    """Open it, and wait until it says so."""
    answer = await rig.slack.open_home(user)
    assert answer.status == 200, answer
    return await says(rig, user, words)


async def says(rig: Rig, user: str, words: str) -> View:
    def shown() -> View | None:
        view = rig.slack.home(user)
        return view if view is not None and words in rig.slack.plain(view) else None

    view = await rig.books.until(shown)
    assert view is not None
    return view


@BOTH_WAYS
async def test_an_approver_sees_what_waits_and_approves_it_from_there(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0MEGAN", "Waiting for you: 1")
        told = rig.slack.plain(home)
        assert f"{rig.id_of(message)}: @Lynne Robbins asks for 1 user: Adele Vance. Risk: High." in told
        assert "Reason: VPN exit moved" in told
        await rig.slack.press(home, "review")
        window = await rig.modal_of("U0MEGAN")
        assert "Adele Vance · adelev@contoso.com" in rig.slack.plain(window)
        await rig.slack.submit(window)
        await rig.shows(message, "1 user confirmed safe")
        await says(rig, "U0MEGAN", "Nothing waits for your approval.")
        assert len(rig.sent()) == 1


async def test_who_asked_sees_it_and_takes_it_back_there(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0ANALYST", rig.id_of(message))
        assert "Waiting for you" not in rig.slack.plain(home)
        assert "You may ask: yes." in rig.slack.plain(home)
        await rig.slack.press(home, "withdraw")
        await rig.shows(message, "Withdrawn: 1 user")
        await says(rig, "U0ANALYST", "withdrawn, 1 user")


async def test_a_denial_from_there_asks_why_and_is_told_in_the_channel(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0DIEGO", "Waiting for you: 1")
        await rig.slack.press(home, "deny")
        await rig.slack.submit(await rig.modal_of("U0DIEGO"), values={"text": "Call her first"})
        await rig.shows(message, "Their reason: Call her first")
        await says(rig, "U0DIEGO", "denied, 1 user")


async def test_what_was_decided_meanwhile_is_told_by_direct_message_and_nothing_else_happens(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0DIEGO", "Waiting for you: 1")
        await rig.slack.command(f"withdraw {rig.id_of(message)}")
        await rig.shows(message, "Withdrawn")
        await rig.slack.press(home, "review")
        await rig.whispered("U0DIEGO", "@Lynne Robbins withdrew it at ")
        assert rig.slack.modal("U0DIEGO") is None
        assert rig.slack.ephemerals("U0DIEGO") == []


async def test_what_was_withdrawn_while_it_was_looked_up_keeps_no_home_tab_from_being_drawn(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.graph.faults.add(Fault("riskyUsers", "status", times=-1, status=503))
        await rig.slack.command(ONE)
        home = await home_of(rig, "U0ANALYST", "being looked up in Entra")
        await rig.slack.press(home, "withdraw")
        await says(rig, "U0ANALYST", "withdrawn, 1 user asked for")
        await home_of(rig, "U0MEGAN", "withdrawn, 1 user asked for")
        assert (await rig.slack.command("mine")).status == 200
        assert "withdrawn, 1 user asked for" in rig.slack.plain(rig.slack.ephemerals("U0ANALYST")[-1])


async def test_who_is_refused_there_for_what_is_out_of_date_sees_it_as_it_is_now(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0DIEGO", "Waiting for you: 1")
        await rig.slack.command(f"withdraw {rig.id_of(message)}")
        await rig.shows(message, "Withdrawn")
        await rig.slack.press(home, "review")
        await says(rig, "U0DIEGO", "Nothing waits for your approval.")


@BOTH_WAYS
async def test_where_no_window_opens_there_slack_shows_that_it_failed(tmp_path: Path, way: str) -> None:
    async with running(tmp_path, way=way) as rig:
        await rig.asked(ONE)
        home = await home_of(rig, "U0DIEGO", "Waiting for you: 1")
        rig.slack.faults.add(Fault("views.open", "status", times=-1, status=503))
        for button in ("review", "deny", "details"):
            answer = await rig.slack.press(home, button)
            assert answer.status == FAILED[way], button


async def test_details_open_there_too(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        home = await home_of(rig, "U0MEGAN", "Waiting for you: 1")
        await rig.slack.press(home, "details")
        assert f"Details of {rig.id_of(message)}" in rig.slack.plain(await rig.modal_of("U0MEGAN"))


async def test_an_outsider_sees_nothing_of_others_and_why(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        message = await rig.asked(ONE)
        told = rig.slack.plain(await home_of(rig, "U0JONI", "You may ask: no"))
        assert rig.id_of(message) not in told
        assert "Waiting for you" not in told
        assert "Recent outcomes" not in told
        assert "You have no requests in the last 30 days." in told


async def test_what_an_approver_asked_for_does_not_wait_for_them(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked(ONE, by="U0MEGAN")
        assert "Nothing waits for your approval." in rig.slack.plain(await home_of(rig, "U0MEGAN", "Waiting for you"))
        await home_of(rig, "U0DIEGO", "Waiting for you: 1")


async def test_while_slack_does_not_tell_who_somebody_is_it_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.asked(ONE)
        rig.slack.faults.add(Fault("users.info", "status", times=-1, status=503))
        told = rig.slack.plain(await home_of(rig, "U0JONI", "I couldn't check what you may see"))
        assert "You may ask: I can't tell just now. You may approve: I can't tell just now." in told


async def test_an_opening_that_is_told_twice_draws_the_same_and_one_that_fails_is_drawn_later(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.slack.faults.add(Fault("views.publish", "status", times=1, status=503))
        await home_of(rig, "U0ANALYST", "Your requests")
        assert (await rig.slack.replay()).status == 200
        assert rig.slack.messages(APPROVALS) == []


async def test_slack_is_answered_when_it_checks_the_address_for_events(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        body = b'{"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}'
        headers = {**rig.slack.sign(body), "Content-Type": "application/json"}
        answer = await rig.slack.post_raw(body, headers)
        assert (answer.status, answer.body) == (200, {"challenge": "3eZbrw1aB"})
        assert (await rig.slack.post_raw(body, {**headers, "X-Slack-Signature": "v0=00"})).status == 401
        for garbage in (
            b"[]",
            b"{",
            b'{"type": "event_callback", "team_id": "T0CONTOSO", "event": {}}',
            b'{"type": 1}',
        ):
            signed = {**rig.slack.sign(garbage), "Content-Type": "application/json"}
            assert (await rig.slack.post_raw(garbage, signed)).status == 400
