"""Where the database is: a SQLite file, or a PostgreSQL server whose password nobody is shown."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_SQLITE = "must be sqlite:///<file>, or sqlite:////<file> with an absolute path."
_POSTGRESQL = "must be postgresql://<user>:<password>@<host>/<database>, or postgresql:///<database>?host=/<folder>."
_SCHEMES = ("postgres", "postgresql")


@dataclass(frozen=True, slots=True)
class Address:
    """`path` for SQLite, `url` for PostgreSQL; `shown` is what people may read of it."""

    shown: str
    path: Path | None = None
    url: str = field(default="", repr=False)
    user: str = ""
    """As whom the server is spoken to; empty where the address does not say."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What of it must never be written anywhere."""


def address(value: str) -> Address:
    """Read DATABASE_URL; what is wrong with it is said without repeating it."""
    scheme, _, rest = value.partition("://")
    if scheme.partition("+")[0] in _SCHEMES:
        return _postgresql(value)
    if scheme != "sqlite" or len(rest) < len("/x") or not rest.startswith("/") or rest == "/:memory:":
        raise ValueError(f"{_SQLITE} Or it {_POSTGRESQL}")
    if "?" in rest:
        raise ValueError("must be sqlite:///<file> without a query.")
    path = Path(rest[1:]).absolute()
    return Address(str(path), path)


def _postgresql(value: str) -> Address:
    try:
        parts = urlsplit(value)
        port = parts.port
        query = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(_POSTGRESQL) from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with postgresql://, without a driver's name: that choice is the bot's.")
    name = parts.path[1:]
    host = parts.hostname or next(iter(query.get("host", [])), "")
    if not re.fullmatch(r"[^/]+", name) or not host or parts.fragment or re.search(r"\s", value):
        raise ValueError(_POSTGRESQL)
    where = f"[{host}]" if ":" in host else host
    shown = f"postgresql:///{name}?host={host}" if host.startswith("/") else f"postgresql://{where}{_at(port)}/{name}"
    user = unquote(parts.username or "") or next(iter(query.get("user", [])), "")
    return Address(shown, url=f"postgresql{value[len(parts.scheme) :]}", user=user, secrets=_passwords(parts, query))


def _at(port: int | None) -> str:
    return f":{port}" if port else ""


def _passwords(parts: SplitResult, query: dict[str, list[str]]) -> tuple[str, ...]:
    """As they are written, and as they are meant."""
    written = [parts.password or ""]
    written += re.findall(r"(?:^|&)(?:ssl)?password=([^&]*)", parts.query)
    meant = [unquote(parts.password or ""), *query.get("password", []), *query.get("sslpassword", [])]
    return tuple(dict.fromkeys(text for text in (*written, *meant) if text))
