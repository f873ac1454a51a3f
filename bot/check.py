"""One finding about what the bot needs from the outside."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """`NO` keeps people from using the bot, `WARN` does not."""

    verdict: Literal["ok", "WARN", "NO"]
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.verdict:<2}  {self.text}"
