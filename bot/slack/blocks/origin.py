"""Where a request comes from: how the asker knows, and the alert it was asked from."""

from bot.core.model import Request
from bot.slack.blocks import words
from bot.slack.blocks.place import Place

KNOWN_BY = {
    "phone": "phone call",
    "in_person": "in person",
    "known_network": "known network",
    "known_device": "known device",
    "other": "other",
}
_MAX_OTHER = 60


def known_by(how: str) -> str:
    """How the asker knows, as people read it; a word that is new to us as it was recorded."""
    return KNOWN_BY.get(how) or words.shorten(words.one_line(how), _MAX_OTHER)


def from_alert(request: Request, place: Place) -> str:
    """Link to the alert, behind other small print; empty where there was none."""
    alert = request.alert
    if alert is None:
        return ""
    if alert.is_direct:
        return " · From an alert in a direct message"
    link = words.link(place, alert.channel, alert.ts, "open", alert.thread_ts)
    return f" · From an alert: {link}" if link else f" · From an alert in {words.in_channel(alert.channel)}"
