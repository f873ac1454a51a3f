"""The page in a real browser: the story by several people, what goes wrong on purpose, and keys alone."""

import pytest

from tests.browser.conftest import NARROW, WIDE, Visit, Visiting, playwright

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]
ASKED = "/confirm-safe alexw@contoso.com VPN exit moved to Oslo"


async def asked(visit: Visiting, words: str = ASKED) -> Visit:
    """Ask as the analyst, and go on as the first approver in front of the request."""
    window: Visit = await visit()
    await window.go("C0GENERAL")
    await window.type(words)
    await window.sees("is waiting for approval")
    await window.be("U0MEGAN")
    await window.go("C0APPROVE")
    await window.sees("VPN exit moved to Oslo", "#messages")
    return window


async def approved(window: Visit) -> None:
    await window.press("Approve", "#messages")
    await window.page.click("#confirm-yes")


async def test_two_people_take_a_request_from_the_command_to_read_back(visit: Visiting) -> None:
    window = await asked(visit)
    await approved(window)
    await window.sees("1 user confirmed safe", "#messages")
    await window.page.click("#messages .replies")
    await window.sees("read back", "#replies")
    await window.be("U0ANALYST")
    await window.go("C0INCIDENT")
    await window.sees("confirmed safe", "#messages")


async def test_high_risk_takes_approvers_of_two_teams(visit: Visiting) -> None:
    window = await asked(visit, "/confirm-safe adelev@contoso.com VPN exit moved to Oslo")
    await approved(window)
    await window.sees("one from Identity", "#messages")
    other: Visit = await visit("U0DIEGO")
    await other.go("C0APPROVE")
    await approved(other)
    await window.sees("1 user confirmed safe", "#messages")


async def test_a_colleague_is_told_privately_that_they_cannot_approve(visit: Visiting) -> None:
    window = await asked(visit)
    await window.be("U0JONI")
    await window.go("C0APPROVE")
    await approved(window)
    await window.sees("You can't approve", "#messages")
    await window.sees("Only visible to you", "#messages")
    await window.be("U0MEGAN")
    await window.sees_no("You can't approve", "#messages")


@pytest.mark.parametrize("person", ["U0GUEST", "U0OUTSIDE"])
async def test_a_guest_and_an_outsider_are_told_that_this_is_not_for_them(visit: Visiting, person: str) -> None:
    window = await visit(person)
    await window.type(ASKED)
    await window.sees("Only full members of this workspace can use this.", "#messages")


async def test_the_composer_completes_commands_and_users_at_risk(visit: Visiting) -> None:
    window = await visit()
    box = window.page.locator("#composer-text")
    await box.press_sequentially("/c")
    await window.sees("/confirm-safe", "#completions")
    await box.press("Tab")
    await window.sees("adelev@contoso.com", "#completions")
    await box.press_sequentially("ale")
    await window.page.wait_for_selector("#completions li:only-child")
    await box.press("Tab")
    await playwright.expect(box).to_have_value("/confirm-safe alexw@contoso.com ")


async def test_the_form_asks_for_users_chosen_from_its_list(visit: Visiting) -> None:
    window = await visit()
    await window.page.click("#shortcut")
    await window.sees("Confirm users safe", "#window")
    await window.sees("at risk", "#window")
    field = window.page.locator("#window").get_by_role("combobox", name="Users at risk")
    await field.press_sequentially("alex")
    await window.page.locator("#window [role=option]", has_text="Alex Wilber").click()
    await window.page.click("#window [type=submit]")
    await window.sees("Please add a reason", "#window [data-error-for=reason]")
    await window.sees("Please say how you know", "#window [data-error-for=known_by]")
    await window.page.fill("#window textarea[name=reason]", "VPN exit moved to Oslo")
    await window.page.select_option("#window select[name=known_by]", "phone")
    await window.page.click("#window [type=submit]")
    await window.page.wait_for_selector("#window", state="hidden")
    await window.be("U0MEGAN")
    await window.go("C0APPROVE")
    await window.sees("VPN exit moved to Oslo", "#messages")


