"""Checks Entra and Graph: discovery, the sign-in and its credential, the token's permissions, risky users."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_never

from bot.check import Check, no, ok, warn
from bot.check_clock import clock_check
from bot.check_discovery import discovery
from bot.clock import Clock
from bot.clouds import ADMIN_CENTERS
from bot.errors import Forbidden, GraphError, SignInFailed, Throttled
from bot.graph import detections
from bot.graph.accounts import DIRECTORY, may_read
from bot.graph.client import Graph
from bot.graph.credential_end import CredentialEnd, Ends, NotKnown
from bot.graph.credentials import CertificateFile, FederatedToken, ManagedIdentity, Secret, credentials_of
from bot.graph.permissions import lacking
from bot.remedies import entra_link, entra_remedy, permissions_missing
from bot.settings import Settings

WRITE = "IdentityRiskyUser.ReadWrite.All"
OPTIONAL = {
    DIRECTORY: "UPNs are only found among users at risk, own accounts by e-mail and UPN alone",
    detections.PERMISSION: "messages won't say why users are at risk",
}
"""Each with what is lost without it; when a secret ends is told of by its own check."""


class EntraChecks:
    """Signs in, and looks at what the token allows."""

    def __init__(self, settings: Settings, graph: Graph, ends: CredentialEnd, clock: Clock) -> None:
        self._settings = settings
        self._graph = graph
        self._ends = ends
        self._clock = clock
        self._is_managed = settings.azure_token_credentials is not None
        self.is_signed_in = False

    @property
    def _consent(self) -> str:
        """Where an admin consents to the app's permissions; a managed identity has no such page."""
        if self._is_managed:
            return ""
        host, tenant = self._settings.azure_authority_host, self._settings.azure_tenant_id
        return f"{host}/{tenant}/adminconsent?client_id={self._settings.azure_client_id}"

    @property
    def _credentials_page(self) -> str:
        """The app registration's page for its secrets, certificates and federated credentials."""
        if self._is_managed:
            return ""
        center = ADMIN_CENTERS[self._settings.graph_cloud]
        blade = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials"
        return f"{center}/{blade}/appId/{self._settings.azure_client_id}"

    async def sign_in(self) -> AsyncIterator[Check]:
        self.is_signed_in = False
        if not self._is_managed:  # whose tokens come from the machine, not from here
            yield await discovery(self._settings.azure_authority_host, self._settings.azure_tenant_id)
        try:
            await self._graph.tokens.token()
        except SignInFailed as error:
            remedy = entra_remedy(error, by_managed_identity=self._is_managed)
            link = entra_link(error, self._credentials_page)
            yield no("Entra sign-in", f"Entra sign-in: {error}", remedy, link)
            return
        self.is_signed_in = True
        by = credential_kind(self._settings)
        yield ok("Entra sign-in", f"Entra: signed in to tenant {self._settings.azure_tenant_id} by {by}")
        roles = self._graph.tokens.roles()
        for check in self._permissions(roles):
            yield check
        async for check in self._reach(roles):
            yield check

    def _permissions(self, roles: frozenset[str] | None) -> Iterator[Check]:
        if roles is None:
            what = "the token's permissions can't be read"
            yield warn("permissions", what, "Look at the app's API permissions in Entra.", self._credentials_page)
            return
        yield ok("permissions", f"the token's permissions: {', '.join(sorted(roles)) or 'none'}")
        how = "assigns it to the managed identity." if self._is_managed else f"opens {self._consent}"
        if WRITE in roles:
            yield ok(f"permission {WRITE}", f"permission {WRITE}")
        else:
            what = f"permission {WRITE} not in the token"
            yield no(f"permission {WRITE}", what, f"An admin {how}", self._consent)
        needed = permissions_missing(lacking(self._settings.policy, roles))
        for permission, trouble in needed:
            yield no(f"permission {permission}", trouble.what, trouble.remedy, self._consent)
        for permission, lost in OPTIONAL.items():
            has = may_read(permission, roles) if permission == DIRECTORY else bool(roles & detections.PERMISSIONS)
            if not has and permission not in dict(needed):
                remedy = f"Add it to the app, and an admin {how}"
                yield warn(f"permission {permission}", f"{permission} missing: {lost}", remedy, self._consent)

    async def _reach(self, roles: frozenset[str] | None) -> AsyncIterator[Check]:
        asked, date = self._clock.now(), ""
        try:
            date = await self._graph.probe()
        except SignInFailed as error:
            remedy = entra_remedy(error, by_managed_identity=self._is_managed)
            yield no("Graph", f"Entra sign-in: {error}", remedy, entra_link(error, self._credentials_page))
        except GraphError as error:
            date = error.receipt.date
            yield self._unreached(error, roles)
        else:
            what = "risky users can be read, so the tenant has Entra ID P2"
            yield ok("Graph", f"Graph answers at {self._settings.graph_url}: {what}")
        if told := clock_check("Graph", date, asked, self._clock.now()):
            yield told

    def _unreached(self, error: GraphError, roles: frozenset[str] | None) -> Check:
        if isinstance(error, Throttled):
            return ok("Graph", "Graph answers (busy just now: 429)")
        if isinstance(error, Forbidden):
            return self._forbidden(roles)
        what = f"Graph at {self._settings.graph_url} does not answer as it should ({error})"
        return no("Graph", what, "Is it reachable from here, and its certificate trusted (SSL_CERT_FILE)?")

    def _forbidden(self, roles: frozenset[str] | None) -> Check:
        consent, licence = "An admin consents to it", "Buy or try Entra ID P2, which has ID Protection"
        if roles is None:
            why, remedy = (
                f"{WRITE} without admin consent, or no Entra ID P2 in the tenant",
                f"{consent}. {licence}.",
            )
        elif WRITE in roles:
            why, remedy = "most likely there is no Entra ID P2 in the tenant", f"{licence}."
        else:
            why, remedy = f"{WRITE} without admin consent", f"{consent}."
        link = "" if remedy.startswith(licence) else self._consent
        return no("Graph", f"Graph refuses risky users (403): {why}", remedy, link)

    async def credential(self) -> AsyncIterator[Check]:
        end = await self._ends.credential_end()
        is_told = isinstance(end, NotKnown) and self._graph.tokens.roles() is None  # by the failing sign-in
        if not is_told and (check := credential_check(end, self._credentials_page)):
            yield check


def credential_check(end: Ends | NotKnown | None, page: str = "") -> Check | None:
    """Say when the credential ends; None where it has no end."""
    match end:
        case Ends(what, at, left):
            days, date = left.days, f"{at:%Y-%m-%d}"
            if days < 0:
                return no("credential", f"{what} ended on {date}", "Renew it, or nobody can be confirmed.", page)
            if not end.is_near:
                return ok("credential", f"{what} ends on {date}")
            when = "today" if not days else "in 1 day" if days == 1 else f"in {days} days"
            return warn("credential", f"{what} ends {when} ({date})", "Renew it.", page)
        case NotKnown(what, _, lacks) if lacks:
            how = f"can't be read without {lacks}: keep the date yourself"
            return ok("credential", f"when the {what} ends {how}")
        case NotKnown(what, why):
            return warn("credential", f"when the {what} ends can't be read: {why}", "Keep the date yourself.", page)
        case None:
            return None
        case _:
            assert_never(end)


def credential_kind(settings: Settings) -> str:
    """Name the credential, never what it is."""
    match credentials_of(settings).credential:
        case Secret():
            return "a client secret"
        case CertificateFile():
            return "a certificate"
        case FederatedToken():
            return "a federated token"
        case ManagedIdentity():
            return "a managed identity"
