"""A local endpoint of a managed identity, as App Service and as a virtual machine offer theirs."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from demo.front import Asked, Front, Reply
from demo.wire import Books, Call, Fault

APP_SERVICE = "/msi/token"
MACHINE = "/metadata/identity/oauth2/token"
NOT_FOUND = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."


class LocalIdentity(Front):
    """Hands out Entra's tokens on 127.0.0.1 to whoever runs on this machine.

    The real one of a virtual machine is at 169.254.169.254, which can't be bound here; MSAL looks for it at
    AZURE_POD_IDENTITY_AUTHORITY_HOST where that is set. App Service names its own by IDENTITY_ENDPOINT.
    """

    keeps_alive = False

    def __init__(self, books: Books, *, resource: str, issue: Callable[[], str], now: Callable[[], datetime]) -> None:
        super().__init__("identity", books)
        self.header = uuid.uuid4().hex.upper()
        """What only who runs in the app knows."""
        self.has_system_assigned = True
        self.user_assigned: set[str] = set()
        """Client ids."""
        self.lifetime = 86_400
        self._resource = resource
        self._issue = issue
        self._now = now

    @property
    def as_app_service(self) -> dict[str, str]:
        """The variables by which App Service, Functions and Container Apps lead an app here."""
        return {"IDENTITY_ENDPOINT": f"http://127.0.0.1:{self.port}{APP_SERVICE}", "IDENTITY_HEADER": self.header}

    @property
    def as_machine(self) -> dict[str, str]:
        """The variable by which MSAL is led here in place of 169.254.169.254."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{self.port}"}

    def _read(self, request: web.Request, body: bytes) -> Asked:
        name = {APP_SERVICE: "app_service", MACHINE: "machine"}.get(request.path, f"{request.method} {request.path}")
        return Asked(name, name, dict(request.query))

    def _act(self, request: web.Request, call: Call, body: bytes) -> Reply:
        if call.name == "app_service":
            return self._app_service(request)
        if call.name == "machine":
            return self._machine(request)
        self.books.complain(f"{call.name}: there is no such page")
        return Reply(404)

    def _app_service(self, request: web.Request) -> Reply:
        """learn.microsoft.com/azure/app-service/overview-managed-identity, REST endpoint reference."""
        if request.headers.get("X-IDENTITY-HEADER") != self.header:
            return _app_service_error(401, "Unauthorized")
        if request.query.get("api-version") != "2019-08-01":
            return _app_service_error(400, "The api-version is not supported.")
        if request.query.get("resource") != self._resource:
            return _app_service_error(500, "An unexpected error occurred while fetching the token.")
        if not self._has(request.query.get("client_id")):
            return _app_service_error(400, NOT_FOUND)
        expires_on = str(int(self._now().timestamp()) + self.lifetime)
        return Reply(200, self._token(request) | {"expires_on": expires_on})

    def _machine(self, request: web.Request) -> Reply:
        """learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token."""
        if request.headers.get("Metadata") != "true":
            return _error("invalid_request", "Required metadata header not specified")
        if request.query.get("api-version") != "2018-02-01":
            return _error("bad_request", "The api-version is not supported")
        if request.query.get("resource") != self._resource:
            return _error("invalid_resource", "AADSTS500011: The resource principal was not found in the tenant.")
        if not self._has(request.query.get("client_id")):
            return _error("invalid_request", "Identity not found")
        return Reply(200, self._token(request) | {"expires_in": str(self.lifetime)})

    def _has(self, client_id: str | None) -> bool:
        return self.has_system_assigned if client_id is None else client_id in self.user_assigned

    def _token(self, request: web.Request) -> dict[str, Any]:
        return {"access_token": self._issue(), "resource": request.query["resource"], "token_type": "Bearer"}

    def _failure(self, request: web.Request, call: Call, fault: Fault) -> Reply:
        return Reply(fault.status, {"error": fault.code or "unknown", "error_description": "A planted fault."})

    def _headers(self, request: web.Request, call: Call) -> Mapping[str, str]:
        return {"x-ms-request-id": self._id_of(call)}


def _app_service_error(status: int, message: str) -> Reply:
    return Reply(status, {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())})


def _error(code: str, text: str) -> Reply:
    return Reply(400, {"error": code, "error_description": text})