async def test_an_alert_opens_the_form_with_whom_it_names(visit: Visiting) -> None:
    window = await visit()
    alert = window.page.locator("#messages .message", has_text="Sentinel")
    await alert.hover()
    await alert.get_by_role("button", name="Shortcut: confirm users safe").click()
    await window.sees("Adele Vance", "#window")
    await window.page.keyboard.press("Escape")
    await window.page.wait_for_selector("#window", state="hidden")


async def test_the_home_tab_leads_to_an_approval(visit: Visiting) -> None:
    window = await asked(visit)
    await window.page.click('.place[data-place="home"]')
    await window.sees("Waiting for you", "#home")
    await window.press("Review and approve", "#home")
    await window.sees("Alex Wilber", "#window")
    await window.page.click("#window [type=submit]")
    await window.go("C0APPROVE")
    await window.sees("1 user confirmed safe", "#messages")


async def test_while_graph_limits_requests_the_approval_is_kept(visit: Visiting) -> None:
    window = await asked(visit)
    await window.switch("graph-429", on=True)
    await approved(window)
    await window.sees("Entra is limiting requests", "#messages")
    await window.sees("429", "#wire")
    await window.switch("graph-429", on=False)
    await window.sees("1 user confirmed safe", "#messages")


async def test_while_graph_is_not_available_the_approval_is_kept(visit: Visiting) -> None:
    window = await asked(visit)
    await window.switch("graph-503", on=True)
    await approved(window)
    await window.sees("Entra isn't answering", "#messages")
    await window.sees("503", "#wire")
    assert window.world.graph.sent == []
    await window.switch("graph-503", on=False)
    await window.sees("1 user confirmed safe", "#messages")


async def test_what_happened_while_slack_was_down_is_told_once_it_is_back(visit: Visiting) -> None:
    window = await asked(visit)
    await approved(window)
    await window.sees("Approved", "#messages")
    await window.switch("slack-down", on=True)
    await window.world.books.until(lambda: window.world.graph.sent)
    await window.sees_no("1 user confirmed safe", "#messages")
    await window.switch("slack-down", on=False)
    await window.sees("1 user confirmed safe", "#messages")
    await window.page.click("#messages .replies")
    await playwright.expect(window.page.locator("#replies .message", has_text="read back at")).to_have_count(2)


async def test_a_204_that_lies_is_not_told_as_done(visit: Visiting) -> None:
    window = await asked(visit)
    await window.switch("lie", on=True)
    await approved(window)
    await window.sees("Sent: 1 user", "#messages")
    await window.sees_no("1 user confirmed safe", "#messages")


async def test_who_turns_risky_after_the_approval_is_not_sent(visit: Visiting) -> None:
    window = await asked(visit, "/confirm-safe adelev@contoso.com VPN exit moved to Oslo")
    await window.page.click('[data-trouble="rise"]')
    await approved(window)
    other: Visit = await visit("U0DIEGO")
    await other.go("C0APPROVE")
    await approved(other)
    await window.page.click("#messages .replies")
    await window.sees("risk", "#replies")
    assert window.world.graph.sent == []


async def test_an_approval_outlives_kill_9(visit: Visiting) -> None:
    window = await asked(visit)
    await approved(window)
    await window.sees("Approved", "#messages")
    await window.switch("kill", on=True)
    assert window.world.graph.sent == []
    await window.press("Details", "#messages")
    await window.sees("confirm-safe did not take it", "#problem")
    await window.switch("kill", on=False)
    await window.sees("1 user confirmed safe", "#messages")


async def test_a_click_that_comes_twice_is_one_approval(visit: Visiting) -> None:
    window = await asked(visit)
    await window.switch("twice", on=True)
    await approved(window)
    await window.sees("1 user confirmed safe", "#messages")
    await window.page.click("#tab-trail")
    await playwright.expect(window.page.locator("#trail .what", has_text="Approved")).to_have_count(1)


