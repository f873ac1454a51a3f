"""Accounts in Entra and people in Slack, as they were looked up."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.core.ids import ObjectId, SlackUserId


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """An account in Entra, as `/users` shows it to an app with User.Read.All."""

    user_id: ObjectId
    display_name: str
    upn: str
    mail: str = ""
    proxy_addresses: tuple[str, ...] = ()
    enabled: bool = True
    is_guest: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every e-mail address and UPN that means this account, in lower case, without duplicates."""
        proxies = (p.partition(":")[2] for p in self.proxy_addresses if p.lower().startswith("smtp:"))
        return tuple(dict.fromkeys(a.casefold() for a in (self.upn, self.mail, *proxies) if a))


def is_theirs(user_id: ObjectId, names: Collection[str], accounts: Collection[ObjectId], email: str) -> bool:
    """Whether a user is somebody: by one of their accounts, or by an address of theirs among the user's names."""
    return user_id in accounts or (email != "" and email.casefold() in names)


def the_account(found: Collection[DirectoryUser]) -> DirectoryUser | None:
    """The one enabled member among them; None where there is none, or more than one."""
    usable = [account for account in found if account.enabled and not account.is_guest]
    return usable[0] if len(usable) == 1 else None


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user as `users.info` shows them at this moment."""

    id: SlackUserId
    team_id: str
    name: str
    email: str
    deleted: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False

    @property
    def is_full_member(self) -> bool:
        return not (self.deleted or self.is_bot or self.is_guest or self.is_stranger)
