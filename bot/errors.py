"""What can go wrong, as a tree: a parent is what a caller catches, a leaf carries the data.

ConfirmSafeError
├── SettingsInvalid            settings are missing or contradict each other; lists every problem
├── CannotListen               an address to listen on can't be had
├── GraphError                 a Graph call brought no usable answer
│   ├── NotSent                the connection never opened: nothing left this machine
│   ├── Ambiguous              a write may or may not have been taken: timeout, reset, 5xx, no 204
│   ├── Throttled              429
│   ├── Unavailable            a read failed and may be tried again: 408, 5xx, timeout, reset
│   ├── Garbled                an answer that is not what Graph documents, HTML for instance
│   ├── Unauthorized           401, also with a fresh token
│   ├── Forbidden              403
│   └── Rejected               any other 4xx: never tried again
├── SignInFailed               no token could be had from Entra
├── SlackError                 a Slack Web API call did not succeed
│   ├── SlackBusy              429: not taken, may be tried again after `retry_after`
│   │   ├── SlackUnreachable   no connection could be opened: nothing left this machine
│   │   └── SlackPaced         not sent: others go before it in its channel
│   ├── SlackDoubtful          it may or may not have been taken: timeout, reset, 5xx
│   ├── SlackDown              not taken, for a reason that passes: a token, a workspace, a code unknown to us
│   └── SlackRefused           Slack said no to this very call, by a code of its own
└── StoreError                 the database did not take it
    ├── DatabaseInUse          another process of this bot has it
    ├── NothingRecorded        dropped before BEGIN: certainly not stored
    └── CannotTell             COMMIT was sent and not answered
"""

from bot.core.model import Receipt


class ConfirmSafeError(Exception):
    """The root: everything this program raises on purpose."""


class SettingsInvalid(ConfirmSafeError):
    """Settings are missing or contradict each other."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotListen(ConfirmSafeError):
    """An address to listen on can't be had: taken by another process, or not this machine's."""


class GraphError(ConfirmSafeError):
    """A Graph call brought no usable answer."""

    def __init__(self, receipt: Receipt, what: str = "") -> None:
        super().__init__(what or f"{receipt.status} {receipt.code}".strip())
        self.receipt = receipt


class NotSent(GraphError):
    """The connection never opened: nothing left this machine."""


class TooLate(NotSent):
    """It was not sent, as by then it would have gone on a reading or an approval that is too old."""


class Ambiguous(GraphError):
    """A write may or may not have been taken."""


class Throttled(GraphError):
    """429; `retry_after` in seconds where Graph names it, which it rarely does."""

    def __init__(self, receipt: Receipt, retry_after: float | None) -> None:
        super().__init__(receipt)
        self.retry_after = retry_after


class Unavailable(GraphError):
    """A read failed and may be tried again."""

    def __init__(self, receipt: Receipt, what: str = "", retry_after: float | None = None) -> None:
        super().__init__(receipt, what)
        self.retry_after = retry_after


class Garbled(GraphError):
    """An answer that is not what Graph documents."""


class Unauthorized(GraphError):
    """401, also with a fresh token; `claims` are those that Graph would take a token with."""

    def __init__(self, receipt: Receipt, claims: str | None = None) -> None:
        super().__init__(receipt)
        self.claims = claims


class Forbidden(GraphError):
    """403: a permission or licence is missing; `roles` are those the token showed, None if unreadable."""

    def __init__(self, receipt: Receipt, roles: frozenset[str] | None = None) -> None:
        super().__init__(receipt)
        self.roles = roles


class Rejected(GraphError):
    """Any other 4xx: the same call would be refused again."""


class SignInFailed(ConfirmSafeError):
    """No token could be had; `code` is Entra's AADSTS code where there is one."""

    def __init__(self, code: str, what: str, *, is_transient: bool) -> None:
        super().__init__(what)
        self.code = code
        self.is_transient = is_transient


class SlackError(ConfirmSafeError):
    """A Slack Web API call did not succeed; `code` is Slack's own word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SlackBusy(SlackError):
    """429: not taken; `retry_after` in seconds."""

    def __init__(self, retry_after: float, code: str = "ratelimited") -> None:
        super().__init__(code)
        self.retry_after = retry_after


class SlackUnreachable(SlackBusy):
    """No connection could be opened."""


class SlackPaced(SlackBusy):
    """Not sent: one message a second a channel is what Slack takes, and others go first."""


class SlackDoubtful(SlackError):
    """It may or may not have been taken."""


class SlackDown(SlackError):
    """Not taken, for a reason that passes or that an operator has to mend: it is tried again."""


class SlackRefused(SlackError):
    """Slack said no to this very call: it would say so again."""


class StoreError(ConfirmSafeError):
    """The database did not take it."""


class DatabaseInUse(StoreError):
    """Another process of this bot has it."""


class NothingRecorded(StoreError):
    """Dropped before BEGIN: certainly not stored."""


class CannotTell(StoreError):
    """COMMIT was sent and not answered."""
