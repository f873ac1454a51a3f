"""The Home tab: opened by its reader, drawn by a task."""

from typing import Any

from bot.core.ids import SlackUserId
from bot.service import Service


class Home:
    """Slack tells of each opening, and tells it again where it gets no 200."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def opened(self, event: dict[str, Any]) -> None:
        """The *Messages* tab of the app is told in the same event."""
        if event.get("tab") == "home":
            await self._service.open_home(SlackUserId(str(event["user"])))
