"""A list as Graph hands it out: filtered, shortened and cut into pages as its reference says, and no other way."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote

from demo.front import Reply
from demo.graph.answers import broken
from demo.graph.odata import Filterable, NotUnderstood, Test, read_filter, read_select, read_top

ROOT = "/v1.0"
MOST_A_PAGE = 500
USUAL_PAGE = 20
MOST_URL = 2048
"""Characters of a whole URL. Microsoft names no limit for these lists; servers and proxies begin to cut here."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class Listing:
    """One list, which also remembers the pages it has handed out."""

    name: str
    """Such as riskyUsers."""
    kind: str
    """Such as microsoft.graph.riskyUser."""
    properties: tuple[str, ...]
    filterable: Filterable
    _pages: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{ROOT}/identityProtection/{self.name}"

    def page(self, ids: Iterable[str], row_of: Callable[[str], Row], query: Mapping[str, str], url: str) -> Reply:
        """Answer with the rows that follow the last page; they come in the order of their ids."""
        only(query, "$filter", "$select", "$top", "$skiptoken")
        names, top, test = self._read(query)
        after = self._after(query.get("$skiptoken"))
        rows = (row_of(key) for key in sorted(ids) if key > after)
        found = list(islice((row for row in rows if test is None or test(row)), top + 1))
        body: dict[str, Any] = {"@odata.context": self.context(query, url)}
        if len(found) > top:
            body["@odata.nextLink"] = self._next_link(query, url, found[top - 1]["id"])
        body["value"] = [{name: row[name] for name in names} for row in found[:top]]
        return Reply(200, body)

    def one(self, row: Row, query: Mapping[str, str], url: str) -> Reply:
        names = self.select(query)
        context = self.context(query, url) + "/$entity"
        return Reply(200, {"@odata.context": context} | {name: row[name] for name in names})

    def context(self, query: Mapping[str, str], url: str) -> str:
        return context(url, f"identityProtection/{self.name}", query)

    def select(self, query: Mapping[str, str]) -> tuple[str, ...]:
        return select(query, self.properties, self.kind)

    def _read(self, query: Mapping[str, str]) -> tuple[tuple[str, ...], int, Test | None]:
        names = self.select(query)
        try:
            top = read_top(query["$top"], MOST_A_PAGE) if "$top" in query else USUAL_PAGE
            return names, top, read_filter(query["$filter"], self.filterable) if "$filter" in query else None
        except NotUnderstood as error:
            raise broken(str(error)) from error

    def _after(self, token: str | None) -> str:
        if token is None:
            return ""
        if token not in self._pages:
            raise broken("The $skiptoken is not one that was given out.")
        return self._pages[token]

    def _next_link(self, query: Mapping[str, str], url: str, last: str) -> str:
        token = secrets.token_urlsafe(24)
        self._pages[token] = last
        pairs = {**query, "$skiptoken": token}.items()
        return f"{url}{self.path}?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)


def only(query: Mapping[str, str], *known: str) -> None:
    """Refuse every query option but these."""
    for name in query:
        if name not in known:
            raise broken(f"Query option '{name}' is not supported.")


def fitting(url: str, query: Mapping[str, str]) -> None:
    """Refuse a URL that is too long; the links that Graph hands out are its own affair."""
    if len(url) > MOST_URL and "$skiptoken" not in query:
        raise broken(f"The URL has {len(url)} characters, more than {MOST_URL}.", 414, "UriTooLong")


def select(query: Mapping[str, str], known: tuple[str, ...], kind: str) -> tuple[str, ...]:
    """Return the properties that a `$select` names, all that are known without one."""
    if "$select" not in query:
        return known
    try:
        return tuple(dict.fromkeys(read_select(query["$select"], known, kind)))
    except NotUnderstood as error:
        raise broken(str(error)) from error


def context(url: str, what: str, query: Mapping[str, str]) -> str:
    chosen = f"({query['$select']})" if "$select" in query else ""
    return f"{url}{ROOT}/$metadata#{what}{chosen}"
