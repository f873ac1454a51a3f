"""The tables, as SQLAlchemy Core sees them; migrations/ makes them."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()
# Of some indexes only a part is wanted. What PostgreSQL is told of that is in migrations/ alone: to name an option of
# its dialect here would import all of it, at each start.

events = Table(
    "events",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("request_id", String(16)),
    Column("version", Integer),
    Column("body_digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
    # The compare-and-set: of two decisions on the same version, one fails here.
    UniqueConstraint("request_id", "version"),
)
Index("events_by_request", events.c.request_id, events.c.n)
_notes = text("request_id IS NULL")
Index("notes_by_kind", events.c.kind, events.c.n, sqlite_where=_notes)

# Apart from the chain, so that a person's data can be erased and the chain still verifies.
event_bodies = Table(
    "event_bodies",
    metadata,
    Column("n", ForeignKey("events.n"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary(16), nullable=False),
    Column("body", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("origin", Text, nullable=False, unique=True),
    Column("asker", String(32), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("state", String(24), nullable=False),
    # How many it was asked for; none for practice, and where the bot asked anew by itself.
    Column("users", Integer, nullable=False, server_default="0"),
    # Where the asker's private answer goes for half an hour; a capability, so no part of the record.
    Column("response_url", Text, nullable=False),
)
Index("requests_by_asker", requests.c.asker, requests.c.asked_at)
Index("requests_by_state", requests.c.state, requests.c.asked_at)

targets = Table(
    "targets",
    metadata,
    Column("request_id", ForeignKey("requests.id"), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("is_open", Boolean, nullable=False),
    # Of who was confirmed safe: when that was read back, and until when a new risk would be news.
    Column("safe_since", String(32)),
    Column("watched_until", String(32)),
)
_watched = text("safe_since IS NOT NULL")
Index("targets_watched", targets.c.safe_since, sqlite_where=_watched)
Index("users_watched", targets.c.user_id, sqlite_where=_watched)
Index(
    "one_open_request_a_user",
    targets.c.user_id,
    unique=True,
    sqlite_where=text("is_open = 1"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("key", Text, nullable=False),
    Column("request_id", String(16)),
    Column("lane", Text, nullable=False, server_default=""),
    Column("due_at", String(32), nullable=False),
    Column("lease_until", String(32)),
    # The process that holds the lease.
    Column("owner", String(32)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Counts how often it was asked for, so that a task asked for anew while under way is done again.
    Column("generation", Integer, nullable=False, server_default="1"),
    # Set with the lease and cleared by an answer: the last try may or may not have been taken.
    Column("doubtful", Boolean, nullable=False, server_default=false()),
    Column("payload", Text, nullable=False, server_default="{}"),
    UniqueConstraint("kind", "key"),
    sqlite_autoincrement=True,
)
Index("tasks_due", tasks.c.due_at, tasks.c.id)
_lanes, _leases = text("lane <> ''"), text("lease_until IS NOT NULL")
Index("tasks_by_lane", tasks.c.lane, tasks.c.id, sqlite_where=_lanes)
Index("tasks_leased", tasks.c.lease_until, sqlite_where=_leases)

posts = Table(
    "posts",
    metadata,
    Column("op_id", Text, primary_key=True),
    Column("request_id", String(16), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("thread_ts", String(32), nullable=False),
    Column("ts", String(32), nullable=False),
)
Index("posts_by_request", posts.c.request_id)

# Written when somebody asks whether the bot is ready: only a write shows that a write is taken.
pulse = Table("pulse", metadata, Column("id", Integer, primary_key=True), Column("at", String(32), nullable=False))

graph_pace = Table(
    "graph_pace",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("next_at", String(32), nullable=False),
    Column("reserved_at", String(32), nullable=False),
    Column("gap", Float, nullable=False),
    Column("refusals", Integer, nullable=False),
)

refusal_tally = Table(
    "refusal_tally",
    metadata,
    Column("person", String(32), primary_key=True),
    Column("hour", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
)
