"""How Entra words its refusals: failure -> AADSTS code, OAuth error, status, text."""

_RECORD = "No matching federated identity record found for presented assertion"
FAILURES = {
    "wrong_secret": (7000215, "invalid_client", 401, "Invalid client secret provided."),
    "expired_secret": (7000222, "invalid_client", 401, "The provided client secret keys for app are expired."),
    "no_credential": (
        7000216,
        "invalid_client",
        401,
        "'client_assertion' or 'client_secret' is required.",
    ),
    "malformed_assertion": (50027, "invalid_request", 400, "JWT token is invalid or malformed."),
    "unknown_certificate": (
        700027,
        "invalid_client",
        401,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    ),
    "ended_certificate": (700027, "invalid_client", 401, "Client assertion failed signature validation."),
    "wrong_audience": (700023, "invalid_client", 401, "Client assertion audience claim does not match Realm issuer."),
    "wrong_client": (
        700021,
        "invalid_client",
        401,
        "Client assertion's application isn't the client_id.",
    ),
    "wrong_subject": (50048, "invalid_client", 401, "Subject must match the issuer claim in the client assertion."),
    "expired_assertion": (700024, "invalid_client", 401, "Client assertion is not within its valid time range."),
    "unknown_issuer": (700211, "invalid_client", 401, f"{_RECORD} issuer."),
    "unknown_audience": (700212, "invalid_client", 401, f"{_RECORD} audience."),
    "unknown_subject": (700213, "invalid_client", 401, f"{_RECORD} subject."),
    "unknown_key": (
        7000272,
        "invalid_client",
        401,
        "The certificate used to sign the federated credential could not be found in the provider's metadata.",
    ),
    "unknown_app": (700016, "unauthorized_client", 400, "Application was not found in the directory."),
    "no_tenant": (90002, "invalid_tenant", 400, "Tenant not found."),
    "wrong_scope": (1002012, "invalid_scope", 400, "The provided value for scope is not valid."),
    "wrong_grant": (70003, "unsupported_grant_type", 400, "The app requested an unsupported grant type."),
    "bad_request": (900144, "invalid_request", 400, "The request body is not what it must be."),
    "unavailable": (90033, "temporarily_unavailable", 503, "A transient error has occurred."),
}
