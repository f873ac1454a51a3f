"""`make pictures`: takes the README's screenshots from the demo's page, so that they show today's code."""

import asyncio
import sys
from typing import Any

from playwright.async_api import async_playwright, expect

from demo import chromium
from demo.bot_process import ROOT
from demo.page.server import Page
from demo.world import world

PICTURES = ROOT / "docs" / "pictures"
WIDE, LOW, PHONE = {"width": 1440, "height": 900}, {"width": 1440, "height": 720}, {"width": 390, "height": 844}
WITHIN = 30_000
ASKED = "/confirm-safe adelev@contoso.com, alexw@contoso.com VPN exit moved to Oslo, confirmed by phone"


class Story:
    """What the pictures show, played by hand in the browser."""

    def __init__(self, page: Any, address: str) -> None:
        self._page = page
        self._address = address

    async def be(self, person: str, place: str) -> None:
        await self._page.goto("about:blank")
        await self._page.goto(f"{self._address}#{person}/{place}")
        await self._page.wait_for_selector(f"html[data-ready={person}]")

    async def sees(self, words: str, inside: str = "main") -> None:
        await expect(self._page.locator(inside)).to_contain_text(words, timeout=WITHIN)

    async def keep(self, name: str, of: str = "") -> None:
        await self._page.wait_for_timeout(400)  # for what fades in
        target = self._page.locator(of) if of else self._page
        await target.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/pictures/{name}.png", flush=True)

    async def ask(self) -> None:
        await self.be("U0ANALYST", "channel:C0GENERAL")
        await self._page.fill("#composer-text", ASKED)
        await self._page.press("#composer-text", "Enter")
        await self.sees("is waiting for approval")
        await self.be("U0MEGAN", "channel:C0APPROVE")
        await self.sees("VPN exit moved to Oslo", "#messages")

    async def approve(self, person: str) -> None:
        await self.be(person, "channel:C0APPROVE")
        await self._page.click('#messages [data-action="approve"]')
        await self._page.click("#confirm-yes")

    async def outcome(self) -> None:
        await self.sees("2 users confirmed safe", "#messages")
        await self._page.click("#messages .replies")
        await self.sees("read back", "#replies")

    async def form(self) -> None:
        await self.be("U0ANALYST", "channel:C0GENERAL")
        await self._page.click("#shortcut")
        await self.sees("at risk", "#window")
        users = self._page.locator("#window").get_by_role("combobox", name="Users at risk")
        for name in ("Contoso User 011", "Contoso User 014"):
            await users.fill(name)
            await self._page.locator("#window [role=option]", has_text=name).click()
        await self._page.fill("#window textarea[name=reason]", "New VPN exit in Oslo, change 4711")
        await self._page.select_option("#window select[name=known_by]", "phone")

    async def theme(self, theme: str) -> None:
        await self._page.emulate_media(color_scheme=theme)
        await self._page.evaluate("localStorage.clear()")
        await self._page.reload()
        await self._page.wait_for_selector("html[data-ready]")


async def take(page: Any, address: str) -> None:
    """Play one request, and keep what is worth seeing of it."""
    story = Story(page, address)
    await page.set_viewport_size(LOW)
    await story.ask()
    await story.keep("approval", "#frame")
    await story.theme("dark")
    await story.keep("approval-dark", "#frame")
    await page.set_viewport_size(PHONE)
    await story.theme("light")
    await story.keep("phone")
    await page.set_viewport_size(WIDE)
    await story.theme("light")
    await story.form()
    await story.keep("form", "#window")
    await page.keyboard.press("Escape")
    await story.be("U0DIEGO", "home")
    await story.sees("Waiting for you", "#home")
    await page.set_viewport_size(LOW)
    await story.keep("home", "#frame")
    await page.set_viewport_size(WIDE)
    await story.approve("U0MEGAN")
    await story.sees("one from Identity", "#messages")
    await story.approve("U0DIEGO")
    await story.outcome()
    await story.keep("workspace")
    await story.theme("dark")
    await story.keep("workspace-dark")


async def main() -> int:
    """Return 0 once all are taken."""
    if chromium.PROGRAM is None:
        print("Chromium is not installed: apt install chromium brings it.", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with world(lambda _: None) as contoso:
        await contoso.start_bot()
        async with Page(contoso, port=0) as served, async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium.PROGRAM, args=chromium.FLAGS)
            await take(await browser.new_page(), served.address)
            await browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
