"""More users than a message can show: those who look different first, then what the others have in common."""

from collections.abc import Iterator, Sequence

from bot.core.alike import Split, Story, split
from bot.core.detections import words_of
from bot.core.model import Request, Target
from bot.core.reasons import Origin
from bot.slack.blocks import people, words
from bot.slack.blocks.message import MAX_SECTION, Block, plain, section

MOST = 10
"""Lines on the message; everybody is in the review."""
LEAVE_OUT = "leave_out"
"""The box's block and action."""
_ROOMS = ((100, 120, 200), (80, 100, 80), (60, 80, 50), (30, 40, 40))
"""Room for a name, a UPN and why: ten lines share one section."""
_MAX_KIND = 60
_MAX_PLACE = 45
_USERS_A_SECTION = 20
_PARAGRAPHS = 30
"""So many who look different are told of in full."""


def summary(request: Request) -> list[Block]:
    """The people of a message: the different ones by line, the others in a sentence."""
    found, is_open = split(request.targets), request.state == "pending"
    if found.story is None:
        head = f"*The riskiest {MOST}; all are under Review:*" if is_open else f"*The riskiest {MOST}:*"
        return [_lines(head, people.riskiest_first(request.targets), None, is_open=is_open)]
    alike = section(_alike(found, found.story))
    if not found.different:
        return [alike]
    return [_lines(_first(found, is_open=is_open), found.different, found.story, is_open=is_open), alike]


def _first(found: Split, *, is_open: bool) -> str:
    head = _look_different(len(found.different))
    check = "Check this one first" if len(found.different) == 1 else "Check these first"
    return f"*{head}. {check}:*" if is_open else f"*{head}:*"


def _look_different(n: int) -> str:
    return f"{n} looks different" if n == 1 else f"{n} look different"


def _lines(head: str, targets: Sequence[Target], story: Story | None, *, is_open: bool) -> Block:
    left = len(targets) - MOST
    more = [f"and {left} more" + (" under Review" if is_open else "")] if left > 0 else []
    texts = (
        "\n".join([head, *(f"• {_line(target, story, rooms)}" for target in targets[:MOST]), *more])
        for rooms in _ROOMS
    )
    return section(next(text for text in texts if len(text) <= MAX_SECTION))


def _line(target: Target, story: Story | None, rooms: tuple[int, int, int]) -> str:
    """One user; where they came from too, where that is what is different about them."""
    line = people.line(target, *rooms)
    origins = [o for reason in target.why or () for o in reason.came_from if any(o)]
    other = next((o for o in origins if story is not None and not story.holds(o)), None)
    return f"{line}, from {_place(other, rooms[2] // 2)}" if other else line


def _place(origin: Origin, room: int) -> str:
    """Where something came from: "Lima, PE", or where no place is known its network."""
    place = ", ".join(filter(None, [origin.city, origin.country])) if origin.city else ""
    return words.isolate(", ".join(filter(None, [place or origin.country, origin.network])), room)


def _alike(found: Split, story: Story) -> str:
    """Say what they share, and nothing that not all of them do."""
    n = len(found.alike)
    head = f"*{n} look alike:*" if found.different else f"*All {n} look alike:*"
    kinds = [_kind(kind) for kind in story.kinds]
    told = words.conjoined(kinds, "or")
    since = f", since {words.date(story.since)}" if story.since else ""
    return f"{head} {told}, all from {_where(story)}{since}."


def _kind(kind: str) -> str:
    named = words_of(kind)
    return named if named != kind else words.isolate(named, _MAX_KIND)


def _where(story: Story) -> str:
    place = words.isolate(", ".join(filter(None, [story.city, story.country])), _MAX_PLACE)
    networks = " or ".join(story.networks)
    if not (story.city or story.country):
        return networks
    return f"{networks} ({place})" if networks else place


def review(request: Request, rooms: Sequence[tuple[int, int, int]]) -> Iterator[list[Block]]:
    """Everybody, for the window: in several ways, from the most told to the least."""
    found = split(request.targets)
    for room in rooms:
        yield from _review(request, found, room)


def _review(request: Request, found: Split, rooms: tuple[int, int, int]) -> Iterator[list[Block]]:
    if found.story is None:
        yield _sections(people.riskiest_first(request.targets), rooms)
        return
    alike = [section(_alike(found, found.story)), *_sections(found.alike, rooms)]
    if not found.different:
        yield alike
        return
    head = section(f"*{_look_different(len(found.different))}*")
    rest = [_box(found, is_rehearsal=request.is_rehearsal), {"type": "divider"}, *alike]
    if len(found.different) <= _PARAGRAPHS:
        yield [head, *(section(people.paragraph(target)) for target in found.different), *rest]
    for most in (1, _USERS_A_SECTION // 4, _USERS_A_SECTION):
        yield [head, *_sections(found.different, rooms, most, found.story), *rest]


def _sections(
    targets: Sequence[Target],
    rooms: tuple[int, int, int],
    most: int = _USERS_A_SECTION,
    story: Story | None = None,
) -> list[Block]:
    """Put so many users into a section, fewer where their names are long."""
    texts: list[str] = []
    lines = 0
    for target in targets:
        line = _line(target, story, rooms)
        if texts and lines < most and len(texts[-1]) + 1 + len(line) <= MAX_SECTION:
            texts[-1] += f"\n{line}"
            lines += 1
        else:
            texts.append(line)
            lines = 1
    return [section(text) for text in texts]


def _box(found: Split, *, is_rehearsal: bool) -> Block:
    """What to tick so that those who look different are not confirmed; it names them by their mark alone."""
    n = len(found.different)
    text = "Leave out this one (stays at risk)" if n == 1 else f"Leave out these {n} (they stay at risk)"
    if is_rehearsal:
        text = "Leave out this one" if n == 1 else f"Leave out these {n}"
    return {
        "type": "input",
        "block_id": LEAVE_OUT,
        "optional": True,
        "label": plain("Not sure about the one above?" if n == 1 else f"Not sure about the {n} above?"),
        "element": {
            "type": "checkboxes",
            "action_id": LEAVE_OUT,
            "options": [{"text": plain(text), "value": found.mark}],
        },
    }
