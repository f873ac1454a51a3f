"""A local Microsoft Entra: discovery and tokens for one app of one tenant, over TLS, as MSAL wants them."""

import json
import ssl
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import jwt
import trustme
from aiohttp import web

from demo.assertions import TYPE, Trust
from demo.entra_failures import FAILURES
from demo.front import Asked, Front, Reply
from demo.wire import Books, Call, Fault

TENANT = "84841066-274d-4ec0-a5c1-276be684bdd3"
CLIENT = "d1eb4b7c-3c11-4a5f-b2a6-7d0c9c7f6a10"
SECRET = "made-up-client-secret"
RESOURCE = "https://graph.microsoft.com"

_KEY = "nobody checks the signature of a look-alike's token"
_SECRET = frozenset({"client_secret", "client_assertion"})
_FIELDS = _SECRET | {"grant_type", "client_id", "scope", "client_info", "claims", "client_assertion_type"}


class LocalEntra(Front):
    """Entra for one app registration, on https://localhost."""

    keeps_alive = False  # a closing server would wait for the client to end TLS, which MSAL never does

    def __init__(
        self,
        books: Books,
        *,
        now: Callable[[], datetime],
        tenant_id: str = TENANT,
        client_id: str = CLIENT,
        secrets: Iterable[str] = (SECRET,),
    ) -> None:
        super().__init__("entra", books)
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.secrets = set(secrets)
        self.trust = Trust()
        """Certificates and federated credentials, none unless said."""
        self.roles = {"IdentityRiskyUser.ReadWrite.All", "User.Read.All"}
        """What the app was consented to; goes into each new token."""
        self.lifetime = 3599
        self.failure: str | None = None
        """wrong_secret, expired_secret, unknown_app or no_tenant, until set to None."""
        self.seals = False
        """Hand out tokens that only Graph can read, as Microsoft reserves the right to."""
        self._sealed: dict[str, str] = {}
        self.issuer = ""
        """What discovery tells; left empty: the tenant's."""
        self.ca_file = ""
        """The certificate to trust, while it serves: for REQUESTS_CA_BUNDLE and SSL_CERT_FILE."""
        self._now = now
        self._live_until: dict[str, datetime] = {}

    @property
    def authority(self) -> str:
        """Return the login host, which a tenant is put behind."""
        return f"https://localhost:{self.port}"

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="entra-")
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        return await super().__aenter__()

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        self._folder.cleanup()

    def is_live(self, token: str) -> bool:
        """Whether the token was issued here, is not revoked and has not expired."""
        return token in self._live_until and self._now() < self._live_until[token]

    def revoke_all(self) -> None:
        """Let no token issued so far count any more."""
        self._live_until.clear()

    def roles_of(self, token: str) -> set[str]:
        """Return the roles that a token of ours carries."""
        token = self._sealed.get(token, token)
        return set(jwt.decode(token, options={"verify_signature": False})["roles"])

    def _tls(self) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context

    def _read(self, request: web.Request, body: bytes) -> Asked:
        tenant, _, rest = request.path.removeprefix("/").partition("/")
        match request.method, rest:
            case "GET", "v2.0/.well-known/openid-configuration":
                return Asked("discovery", "discovery", {"tenant": tenant})
            case "POST", "oauth2/v2.0/token":
                form = {"tenant": tenant} | _form(body)
                # The books are printed; a real secret may have strayed in here.
                form |= dict.fromkeys(_SECRET & form.keys(), "…")
                return Asked("token", "token", form)
            case _:
                name = f"{request.method} {request.path}"
                return Asked(name, name, dict(request.query))

    def _act(self, request: web.Request, call: Call, body: bytes) -> Reply:
        if call.name not in {"discovery", "token"}:
            self.books.complain(f"{call.name}: there is no such page")
            return Reply(404)
        if self.failure == "no_tenant" or call.args["tenant"].lower() != self.tenant_id.lower():
            return self._error(request, call, "no_tenant")
        return self._discovery() if call.name == "discovery" else self._token(request, call, _form(body))

    def _discovery(self) -> Reply:
        here = f"{self.authority}/{self.tenant_id}"
        return Reply(
            200,
            {
                "token_endpoint": f"{here}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{here}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": self.issuer or f"{here}/v2.0",
                "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
                "cloud_graph_host_name": "graph.windows.net",
                "msgraph_host": "graph.microsoft.com",
            },
        )

    def _token(self, request: web.Request, call: Call, form: Mapping[str, str]) -> Reply:
        if problem := self.failure or self._problem(request, form):
            return self._error(request, call, problem)
        token = self.issue()
        return Reply(
            200,
            {
                "token_type": "Bearer",
                "expires_in": self.lifetime,
                "ext_expires_in": self.lifetime,
                "access_token": token,
            },
            {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
        )

    def _problem(self, request: web.Request, form: Mapping[str, str]) -> str | None:
        if request.content_type != "application/x-www-form-urlencoded":
            return self._complain("bad_request", f"content type {request.content_type}")
        if unknown := form.keys() - _FIELDS:
            return self._complain("bad_request", f"unknown parameter {min(unknown)}")
        if form.get("grant_type") != "client_credentials":
            return self._complain("wrong_grant", f"grant_type {form.get('grant_type')}")
        if form.get("scope") != f"{RESOURCE}/.default":
            # MSAL would add openid and the like for a user; an app asks for exactly this one.
            return self._complain("wrong_scope", f"scope {form.get('scope')}")
        if form.get("client_id", "").lower() != self.client_id.lower():
            return "unknown_app"
        if "claims" in form and not _is_object(form["claims"]):
            return self._complain("bad_request", "claims that are no JSON object")
        return self._credential_problem(form)

    def _credential_problem(self, form: Mapping[str, str]) -> str | None:
        match [name for name in sorted(_SECRET) if name in form]:
            case []:
                return "no_credential"
            case ["client_secret"]:
                return None if form["client_secret"] in self.secrets else "wrong_secret"
            case ["client_assertion"] if form.get("client_assertion_type") == TYPE:
                endpoint = f"{self.authority}/{self.tenant_id}/oauth2/v2.0/token"
                return self.trust.problem(
                    form["client_assertion"], client_id=self.client_id, endpoint=endpoint, now=self._now()
                )
            case _:
                return self._complain("bad_request", "two credentials, or an assertion of no known type")

    def _complain(self, problem: str, what: str) -> str:
        self.books.complain(f"token: {what}")
        return problem

    def issue(self) -> str:
        """Make a token that is live: what a managed identity's endpoint hands out is Entra's, too."""
        now = self._now()
        expires = now + timedelta(seconds=self.lifetime)
        claims: dict[str, Any] = {
            "aud": RESOURCE,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "app_displayname": "confirm-safe",
            "appid": self.client_id,
            "appidacr": "1",
            "idtyp": "app",
            "roles": sorted(self.roles),
            "tid": self.tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        token = jwt.encode(claims, _KEY, algorithm="HS256")
        if self.seals:
            opaque = uuid.uuid4().hex
            self._sealed[opaque], token = token, opaque
        self._live_until[token] = expires
        return token

    def _failure(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        known = fault.code if fault.code in FAILURES else "unavailable"
        reply = self._error(request, call, known)
        return Reply(fault.status or reply.status, reply.body, reply.headers)

    def _error(self, request: web.Request, call: Call, failure: str) -> Reply:
        number, oauth_error, status, text = FAILURES[failure]
        now = f"{self._now().astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        trace, correlation = self._id_of(call), request.headers.get("client-request-id", str(uuid.uuid4()))
        description = f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        body = {
            "error": oauth_error,
            "error_description": description,
            "error_codes": [number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self.authority}/error?code={number}",
        }
        return Reply(status, body)

    def _headers(self, request: web.Request, call: Call) -> Mapping[str, str]:
        return {"x-ms-request-id": self._id_of(call), "Access-Control-Allow-Origin": "*"}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
