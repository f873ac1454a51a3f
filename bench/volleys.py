"""Requests as Slack would send them, signed before they are due: asks that differ in who and whom, and clicks."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from bench.past import ASKERS, Copy, asker
from demo.installation import APPROVALS
from demo.local_slack import LocalSlack
from demo.local_slack.workspace import SlackUser

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A command and a click that the bot took once, and what is different in others."""

    command: bytes
    click: bytes
    clicked: tuple[str, str]
    """The id of the request whose button it was, and its message's ts."""
    shown_at: str
    """The ts of the message that all copies have."""


def staff(slack: LocalSlack) -> None:
    """Have so many people who may ask."""
    for n in range(ASKERS):
        user = asker(n)
        slack.users[user] = SlackUser(user, f"Analyst {n}", f"analyst{n}@contoso.com")
    slack.channels[APPROVALS].members.update(asker(n) for n in range(ASKERS))


def asks(slack: LocalSlack, typed: Typed, numbers: Iterable[int]) -> list[bytes]:
    """Each by the next person, for somebody else, with a reason and a trigger of its own."""
    form = {key: values[0] for key, values in parse_qs(typed.command.decode()).items()}
    return [
        _signed(
            slack,
            form
            | {
                "user_id": asker(n),
                "user_name": f"analyst.{n % ASKERS}",
                "trigger_id": f"{n}.{uuid.uuid4().hex}",
                "text": f"{uuid.uuid4()} VPN exit moved to Oslo, ticket {n}",
            },
        )
        for n in numbers
    ]


def clicks(slack: LocalSlack, typed: Typed, copies: Sequence[Copy]) -> list[bytes]:
    """Approve each of the copies."""
    (payload,) = parse_qs(typed.click.decode())["payload"]
    request_id, ts = typed.clicked
    return [
        _signed(slack, {"payload": payload.replace(request_id, copy.request_id).replace(ts, typed.shown_at)})
        for copy in copies
    ]


def openings(slack: LocalSlack, users: Iterable[str]) -> list[bytes]:
    """Each opens the Home tab."""
    return [_signed_body(slack, json.dumps(slack.delivery.opening_of(user)).encode(), JSON) for user in users]


def _signed(slack: LocalSlack, form: dict[str, str]) -> bytes:
    return _signed_body(slack, urlencode(form).encode(), {})


def _signed_body(slack: LocalSlack, body: bytes, content_type: Mapping[str, str]) -> bytes:
    headers = {"Host": "bench", "Content-Length": str(len(body)), **slack.sign(body), **content_type}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /slack/events HTTP/1.1\r\n{head}\r\n".encode() + body
