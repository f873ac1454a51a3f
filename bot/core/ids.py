"""What things are called: each kind of id a type of its own."""

from typing import NewType

RequestId = NewType("RequestId", str)
"""What people call a request, such as CS-4K7Q."""
ObjectId = NewType("ObjectId", str)
"""A directory object's id: a GUID in lower case."""
Sendable = NewType("Sendable", ObjectId)
"""The id of a user who waits to be sent: only a request gives it out, and a rehearsal has none."""
SlackUserId = NewType("SlackUserId", str)
ChannelId = NewType("ChannelId", str)
MessageTs = NewType("MessageTs", str)
"""Slack's name for a message inside its channel, such as 1712345678.000100."""
