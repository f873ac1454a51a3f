"""The bot itself, which gives Entra less than a quarter of an hour to show what it took: a lie ends sooner."""

import sys
from datetime import timedelta

from bot.__main__ import main
from bot.core import read_back

read_back.WAIT_FOR_RISK = timedelta(seconds=45)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
