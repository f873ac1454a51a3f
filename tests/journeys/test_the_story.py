"""The story: from the command to the read-back, as its people see it."""

from pathlib import Path

from tests.rig import ADELE_AND_ALEX, APPROVALS, INCIDENT, running


async def test_an_approved_request_is_sent_read_back_and_told(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        answer = await rig.slack.command(ADELE_AND_ALEX)
        assert answer.status == 200
        assert "Got it: 2 users" in answer.body["text"]
        await rig.books.until(lambda: rig.slack.messages(APPROVALS))
        message = rig.slack.messages(APPROVALS)[0]
        shown = rig.slack.plain(message)
        assert "Confirm 2 users safe?" in shown
        assert "Adele Vance · adelev@contoso.com" in shown
        assert "Alex Wilber · alexw@contoso.com" in shown
        assert "Reason: VPN exit moved to Oslo" in shown
        assert "[Approve] [Deny…]" in shown
        assert rig.slack.pings(message) == {"U0ANALYST", "S0SOC"}
        await rig.books.until(lambda: rig.told_of(message))

        await rig.slack.click(message, "approve", by="U0MEGAN")
        shown = await rig.shows(message, "2 of 2 confirmed safe")
        assert "2 users confirmed safe" in shown
        assert "[Approve]" not in shown
        assert "@Megan Bowen" in shown
        assert [len(ids) for ids in rig.graph.sent] == [2]
        outcome = await rig.thread_says(message, "2 of 2 confirmed safe, read back at")
        assert "204 No Content" in outcome
        assert "request-id" in outcome
        await rig.books.until(lambda: len(rig.slack.messages(INCIDENT)) == 2)
        first, last = (rig.slack.plain(m) for m in rig.slack.messages(INCIDENT))
        assert "2 of 2 confirmed safe" in first
        assert "2 of 2 confirmed safe" in last
        assert len(rig.slack.thread(message)) == 1