async def test_a_forged_click_is_turned_away(visit: Visiting) -> None:
    window = await asked(visit)
    await window.page.click('[data-trouble="forge"]')
    row = window.page.locator("#wire .row-bad", has_text="forged")
    await playwright.expect(row).to_contain_text("401")


async def test_the_record_is_chained_and_every_entry_verifies(visit: Visiting) -> None:
    window = await asked(visit)
    await window.page.click("#tab-trail")
    await window.sees("Asked", "#trail")
    rows = window.page.locator("#trail .chain")
    assert await rows.count() > 2
    assert all("✓" in text for text in await rows.all_text_contents())


async def test_keys_alone_take_a_request_to_its_end(visit: Visiting) -> None:
    window = await visit()
    keys = window.page.keyboard
    await window.page.focus("#composer-text")
    await keys.type(ASKED)
    await keys.press("Enter")
    await window.sees("is waiting for approval")
    await window.page.focus("#person")
    await keys.type("Megan")
    await window.page.wait_for_selector("html[data-ready=U0MEGAN]")
    await reach(window, '.place[data-place="channel:C0APPROVE"]')
    await keys.press("Enter")
    await window.sees("VPN exit moved to Oslo", "#messages")
    await reach(window, '#messages [data-action="approve"]')
    await keys.press("Enter")
    await reach(window, "#confirm-yes")
    await keys.press("Enter")
    await window.sees("1 user confirmed safe", "#messages")


async def reach(window: Visit, selector: str) -> None:
    """Press Tab until it has the focus."""
    for _ in range(60):
        if await window.page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        await window.page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {selector}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW, {"width": 768, "height": 1024}], ids=["wide", "phone", "tablet"])
async def test_nothing_is_cut_off_and_everything_can_be_read(
    visit: Visiting, theme: str, size: dict[str, int]
) -> None:
    window = await visit("U0MEGAN", size=size, theme=theme)
    assert await window.page.get_attribute("html", "data-theme") == theme
    assert await window.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert await window.page.evaluate(FAINT) == []


@pytest.mark.parametrize("width", [320, 390])
async def test_a_thread_fits_on_a_phone_and_says_what_went_wrong(visit: Visiting, width: int) -> None:
    window = await visit(size={"width": width, "height": 640})
    await window.page.focus("#messages")
    await window.page.locator('#messages [data-do="thread"]').first.click()
    for selector in ("#close-thread", "#replies", "#reply button"):
        await playwright.expect(window.page.locator(selector)).to_be_in_viewport(ratio=1)
    assert (await window.page.locator("#reply-text").bounding_box())["height"] > 20
    await window.page.fill("#reply-text", "/confirm-safe help")
    await window.page.press("#reply-text", "Enter")
    await window.sees("/confirm-safe is not supported in threads", "#problem")
    assert await window.page.evaluate(ON_TOP) == "problem"


ON_TOP = """() => {
  const box = document.getElementById('problem').getBoundingClientRect();
  return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).id;
}"""


async def test_all_texts_can_be_read_on_a_phone(visit: Visiting) -> None:
    window = await visit(size=NARROW)
    await window.page.goto(f"{window.address}texts")
    await window.sees("A1-A3 waits")
    assert await window.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert await window.page.evaluate(FAINT) == []


FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour, under) => {
    canvas.fillStyle = `rgb(${under.join(' ')})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = (one) => one ? rgb(getComputedStyle(one).backgroundColor, back(one.parentElement)) : [255, 255, 255];
  const faint = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !one.checkVisibility({ visibilityProperty: true }) || one.closest('select, [disabled]')) continue;
    const under = back(one), [a, b] = [light(rgb(getComputedStyle(one).color, under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const words = `${one.className || one.tagName} ${one.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`;
    if (ratio < 4.5) faint.push(words);
  }
  return faint;
}"""
"""What is written with less contrast than 4.5 : 1 (WCAG 2.2, 1.4.3)."""
