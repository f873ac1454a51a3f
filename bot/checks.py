"""What the bot needs from the outside, checked one by one, each with a remedy: for the doctor and at a start."""

from collections.abc import AsyncIterator, Awaitable, Callable

from bot.check import Check, no, ok
from bot.check_entra import EntraChecks, credential_kind
from bot.check_people import PeopleChecks
from bot.check_policy import PolicyChecks
from bot.check_slack import SlackChecks
from bot.check_socket import owner_check
from bot.core.notes import Resolved
from bot.errors import StoreError
from bot.explain_words import summary
from bot.outside import Outside
from bot.policy_lists import lists_of
from bot.settings import Settings


class Checks:
    """Each check asks the real thing; a failing one keeps no other from being made."""

    def __init__(
        self,
        outside: Outside,
        database: Callable[[], Awaitable[Check]],
        socket_mode: Callable[[], Awaitable[Check]],
    ) -> None:
        """`database` says how the database is, or raises StoreError; `socket_mode` is asked where that is set."""
        settings, clock = outside.settings, outside.clock
        self._settings = settings
        self._installation = outside.installation
        self._graph = outside.graph
        self._database_is = database
        self._socket_mode_is = socket_mode
        self._slack = SlackChecks(settings, outside.client, outside.installation, clock)
        self._entra = EntraChecks(settings, outside.graph, outside.ends, clock)
        self._lists = PeopleChecks(settings.policy, outside.client, outside.installation)
        self._rules = PolicyChecks(settings.policy, outside.graph)

    @property
    def channel_name(self) -> str:
        return self._slack.channel_name

    @property
    def approvers(self) -> str:
        """How many can approve, over all teams: "7 approvers"; who is in a group in Entra isn't counted."""
        groups = any(listed.groups for listed in lists_of(self._settings.policy) if listed.does == "approve")
        return f"{len(self._lists.able)} approvers{' and those in groups in Entra' if groups else ''}"

    @property
    def resolved(self) -> Resolved:
        """Who they are, for the record."""
        able = {str(user): tuple(sorted(teams)) for user, teams in sorted(self._lists.able.items())}
        return Resolved(able, tuple(sorted(self._lists.untold)))

    async def all(self) -> AsyncIterator[Check]:
        yield settings_check(self._settings)
        steps: tuple[Callable[[], AsyncIterator[Check]], ...] = (
            self._database,
            self._slack.app,
            self._socket_mode,
            self._in_slack,
            self._entra.sign_in,
            self._policy,
            self._entra.credential,
        )
        for step in steps:
            async for check in step():
                yield check

    async def _database(self) -> AsyncIterator[Check]:
        try:
            yield await self._database_is()
        except StoreError as error:
            remedy = "Look at the file, at who may write it, and at the disk."
            yield no("database", str(error).removesuffix("."), remedy)

    async def _socket_mode(self) -> AsyncIterator[Check]:
        token = self._settings.slack_app_token
        if token is None:
            return
        yield await self._socket_mode_is()
        for check in owner_check(token, self._installation.app_id):
            yield check

    async def _in_slack(self) -> AsyncIterator[Check]:
        if not self._installation.is_known:
            return
        for step in (self._slack.channels, self._lists.all):
            async for check in step():
                yield check

    async def _policy(self) -> AsyncIterator[Check]:
        """Check what the policy names in Entra, and with that and what Slack told whether its rules can be met."""
        self._rules.forget()
        if self._entra.is_signed_in:
            async for check in self._rules.in_entra(self._graph.tokens.roles()):
                yield check
        if self._installation.is_known:
            for check in self._rules.enough(self._lists.able, self._lists.untold):
                yield check


def settings_check(settings: Settings) -> Check:
    """Sum up what was set, so that whoever reads on sees which bot this is; secrets only by their kind."""
    app = f"app {settings.azure_client_id} by " if settings.azure_client_id else ""
    what = (
        f"settings: {settings.way_in}, tenant {settings.azure_tenant_id}, "
        f"{app}{credential_kind(settings)}, Graph cloud {settings.graph_cloud}, {summary(settings.policy)}"
    )
    return ok("settings", what)
