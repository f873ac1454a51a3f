"""When the credential ends: a certificate by its file, a secret by what Graph shows of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Receipt
from bot.errors import Forbidden, GraphError, SignInFailed, Unavailable
from bot.graph.credential_end import CredentialEnd, Ends, NotKnown
from bot.graph.credentials import CertificateFile, Credential, Credentials, FederatedToken, ManagedIdentity, Secret
from bot.graph.tokens import Tokens
from bot.graph.wire import GraphAnswer, GraphRequest
from demo.entra import CLIENT, TENANT, LocalEntra
from tests.certificates import made
from tests.clocks import WarpClock
from tests.graph.conftest import SCOPE, New

SECRET = "Sn7~hush"
NONE_LIKE_IT = "the app registration shows none that begins like it"


class Asked:
    """Stands where the client sends a GET; answers with what it was given."""

    def __init__(self, answer: Any) -> None:
        self.requests: list[GraphRequest] = []
        self._answer = answer

    async def get(self, request: GraphRequest) -> tuple[GraphAnswer, Receipt]:
        self.requests.append(request)
        if isinstance(self._answer, GraphError | SignInFailed):
            raise self._answer
        return GraphAnswer(200, {}, self._answer), Receipt(200)


def passwords(*ends: datetime, hint: str = "Sn7") -> dict[str, Any]:
    return {"passwordCredentials": [{"hint": hint, "endDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"} for at in ends]}


def lookup(tokens: Tokens, credential: Credential, clock: WarpClock, asked: Asked | None = None) -> CredentialEnd:
    credentials = Credentials(TENANT, CLIENT, credential, "", SCOPE)
    return CredentialEnd(credentials, tokens, clock, asked.get if asked else None)


@pytest.fixture
def allowed(entra: LocalEntra) -> None:
    entra.secrets = {SECRET}
    entra.roles.add("Application.Read.All")


async def test_a_certificate_tells_its_end_by_the_file_as_it_is_now(
    new: New, clock: WarpClock, tmp_path: Path
) -> None:
    mine = made(days=9.5)
    file = CertificateFile(mine.pem(tmp_path / "bot.pem"))
    ends = lookup(new(file), file, clock)

    end = await ends.credential_end()
    assert isinstance(end, Ends)
    assert (end.what, end.at, end.left.days, end.is_near) == (
        "certificate",
        mine.certificate.not_valid_after_utc,
        9,
        True,
    )

    made(days=365).pfx(tmp_path / "bot.pem")
    end = await ends.credential_end()
    assert isinstance(end, Ends)
    assert not end.is_near
    clock.advance(timedelta(days=366))
    end = await ends.credential_end()
    assert isinstance(end, Ends)
    assert end.left < timedelta(0)


async def test_a_certificate_that_cannot_be_read_has_no_known_end(new: New, clock: WarpClock, tmp_path: Path) -> None:
    file = CertificateFile(tmp_path / "none")
    end = await lookup(new(file), file, clock).credential_end()
    assert end == NotKnown("certificate", "AZURE_CLIENT_CERTIFICATE_PATH can't be read (No such file or directory)")


@pytest.mark.parametrize("credential", [FederatedToken(Path("token")), ManagedIdentity()])
async def test_what_the_platform_keeps_has_no_end(new: New, clock: WarpClock, credential: Credential) -> None:
    assert await lookup(new(credential), credential, clock).credential_end() is None


@pytest.mark.usefixtures("allowed")
async def test_a_secret_tells_its_end_by_graph(new: New, clock: WarpClock) -> None:
    at = (clock.now() + timedelta(days=14)).replace(microsecond=0)
    asked = Asked(passwords(at - timedelta(days=90), at))
    end = await lookup(new(Secret(SECRET)), Secret(SECRET), clock, asked).credential_end()
    assert isinstance(end, Ends)
    assert (end.what, end.at, end.is_near) == ("secret", at, True)
    assert [request.path for request in asked.requests] == [f"/v1.0/applications(appId='{CLIENT}')"]


@pytest.mark.usefixtures("allowed")
async def test_the_secret_that_is_looked_for_is_the_one_in_the_file_now(
    new: New, clock: WarpClock, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    asked = Asked(passwords(datetime(2030, 1, 1, tzinfo=UTC)))
    credential = Secret("another", tmp_path / "secret")
    end = await lookup(new(credential), credential, clock, asked).credential_end()
    assert isinstance(end, Ends)


async def test_without_the_permission_graph_is_not_asked(entra: LocalEntra, new: New, clock: WarpClock) -> None:
    entra.secrets = {SECRET}
    asked = Asked(passwords())
    end = await lookup(new(Secret(SECRET)), Secret(SECRET), clock, asked).credential_end()
    assert end == NotKnown("secret", "Application.Read.All is missing", "Application.Read.All")
    assert asked.requests == []


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Forbidden(Receipt(403, "Authorization_RequestDenied")), "403 Authorization_RequestDenied"),
        (Unavailable(Receipt(0), "no answer (TimeoutError)"), "no answer (TimeoutError)"),
        (SignInFailed("AADSTS7000222", "refused", is_transient=False), "refused"),
        ({"passwordCredentials": "x"}, "200"),
        (passwords(hint="x"), NONE_LIKE_IT),
        (
            passwords(datetime(2030, 1, 1, tzinfo=UTC), hint="aB8"),
            NONE_LIKE_IT,
        ),
    ],
)
async def test_what_graph_does_not_tell_is_not_known(new: New, clock: WarpClock, answer: Any, why: str) -> None:
    end = await lookup(new(Secret(SECRET)), Secret(SECRET), clock, Asked(answer)).credential_end()
    assert end == NotKnown("secret", why)


@pytest.mark.usefixtures("allowed")
async def test_with_nobody_to_ask_graph_it_is_not_known(new: New, clock: WarpClock) -> None:
    end = await lookup(new(Secret(SECRET)), Secret(SECRET), clock).credential_end()
    assert end == NotKnown("secret", "Graph is not asked for it")


async def test_without_a_sign_in_it_is_not_known(new: New, clock: WarpClock) -> None:
    end = await lookup(new(Secret(SECRET)), Secret(SECRET), clock, Asked({})).credential_end()
    assert end == NotKnown("secret", "Entra refused to sign in the bot (AADSTS7000215)")
