"""The form is read as a whole: what is wrong is found all at once, and what is right is an ask like any other."""

from typing import Any

from bot.core.commands import Ask
from bot.core.form import REMARK, Filled, read
from bot.core.ids import ChannelId, SlackUserId
from bot.core.model import Asker

ASKER = Asker(SlackUserId("U0ANALYST"), ChannelId("C0GENERAL"), "Lynne")


def filled(**given: Any) -> Filled:
    return Filled(ASKER, **({"reason": "She  phoned\nme", "known_by": "phone", "users": ("id-1",)} | given))


def wrong(form: Filled, shared: tuple[str, ...] = ()) -> list[tuple[str, str, int]]:
    found = read(form, shared)
    assert isinstance(found, tuple)
    return [(problem.field, problem.kind, problem.count) for problem in found]


def test_users_from_everywhere_are_asked_for_once_each() -> None:
    ask = read(filled(users=("id-1", "id-2"), pasted="adelev@contoso.com, <@U0MEGAN>"), ("id-2", "id-3"))
    assert isinstance(ask, Ask)
    assert ask.entries == ("id-1", "id-2", "id-3", "adelev@contoso.com", "<@U0MEGAN>")
    assert (ask.reason, ask.known_by) == ("She phoned me", "phone")
    assert ask.command == "/confirm-safe id-1 id-2 id-3 adelev@contoso.com <@U0MEGAN> She phoned me"


def test_a_rehearsal_is_one_also_in_what_can_be_sent_again() -> None:
    ask = read(filled(is_rehearsal=True), ())
    assert isinstance(ask, Ask)
    assert ask.is_rehearsal
    assert ask.command.startswith("/confirm-safe rehearse id-1 ")


def test_everything_that_is_wrong_is_found_at_once() -> None:
    form = filled(users=(REMARK,), shared=(REMARK,), pasted="a@b.com x", reason=" ", known_by="mail")
    assert wrong(form) == [
        ("users", "remark", 0),
        ("shared", "remark", 0),
        ("pasted", "unreadable", 1),
        ("reason", "no_reason", 0),
        ("known_by", "unknown", 0),
    ]


def test_nobody_and_too_many_are_wrong() -> None:
    assert wrong(filled(users=())) == [("users", "no_users", 0)]
    many = tuple(f"id-{n}" for n in range(501))
    assert wrong(filled(users=many)) == [("users", "too_many", 501)]
    assert wrong(filled(users=(), shared=("group",)), many) == [("shared", "too_many", 501)]
    assert wrong(filled(users=many, pasted="a@b.com")) == [("pasted", "too_many", 502)]


def test_a_reason_has_an_end() -> None:
    assert wrong(filled(reason="x" * 1501)) == [("reason", "too_long", 1501)]
