"""What the thread says once a confirmation was a mistake: who says so and why, and the steps to take in Entra."""

from collections.abc import Sequence

from bot.core.model import Request, Target
from bot.slack.blocks import people, words
from bot.slack.blocks.message import MAX_SECTION, Block, Message, context, plain_section, section
from bot.slack.blocks.place import Place

_MAX_NAME = 60
_MAX_REASON = 1000
_MOST = 30
_ROOM = 8000
"""Characters for the users, so that they fit the 12,000 of a message together with all else."""
_STEPS = (
    "1. Confirm user compromised (risk becomes High again).",
    "2. Revoke sessions.",
    "3. Reset the password, check new MFA methods and inbox rules.",
)


def marked(request: Request, place: Place) -> Message:
    """Call the approvers, and give them the steps with a link for each user."""
    by = words.who(request.mistake.by) if request.mistake else "Somebody"
    told = f"{words.approvers(place)} This approval was marked as a mistake by {by}."
    reason = words.clean(request.mistake.reason).strip() if request.mistake else ""
    taken = people.riskiest_first(_perhaps_taken(request))
    each = _each(len(taken), len(people.to_confirm(request).targets))
    blocks = [section(told)]
    if reason:
        blocks.append(plain_section(f"Reason: {words.shorten(reason, _MAX_REASON)}"))
    blocks += [
        section("\n".join([each, *_STEPS])),
        *_users(taken, place),
        context("Nothing was changed by this report."),
    ]
    return Message(" ".join([told, each, *_STEPS]), blocks)


def _perhaps_taken(request: Request) -> Sequence[Target]:
    """Whom Entra took, or may have taken: the others are as they were, and need nothing undone."""
    in_doubt = (*request.having("attempted", "unknown"), *people.doubted(request.targets))
    return (*people.taken(request), *in_doubt) or request.targets


def _each(n: int, total: int) -> str:
    if n == total:
        return "For each user in Entra:" if n > 1 else "For the user in Entra:"
    if n == 1:
        return f"1 of {words.users(total)} was sent or may have been. In Entra:"
    return f"{n} of {words.users(total)} were sent or may have been. For each of them in Entra:"


def _users(targets: Sequence[Target], place: Place) -> list[Block]:
    """A line with a link for each user, as many as fit; of the rest, how many there are and where."""
    texts: list[str] = []
    told = total = 0
    for target in targets[:_MOST]:
        line = f"• {people.bold(target, _MAX_NAME)} · {words.in_entra(place, [target.user_id])}"
        if total + len(line) > _ROOM:
            break
        if texts and len(texts[-1]) + 1 + len(line) <= MAX_SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
        told, total = told + 1, total + len(line)
    blocks = [section(text) for text in texts]
    if more := [target.user_id for target in targets[told:]]:
        blocks.append(section(f"and {len(more)} more · {words.in_entra(place, more)}"))
    return blocks
