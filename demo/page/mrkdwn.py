"""Slack's texts as safe HTML (docs.slack.dev/messaging/formatting-message-text); what is no markup stays as typed."""

import re
from datetime import UTC, datetime
from itertools import groupby

from markupsafe import Markup, escape

from demo.local_slack.workspace import Workspace

# Two sides of ``` are a box of code, whatever it holds; the line breaks beside it are the box's own.
_BOX = re.compile(r"\n?```\n?(.+?)\n?```\n?", re.DOTALL)
_QUOTED = re.compile(r"(?:&gt;|>) ?")
# A mark counts at the edge of words, and not beside U+2060, with which the bot leaves a name's own marks as typed.
# What is in <> or in backticks is one piece: no mark in it begins or ends anything outside.
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<special>[^<>\n]+)>"
    r"|:(?P<emoji>[a-z0-9_+'-]+):"
    r"|(?<![\w*~\u2060])(?P<mark>[*_~])(?![\s\u2060]|(?P=mark))"
    r"(?P<marked>(?:`[^`\n]+`|<[^<>\n]+>|[^`<\n])+?)(?<![\s\u2060])(?P=mark)(?![\w*~\u2060])"
)
_SPECIAL = re.compile(
    r"@(?P<user>[UW][A-Z0-9]+)(?:\|.*)?"
    r"|\#(?P<channel>C[A-Z0-9]+)(?:\|.*)?"
    r"|!subteam\^(?P<group>S[A-Z0-9]+)(?:\|.*)?"
    r"|!(?P<all>here|channel|everyone)(?:\|.*)?"
    r"|!date\^(?P<seconds>[0-9]{1,11})\^(?P<form>[^|^]*)(?:\^(?P<on>https?:[^|]*))?\|(?P<fallback>.*)"
    r"|(?P<url>(?:https?|mailto):[^|\s]+)(?:\|(?P<label>.+))?"
)
_TAGS = {"*": "strong", "_": "em", "~": "del"}
_EMOJI = {
    "+1": "\N{THUMBS UP SIGN}",
    "eyes": "\N{EYES}",
    "pray": "\N{PERSON WITH FOLDED HANDS}",
    "smile": "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}",
    "tada": "\N{PARTY POPPER}",
    "thumbsup": "\N{THUMBS UP SIGN}",
    "warning": "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    "wave": "\N{WAVING HAND SIGN}",
    "white_check_mark": "\N{WHITE HEAVY CHECK MARK}",
    "x": "\N{CROSS MARK}",
}
"""The bot says nothing by a picture (it writes `emoji: false`); these are for what people type."""


class CantRender(ValueError):
    """Something of Slack's that the page has no picture of: it must be taught, not left blank."""


def mrkdwn(text: str, names: Workspace) -> Markup:
    """Draw mrkdwn; `names` says who is mentioned, and what day it is."""
    pieces = _BOX.split(text)
    drawn = [_box(piece, names) if n % 2 else _lines(piece, names) for n, piece in enumerate(pieces)]
    return Markup("").join(drawn)


def plain_text(text: str, *, emoji: bool = True) -> Markup:
    """Draw plain text: nothing in it is markup but the names of pictures, unless `emoji` is false."""
    return Markup("<br>").join(plain_words(text, emoji=emoji).split("\n"))


def plain_words(text: str, *, emoji: bool = True) -> str:
    """Write plain text as it is read, for where there is no HTML."""
    return re.sub(r":([a-z0-9_+'-]+):", lambda found: _picture(found[1]), text) if emoji else text


def link_to(url: str) -> str:
    """Give the address back if it may be followed: a script in it would run as the page's own."""
    if not re.match(r"(?:https?|mailto):", url):
        raise CantRender(f"a link to {url!r}")
    return url


def _picture(name: str) -> str:
    return _EMOJI.get(name, f":{name}:")


def _box(text: str, names: Workspace) -> Markup:
    return Markup("<pre>{}</pre>").format(_in_code(text, names))


def _lines(text: str, names: Workspace) -> Markup:
    """Draw lines; those that are quoted one after the other are one quote."""
    drawn = Markup("")
    for is_quote, lines in groupby(text.split("\n"), lambda line: bool(_QUOTED.match(line))):
        shown = [_inline(_QUOTED.sub("", line, count=1) if is_quote else line, names) for line in lines]
        group = Markup("<br>").join(shown)
        drawn += Markup("<blockquote>{}</blockquote>").format(group) if is_quote else group
    return drawn


def _inline(text: str, names: Workspace) -> Markup:
    drawn, end = Markup(""), 0
    for found in _INLINE.finditer(text):
        drawn += _bare(text[end : found.start()]) + _piece(found, names)
        end = found.end()
    return drawn + _bare(text[end:])


def _piece(found: re.Match[str], names: Workspace) -> Markup:
    if code := found["code"]:
        return Markup("<code>{}</code>").format(_in_code(code, names))
    if special := found["special"]:
        return _special(special, names)
    if name := found["emoji"]:
        return escape(_picture(name))
    tag = Markup(_TAGS[found["mark"]])  # noqa: S704 - one of three words of ours
    return Markup("<{0}>{1}</{0}>").format(tag, _inline(found["marked"], names))


def _in_code(text: str, names: Workspace) -> Markup:
    """Draw what stands in code: links and people are still such there, all else is as typed."""
    pieces = re.split(r"<([^<>\n]+)>", text)
    return Markup("").join(_special(piece, names) if n % 2 else _bare(piece) for n, piece in enumerate(pieces))


def _bare(text: str) -> Markup:
    """Slack has three entities; whatever else looks like one is text."""
    return escape(_unescaped(text))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _special(inside: str, names: Workspace) -> Markup:
    """Draw what stood between < and >, or leave it as typed where it is none of Slack's."""
    found = _SPECIAL.fullmatch(inside)
    if found is None:
        return _bare(f"<{inside}>")
    if found["seconds"]:
        return _date(found, names)
    if found["url"]:
        return _link(_unescaped(found["url"]), _bare(found["label"] or found["url"].removeprefix("mailto:")))
    return Markup('<span class="sl-mention">{}</span>').format(_mentioned(found, names))


def _mentioned(found: re.Match[str], names: Workspace) -> str:
    if found["user"]:
        return f"@{names.user_name(found['user'])}"
    if found["channel"]:
        return f"#{names.channel_name(found['channel'])}"
    return f"@{names.group_name(found['group'])}" if found["group"] else f"@{found['all']}"


def _date(found: re.Match[str], names: Workspace) -> Markup:
    """Draw a time; where it is pointed at, as it reads without Slack."""
    seconds, fallback = int(found["seconds"]), _unescaped(found["fallback"])
    words = names.date(seconds, _unescaped(found["form"]))
    if unknown := re.search(r"\{\w+\}", words):
        raise CantRender(f"a date with {unknown[0]}")
    at = datetime.fromtimestamp(seconds, UTC).isoformat()
    drawn = Markup('<time datetime="{}" title="{}">{}</time>').format(at, fallback, words)
    return _link(_unescaped(found["on"]), drawn) if found["on"] else drawn


def _link(url: str, shown: Markup) -> Markup:
    opened = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
    return opened.format(link_to(url), shown)
