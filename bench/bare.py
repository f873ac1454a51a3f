"""A bare Bolt app that only acks, with Bolt's defaults: what the bot's speed is held against."""

import os
import sys

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def _only_ack(ack: AsyncAck) -> None:
    await ack()


def main(port: int) -> None:
    """Serve until it is killed."""
    token = os.environ["SLACK_BOT_TOKEN"]
    app = AsyncApp(
        client=AsyncWebClient(token, base_url=os.environ["SLACK_API_URL"]),
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    )
    app.command("/confirm-safe")(_only_ack)
    app.action("approve")(_only_ack)
    app.server(port=port, host="127.0.0.1").start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
