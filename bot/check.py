"""One finding about what the bot needs from the outside, with what to do about it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """`NO` keeps people from using the bot, `WARN` does not; neither comes without a remedy."""

    verdict: Literal["ok", "WARN", "NO"]
    about: str
    text: str
    remedy: str = ""
    link: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:<2}  {self.whole}"

    @property
    def whole(self) -> str:
        """What was found and what to do, in one line; a link that the remedy holds is not repeated."""
        said = f"{self.text}. {self.remedy}" if self.remedy else self.text
        return said if self.link in said else f"{said} {self.link}"

    def as_json(self) -> dict[str, str]:
        more = {"remedy": self.remedy, "link": self.link}
        told = {"verdict": self.verdict, "about": self.about, "text": self.text}
        return told | {key: value for key, value in more.items() if value}


def ok(about: str, text: str) -> Check:
    return Check("ok", about, text)


def warn(about: str, text: str, remedy: str, link: str = "") -> Check:
    return Check("WARN", about, text, remedy, link)


def no(about: str, text: str, remedy: str, link: str = "") -> Check:
    return Check("NO", about, text, remedy, link)
