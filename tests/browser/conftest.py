"""A visitor in a real browser: Chromium, driven by Playwright, at the page of a world of their own."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from demo import chromium
from demo.page.server import Page
from demo.world import World, world

playwright = pytest.importorskip(
    "playwright.async_api", reason="Playwright is not installed: make browser brings it", exc_type=ImportError
)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WITHIN = 20_000.0
"""Milliseconds."""


@dataclass
class Visit:
    """One browser window on the page."""

    page: Any
    world: World
    address: str
    complaints: list[str] = field(default_factory=list)
    """What the browser wrote to its console as an error, and errors of the page's own script."""

    def console(self, said: Any) -> None:
        if said.type in {"error", "warning"}:
            self.complaints.append(f"{said.text} {said.location}")

    async def be(self, person: str) -> None:
        """Play somebody."""
        await self.page.select_option("#person", person)
        await self.page.wait_for_selector(f"html[data-ready={person}]")

    async def go(self, channel: str) -> None:
        await self.page.click(f'.place[data-place="channel:{channel}"]')

    async def type(self, text: str) -> None:
        await self.page.fill("#composer-text", text)
        await self.page.press("#composer-text", "Enter")

    async def sees(self, words: str, inside: str = "main") -> None:
        """Wait until words are there to be read."""
        await playwright.expect(self.page.locator(inside)).to_contain_text(words, timeout=WITHIN)

    async def sees_no(self, words: str, inside: str = "main") -> None:
        await playwright.expect(self.page.locator(inside)).not_to_contain_text(words)

    async def press(self, name: str, inside: str = "main") -> None:
        """Press the last button of that name."""
        button = self.page.locator(inside).get_by_role("button", name=re.compile(f"^{re.escape(name)}")).last
        await button.click(timeout=WITHIN)

    async def switch(self, trouble: str, *, on: bool) -> None:
        switch = self.page.locator(f'[data-trouble="{trouble}"]')
        if (await switch.get_attribute("aria-checked") == "true") != on:
            await switch.click()
        await playwright.expect(switch).to_have_attribute("aria-checked", str(on).lower(), timeout=WITHIN)


@pytest.fixture
async def contoso() -> AsyncIterator[World]:
    """The world with its bot running."""
    async with world(lambda _: None) as contoso:
        await contoso.start_bot()
        yield contoso


Visiting = Callable[..., Any]


@pytest.fixture
async def visit(contoso: World) -> AsyncIterator[Visiting]:
    """Open windows; none of them may have complained in the end."""
    if chromium.PROGRAM is None:
        pytest.skip("Chromium is not installed: apt install chromium brings it")
    visits: list[Visit] = []
    async with Page(contoso, port=0) as served, playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium.PROGRAM, args=chromium.FLAGS)

        async def visiting(person: str = "U0ANALYST", *, size: dict[str, int] = WIDE, theme: str = "light") -> Visit:
            context = await browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
            page = await context.new_page()
            page.set_default_timeout(WITHIN)
            visit = Visit(page, contoso, served.address)
            page.on("console", visit.console)
            page.on("pageerror", lambda error: visit.complaints.append(str(error)))
            await page.goto(f"{served.address}#{person}")
            await page.wait_for_selector(f"html[data-ready={person}]")
            visits.append(visit)
            return visit

        yield visiting
        await browser.close()
    assert [complaint for visit in visits for complaint in visit.complaints] == []
    assert contoso.books.complaints == []
