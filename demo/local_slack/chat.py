"""The Web API's chat methods: what the bot says."""

from typing import Any

from demo.local_slack import blockkit
from demo.local_slack.calling import Answering, Args, Asker, Refused, joined, visible
from demo.local_slack.workspace import BOT_USER, TEAM_URL, Message, SlackChannel, Workspace

MAX_TEXT, MAX_UPDATE = 40_000, 4_000


class Chat:
    """Posts, whispers, edits and deletes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.methods: dict[str, Answering] = {
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._whisper,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.getPermalink": self._permalink,
        }

    def _post(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = self._writable(args)
        check_content(args, MAX_TEXT, asker)
        _check_metadata(args, asker)
        message = self._message(channel, args, asker)
        message.metadata = args.get("metadata")
        self._workspace.posted.append(message)
        return {"channel": channel.id, "ts": message.ts, "message": shown(message, with_metadata=True)}

    def _whisper(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = self._writable(args)
        check_content(args, MAX_TEXT, asker)
        if args["user"] not in channel.members:
            raise Refused("user_not_in_channel")
        message = self._message(channel, args, asker)
        message.ephemeral_to = str(args["user"])
        self._workspace.whispered.append(message)
        return {"message_ts": message.ts}

    def _update(self, args: Args, asker: Asker) -> dict[str, Any]:
        channel = joined(self._workspace, args)
        if channel.is_archived:
            raise Refused("is_inactive")
        message = self._own(channel, args, "cant_update_message")
        check_content(args, MAX_UPDATE, asker)
        _check_metadata(args, asker)
        # Metadata that is left out is kept, an empty object removes it.
        message.rewrite(*content_of(args))
        message.metadata = args.get("metadata", message.metadata)
        now = shown(message, with_metadata=True)
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": now}

    def _delete(self, args: Args, _asker: Asker) -> dict[str, Any]:
        channel = visible(self._workspace, args)
        message = self._own(channel, args, "cant_delete_message")
        message.deleted = True
        return {"channel": channel.id, "ts": message.ts}

    def _permalink(self, args: Args, _asker: Asker) -> dict[str, Any]:
        channel = visible(self._workspace, args)
        message = self._workspace.find(channel.id, str(args["message_ts"]))
        if message is None:
            raise Refused("message_not_found")
        link = f"{TEAM_URL}archives/{channel.id}/p{message.ts.replace('.', '')}"
        thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
        return {"channel": channel.id, "permalink": link + thread}

    def _message(self, channel: SlackChannel, args: Args, asker: Asker) -> Message:
        ts = self._workspace.new_ts(asker.now)
        return Message(channel.id, ts, BOT_USER, *content_of(args), thread_ts=str(args.get("thread_ts", "")))

    def _writable(self, args: Args) -> SlackChannel:
        if visible(self._workspace, args).is_archived:
            raise Refused("is_archived")
        return joined(self._workspace, args)

    def _own(self, channel: SlackChannel, args: Args, otherwise: str) -> Message:
        message = self._workspace.find(channel.id, str(args["ts"]))
        if message is None:
            raise Refused("message_not_found")
        if message.user != BOT_USER:
            raise Refused(otherwise)
        return message


def content_of(args: Args) -> tuple[str, list[dict[str, Any]]]:
    return str(args.get("text") or ""), list(args.get("blocks") or [])


def check_content(args: Args, most: int, asker: Asker) -> None:
    """Refuse a message without words, with too many of them, or with blocks that Slack does not take."""
    text, blocks = str(args.get("text") or ""), args.get("blocks")
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    if blocks and not isinstance(blocks, list):
        asker.refuse(["blocks: no list of blocks"], "invalid_blocks_format")
    faults = blockkit.faults_of_text(text)
    asker.refuse([*faults, *(blockkit.faults_of_message(blocks) if blocks else [])], "invalid_blocks")


def _check_metadata(args: Args, asker: Asker) -> None:
    metadata = args.get("metadata", {})
    is_whole = isinstance(metadata, dict) and (
        not metadata
        or (
            set(metadata) == {"event_type", "event_payload"}
            and isinstance(metadata["event_type"], str)
            and isinstance(metadata["event_payload"], dict)
        )
    )
    if not is_whole:
        asker.refuse(["metadata must be event_type and event_payload"], "invalid_metadata_format")


def shown(message: Message, *, with_metadata: bool) -> dict[str, Any]:
    """Write a message as the Web API does."""
    whole = {
        "type": "message",
        "ts": message.ts,
        "user": message.user,
        "bot_id": message.bot_id,
        "text": message.text,
    }
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    metadata = {"metadata": message.metadata} if with_metadata and message.metadata else {}
    return {**whole, **thread, "blocks": message.blocks, **metadata}
