"""The bot's own app registration on the wire, without a socket: when its secret ends."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.core.model import Receipt
from bot.errors import Garbled
from bot.graph.wire import GraphAnswer, GraphRequest, time_of

PERMISSION = "Application.Read.All"
"""The least that Graph asks for reading an application without a signed-in user, its own included."""
HINT = 3
"""Graph shows this many of a secret's first characters (Graph reference, passwordCredential: hint)."""


def application(client: str) -> GraphRequest:
    """`application: get` by its appId, of which no more is read than what secrets show of themselves."""
    return GraphRequest(
        "GET", f"/v1.0/applications(appId='{quote(client, safe='')}')", {"$select": "passwordCredentials"}
    )


def secret_end(answer: GraphAnswer, receipt: Receipt, secret: str) -> datetime | None:
    """Read when the secret ends; None where none of the app's begins like it. Raises Garbled.

    Of several that begin alike the one that ends last is taken: an older one was most likely renewed by it.
    """
    body = answer.json
    if not isinstance(body, Mapping) or not isinstance(body.get("passwordCredentials"), list):
        raise Garbled(receipt)
    return max(_ends(body["passwordCredentials"], secret[:HINT]), default=None)


def _ends(passwords: list[Any], hint: str) -> Iterator[datetime]:
    for password in passwords:
        if isinstance(password, Mapping) and password.get("hint") == hint:
            at = time_of(password.get("endDateTime"))
            if at is not None:
                yield at
