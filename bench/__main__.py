"""`make bench`: measures what was promised of the bot's speed, prints it, and fails where it is missed."""

import asyncio
import sys
import time

from bench import acks, crowd, growth, incident, reaction
from bench.field import laid_out
from bench.table import Part, table


async def measure() -> list[Part]:
    """Play every scenario.

    Slack takes one post a second in a channel, so that 200 requests take minutes to be shown: meanwhile the others
    are measured with bots of their own. Their figures can only suffer from it.
    """
    async with incident.stage() as stage:
        asking = asyncio.create_task(incident.ask(stage))
        large = await crowd.measure()
        single = await reaction.measure()
        together = await incident.approve(stage, await asking)
    async with laid_out() as field:  # alone: what is compared here must not suffer from the others
        alternating = [*await acks.measure(field), *await growth.measure(field)]
    return [together, single, large, *alternating]


def main() -> int:
    """Return 0 where every promise is kept."""
    began = time.monotonic()
    print("measuring, which takes about ten minutes", flush=True)
    try:
        parts = asyncio.run(measure())
    except TimeoutError as error:
        print(f"MISSED: something did not come to its end.\n{error}", file=sys.stderr)
        return 1
    print(table(parts))
    print(f"measured in {time.monotonic() - began:.0f} s")
    return 0 if all(figure.is_met for part in parts for figure in part.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
