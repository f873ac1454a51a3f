"""What the bot needs from the outside, checked one by one, each with a remedy: for the doctor and at a start."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, assert_never

from slack_sdk.web.async_client import AsyncWebClient

from bot.check import Check
from bot.check_people import PeopleChecks
from bot.check_policy import PolicyChecks
from bot.core.notes import Resolved
from bot.errors import Forbidden, GraphError, SignInFailed, SlackError, StoreError, Throttled
from bot.graph import detections
from bot.graph.accounts import DIRECTORY, may_read
from bot.graph.client import Graph
from bot.graph.credential_end import CredentialEnd, Ends, NotKnown
from bot.graph.permissions import lacking
from bot.policy_lists import lists_of
from bot.remedies import entra_remedy, permissions_missing, slack_trouble
from bot.settings import Settings
from bot.slack.api import answered
from bot.slack.installation import Installation

SCOPES = (
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
)
WRITE = "IdentityRiskyUser.ReadWrite.All"


class Checks:
    """Each check asks the real thing; a failing one keeps no other from being made."""

    def __init__(
        self,
        settings: Settings,
        client: AsyncWebClient,
        installation: Installation,
        graph: Graph,
        *,
        ends: CredentialEnd,
        database: Callable[[], Awaitable[str]],
    ) -> None:
        """`database` says how the database is, or raises StoreError."""
        self._settings = settings
        self._client = client
        self._installation = installation
        self._graph = graph
        self._ends = ends
        self._is_managed = settings.azure_token_credentials is not None
        self._database_is = database
        self._lists = PeopleChecks(settings.policy, client, installation)
        self._rules = PolicyChecks(settings.policy, graph)
        self._is_signed_in = False
        self.channel_name = settings.approval_channel

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
        steps: tuple[Callable[[], AsyncIterator[Check]], ...] = (
            self._database,
            self._slack,
            self._channels,
            self._people,
            self._entra,
            self._policy,
            self._credential,
        )
        for step in steps:
            async for check in step():
                yield check

    async def _database(self) -> AsyncIterator[Check]:
        try:
            yield Check("ok", "database", await self._database_is())
        except StoreError as error:
            yield Check("NO", "database", str(error))

    async def _slack(self) -> AsyncIterator[Check]:
        try:
            await self._installation.learn(self._client)
        except SlackError as error:
            yield Check("NO", "Slack", f"Slack: {slack_trouble(error, self._settings.slack_api_url)}")
            return
        yield Check("ok", "Slack", f"Slack: bot @{self._installation.bot_name} in {self._installation.team}")
        missing = [scope for scope in SCOPES if scope not in self._installation.scopes]
        if missing and self._installation.scopes:
            what = f"scopes missing: {', '.join(missing)}. Add them from manifest.yaml and reinstall the app."
            yield Check("NO", "Slack scopes", what)
        elif self._installation.scopes:
            yield Check("ok", "Slack scopes", f"scopes: all {len(SCOPES)}")

    async def _channels(self) -> AsyncIterator[Check]:
        if not self._installation.is_known:
            return
        for channel in dict.fromkeys((self._settings.approval_channel, *self._settings.incident_channels)):
            about = f"channel {channel}"
            try:
                info = (await answered(self._client.conversations_info(channel=channel)))["channel"]
            except SlackError as error:
                what = f"{about}: {error.code}. Check the id; if the channel is private, invite the bot to it first."
                yield Check("NO", about, what)
                continue
            yield self._channel(channel, about, info)

    def _channel(self, channel: str, about: str, info: Mapping[str, Any]) -> Check:
        name = f"#{info.get('name', channel)}"
        is_main = channel == self._settings.approval_channel
        if is_main:
            self.channel_name = name
        if info.get("is_archived"):
            return Check("NO", about, f"{name} is archived: unarchive it or choose another channel.")
        if is_main and (info.get("is_ext_shared") or info.get("is_pending_ext_shared")):
            return Check("NO", about, f"{name} is shared with another organisation: choose another channel.")
        if not info.get("is_member", True):
            return Check("NO", about, f"not in {name}. Someone in it types /invite @{self._installation.bot_name}")
        return Check("ok", about, f"in {name}")

    async def _people(self) -> AsyncIterator[Check]:
        if not self._installation.is_known:
            return
        async for check in self._lists.all():
            yield check

    async def _entra(self) -> AsyncIterator[Check]:
        self._is_signed_in = False
        try:
            await self._graph.tokens.token()
        except SignInFailed as error:
            remedy = entra_remedy(error, by_managed_identity=self._is_managed)
            yield Check("NO", "Entra sign-in", f"Entra sign-in: {error}. {remedy}")
            return
        self._is_signed_in = True
        yield Check("ok", "Entra sign-in", f"Entra: signed in to tenant {self._settings.azure_tenant_id}")
        roles = self._graph.tokens.roles()
        if roles is None:
            yield Check("WARN", "permissions", "the token's permissions can't be read")
        else:
            for check in self._permissions(roles):
                yield check
        yield await self._reach(roles)

    def _permissions(self, roles: frozenset[str]) -> list[Check]:
        found: list[Check] = []
        consent = (
            f"{self._settings.azure_authority_host}/{self._settings.azure_tenant_id}/adminconsent"
            f"?client_id={self._settings.azure_client_id}"
        )
        if WRITE in roles:
            found.append(Check("ok", f"permission {WRITE}", f"permission {WRITE}"))
        else:
            how = "assigns it to the managed identity" if self._is_managed else f"opens {consent}"
            what = f"permission {WRITE} not in the token. An admin {how}"
            found.append(Check("NO", f"permission {WRITE}", what))
        needed = permissions_missing(lacking(self._settings.policy, roles))
        found += [Check("NO", f"permission {permission}", what) for permission, what in needed]
        if not may_read(DIRECTORY, roles) and DIRECTORY not in dict(needed):
            what = (
                f"{DIRECTORY} missing: UPNs are only found among users at risk, own accounts by e-mail and UPN alone"
            )
            found.append(Check("WARN", f"permission {DIRECTORY}", what))
        if not roles & detections.PERMISSIONS:
            what = f"{detections.PERMISSION} missing: messages won't say why users are at risk"
            found.append(Check("WARN", f"permission {detections.PERMISSION}", what))
        return found

    async def _reach(self, roles: frozenset[str] | None) -> Check:
        try:
            await self._graph.probe()
        except Throttled:
            return Check("ok", "Graph", "Graph answers (busy just now: 429)")
        except Forbidden:
            return Check("NO", "Graph", f"Graph refuses risky users (403): {_why_forbidden(roles)}.")
        except GraphError as error:
            what = f"Graph at {self._settings.graph_url} does not answer as it should ({error})."
            return Check(
                "NO", "Graph", f"{what} Is it reachable from here, and its certificate trusted (SSL_CERT_FILE)?"
            )
        except SignInFailed as error:
            return Check("NO", "Graph", f"Entra sign-in: {error}")
        return Check("ok", "Graph", f"Graph answers at {self._settings.graph_url}")

    async def _policy(self) -> AsyncIterator[Check]:
        """Check what the policy names in Entra, and with that and what Slack told whether its rules can be met."""
        self._rules.forget()
        if self._is_signed_in:
            async for check in self._rules.in_entra(self._graph.tokens.roles()):
                yield check
        if self._installation.is_known:
            for check in self._rules.enough(self._lists.able, self._lists.untold):
                yield check

    async def _credential(self) -> AsyncIterator[Check]:
        end = await self._ends.credential_end()
        is_told = isinstance(end, NotKnown) and self._graph.tokens.roles() is None  # by the failing sign-in
        if not is_told and (check := credential_check(end)):
            yield check


def credential_check(end: Ends | NotKnown | None) -> Check | None:
    """Say when the credential ends; None where it has no end."""
    match end:
        case Ends(what, at, left):
            days, date = left.days, f"{at:%Y-%m-%d}"
            if days < 0:
                return Check("NO", "credential", f"{what} ended on {date}: renew it, or nobody can be confirmed.")
            if not end.is_near:
                return Check("ok", "credential", f"{what} ends on {date}")
            when = "today" if not days else "in 1 day" if days == 1 else f"in {days} days"
            return Check("WARN", "credential", f"{what} ends {when} ({date}): renew it")
        case NotKnown(what, _, lacks) if lacks:
            how = f"can't be read without {lacks}: keep the date yourself"
            return Check("ok", "credential", f"when the {what} ends {how}")
        case NotKnown(what, why):
            return Check("WARN", "credential", f"when the {what} ends can't be read: {why}")
        case None:
            return None
        case _:
            assert_never(end)


def _why_forbidden(roles: frozenset[str] | None) -> str:
    if roles is None:
        return f"{WRITE} without admin consent, or no Entra ID P2 in the tenant"
    return "most likely there is no Entra ID P2 in the tenant" if WRITE in roles else f"{WRITE} without admin consent"
