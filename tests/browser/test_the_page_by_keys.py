"""The page by keys alone: the focus stays where it was, whatever is drawn anew, and typed words stay."""

import pytest

from tests.browser.conftest import Visit, Visiting, playwright
from tests.browser.test_the_page import ASKED, asked, reach

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]
MANY = ", ".join(f"user{n:03d}@contoso.com" for n in range(1, 31))


async def focused(window: Visit, selector: str) -> None:
    """Wait until it has the focus."""
    await playwright.expect(window.page.locator(selector).last).to_be_focused()


async def enter(window: Visit, selector: str) -> None:
    await window.page.locator(selector).last.focus()
    await window.page.keyboard.press("Enter")


async def test_after_an_approval_the_focus_is_on_the_message_and_on_no_other_button(visit: Visiting) -> None:
    window = await asked(visit)
    await enter(window, '#messages [data-action="approve"]')
    await enter(window, "#confirm-yes")
    await window.sees("Approved by", "#messages")
    await focused(window, "#messages > li")
    await window.sees("1 user confirmed safe", "#messages")
    await focused(window, "#messages > li")


async def test_details_can_be_paged_through_by_keys(visit: Visiting) -> None:
    window = await asked(visit, f"/confirm-safe {MANY} VPN exit moved to Oslo")
    await enter(window, '#messages [data-action="details"]')
    await window.sees("page 1 of 2", "#window")
    await enter(window, '#window button:text("Next page")')
    await window.sees("page 2 of 2", "#window")
    assert await window.page.evaluate("document.activeElement.closest('#window') !== null")
    await window.page.keyboard.press("Escape")
    await focused(window, '#messages [data-action="details"]')


async def test_the_focus_stays_in_the_form_as_users_are_chosen_and_taken_back(visit: Visiting) -> None:
    window = await visit()
    await enter(window, "#shortcut")
    await window.sees("at risk", "#window")
    box = window.page.locator("#window").get_by_role("combobox", name="Users at risk")
    await box.press_sequentially("alex")
    await window.sees("Alex Wilber", "#window [role=listbox]:visible")
    await window.page.keyboard.press("ArrowDown")
    await window.page.keyboard.press("Enter")
    await enter(window, "#window .sl-chip-remove")
    await playwright.expect(box).to_be_focused()
    await window.page.wait_for_selector("#window [role=listbox]:visible")
    await window.page.keyboard.press("Escape")
    await enter(window, "#window [type=submit]")
    await window.sees("Please add a reason", "#window")
    await focused(window, "#window [type=submit]")
    field = window.page.locator("#window textarea[name=reason]")
    await playwright.expect(field).to_have_attribute("aria-invalid", "true")


async def test_a_thread_can_be_begun_by_an_answer(visit: Visiting) -> None:
    window, other = await visit(), await visit("U0MEGAN")
    await window.page.focus("#messages")
    await reach(window, '#messages [data-do="thread"]')
    await window.page.keyboard.press("Enter")
    await window.sees("Sentinel", "#replies")
    await window.page.keyboard.type("Looks like ")
    await other.type("something else")
    await window.sees("something else", "#messages")
    await window.page.keyboard.type("our VPN")
    await window.page.keyboard.press("Enter")
    await window.sees("Looks like our VPN", "#replies")
    await window.sees("1 reply", "#messages")


async def test_what_was_typed_waits_in_its_channel(visit: Visiting) -> None:
    window = await visit()
    box = window.page.locator("#composer-text")
    await box.fill("half a thought")
    await window.go("C0APPROVE")
    await playwright.expect(box).to_have_value("")
    await window.go("C0GENERAL")
    await playwright.expect(box).to_have_value("half a thought")


async def test_a_command_that_the_bot_did_not_take_is_still_there_to_be_sent_again(visit: Visiting) -> None:
    window = await visit()
    await window.switch("kill", on=True)
    await window.type(ASKED)
    await window.sees("confirm-safe did not take it", "#problem")
    await playwright.expect(window.page.locator("#composer-text")).to_have_value(ASKED)


async def test_what_goes_wrong_in_a_window_is_said_in_it(visit: Visiting) -> None:
    window, other = await visit(), await visit("U0MEGAN")
    await window.page.click("#shortcut")
    await window.sees("at risk", "#window")
    await other.switch("kill", on=True)
    await window.page.locator("#window").get_by_role("combobox", name="Users at risk").press_sequentially("alex")
    await window.sees("confirm-safe did not take it", "#window .window-problem")
    await window.sees_no("No results", "#window")


async def test_a_link_to_a_message_leads_to_it_on_the_page(visit: Visiting) -> None:
    window = await visit()
    await window.type(ASKED)
    await window.sees("is waiting for approval")
    await window.page.click('#messages a:text("open")')
    await focused(window, "#messages > li")
    await window.sees("id-approvals", "#channel-title")
    assert len(window.page.context.pages) == 1


async def test_an_address_that_was_cut_off_opens_the_page(visit: Visiting) -> None:
    window = await visit()
    await window.page.goto("about:blank")
    await window.page.goto(f"{window.address}#U0MEGAN/channel:C0GENERAL%")
    await window.page.wait_for_selector("html[data-ready]")
