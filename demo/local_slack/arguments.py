"""What each Web API method takes and which scope it needs, as Slack's reference says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its arguments, those it can't do without, and the scopes of which one is enough."""

    takes: frozenset[str]
    needs: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()


def _method(takes: str, needs: str = "", scopes: str = "") -> Method:
    # Bolt adds team_id to every call (docs.slack.dev/tools/bolt-python).
    known = {*takes.split(), *needs.split(), "team_id"}
    return Method(frozenset(known), frozenset(needs.split()), tuple(scopes.split()))


# Only what the look-alike acts on: an argument that is taken and ignored would hide what Slack does with it.
_READ = "channels:read groups:read im:read mpim:read"
_HISTORY = "channels:history groups:history im:history mpim:history"
_PAGE = "latest oldest inclusive limit cursor include_all_metadata"

METHODS = {
    "apps.connections.open": _method(""),
    "auth.test": _method(""),
    "bots.info": _method("bot", scopes="users:read"),
    "chat.postMessage": _method("text blocks metadata thread_ts unfurl_links unfurl_media", "channel", "chat:write"),
    "chat.postEphemeral": _method("text blocks thread_ts", "channel user", "chat:write"),
    "chat.update": _method("text blocks metadata", "channel ts", "chat:write"),
    "chat.delete": _method("", "channel ts", "chat:write"),
    "chat.getPermalink": _method("", "channel message_ts"),
    "conversations.info": _method("include_num_members", "channel", _READ),
    "conversations.open": _method("users", "", "im:write"),
    "conversations.replies": _method(_PAGE, "channel ts", _HISTORY),
    "conversations.history": _method(_PAGE, "channel", _HISTORY),
    "conversations.members": _method("limit cursor", "channel", _READ),
    "conversations.list": _method("types exclude_archived limit cursor", "", _READ),
    "users.list": _method("limit cursor", "", "users:read"),
    "users.info": _method("", "user", "users:read"),
    "users.lookupByEmail": _method("", "email", "users:read.email"),
    "usergroups.list": _method("include_users include_count", "", "usergroups:read"),
    "usergroups.users.list": _method("", "usergroup", "usergroups:read"),
    "views.open": _method("", "trigger_id view"),
    "views.publish": _method("hash", "user_id view"),
    "views.update": _method("view_id external_id hash", "view"),
}

BOT_SCOPES = frozenset(
    [
        "commands",
        "chat:write",
        "users:read",
        "users:read.email",
        "usergroups:read",
        "channels:read",
        "groups:read",
        "channels:history",
        "groups:history",
        "im:history",
        "im:write",
    ]
)
