"""HTML that the demo's page was given, taken apart as a browser would."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"br", "hr", "input"}


class Drawn(HTMLParser):
    """The elements, the words between them, and whether each that opens is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: {names}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "br":
            self.said.append("\n")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return "".join(self.said)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def one(self, tag: str, **has: str) -> dict[str, str]:
        """The one element like that; underscores stand for the dashes of attributes."""
        wanted = {key.replace("_", "-"): value for key, value in has.items()}
        [found] = [attributes for attributes in self.all(tag) if wanted.items() <= attributes.items()]
        return found

    def ids_named(self) -> Iterator[str]:
        """The ids that elements refer to."""
        for _, attributes in self.elements:
            for key in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
                yield from attributes.get(key, "").split()

    def words(self) -> str:
        """All that somebody can read or be told, also what is asked on a click."""
        inside = [value for _, attributes in self.elements for value in attributes.values()]
        asked = [
            " ".join(json.loads(one["data-confirm"]).values()) for _, one in self.elements if "data-confirm" in one
        ]
        return "\n".join([self.text, *inside, *(Drawn(one).text for one in asked)])


def bare(words: str) -> str:
    """Leave out what Slack's marks, isolates and line breaks make different."""
    return re.sub(r"[\s*_~`\u2060\u2066-\u2069]", "", words)
