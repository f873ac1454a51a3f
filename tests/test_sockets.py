"""Socket Mode in small: what is said of a token, what is sent back, how long the next try waits."""

import pytest
from pydantic import SecretStr
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.check_socket import closed, opened, owner_check
from bot.errors import SlackBusy, SlackDoubtful, SlackDown, SlackError, SlackUnreachable
from bot.payloads import of_envelope
from bot.sockets import _ack, _pause

URL = "https://slack.com/api/"
MAKE = "Make an App-Level Token with the scope connections:write: https://api.slack.com/apps, Basic Information."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        *(
            (SlackDown(code), f"the app token does not work ({code}). {MAKE}")
            for code in ("invalid_auth", "token_revoked", "not_allowed_token_type", "account_inactive")
        ),
        (SlackDown("missing_scope"), f"the app token lacks the scope connections:write. {MAKE}"),
        (
            SlackDown("link_disabled"),
            "it is turned off for the app. Turn it on: https://api.slack.com/apps, Socket Mode.",
        ),
        (
            SlackDown("too_many_websockets"),
            (
                "Slack takes no more sockets of this app than ten. Each process opens two: run five at the most, and "
                "nothing else with this app token."
            ),
        ),
        (
            SlackDoubtful("closed"),
            "no socket is open just now. Does a proxy or firewall cut websockets? Another one is opened meanwhile.",
        ),
        (
            SlackUnreachable(2.0, "ClientConnectorError"),
            (
                "no connection to https://slack.com/api/ (ClientConnectorError). Is it reachable, and its "
                "certificate trusted (SSL_CERT_FILE)?"
            ),
        ),
    ],
)
def test_why_no_socket_is_open_is_said_with_what_to_do(error: SlackError, said: str) -> None:
    assert str(closed(error, URL)).removesuffix(" https://api.slack.com/apps") == f"NO  Socket Mode: {said}"


def test_an_open_one_is_said_too() -> None:
    assert str(opened()) == "ok  Socket Mode: connected"


@pytest.mark.parametrize(
    ("token", "app", "is_other"),
    [
        ("xapp-1-A0OTHER-1-a", "A0CONFIRM", True),
        ("xapp-1-A0CONFIRM-1-a", "A0CONFIRM", False),
        ("xapp-1-A0OTHER-1-a", "", False),
        ("xapp-of-a-later-kind", "A0CONFIRM", False),
    ],
)
def test_a_token_of_another_app_is_named_where_both_are_known(token: str, app: str, is_other: bool) -> None:  # noqa: FBT001 - a case
    assert bool(list(owner_check(SecretStr(token), app))) == is_other


def request(*, takes_payload: bool = True) -> SocketModeRequest:
    return SocketModeRequest("slash_commands", "e-1", {}, accepts_response_payload=takes_payload)


@pytest.mark.parametrize(
    ("response", "sent"),
    [
        (BoltResponse(status=200), {"envelope_id": "e-1"}),
        (BoltResponse(status=200, body={"text": "Got it"}), {"envelope_id": "e-1", "payload": {"text": "Got it"}}),
        (BoltResponse(status=200, body="Got it"), {"envelope_id": "e-1", "payload": {"text": "Got it"}}),
        *((BoltResponse(status=status), None) for status in (400, 403, 404, 500, 503)),
    ],
)
def test_only_what_was_taken_is_acked_and_the_answer_goes_along(
    response: BoltResponse, sent: dict[str, object] | None
) -> None:
    ack = _ack(request(), response)
    assert (ack and ack.to_dict()) == sent


def test_an_answer_that_slack_would_not_show_is_no_ack() -> None:
    assert _ack(request(takes_payload=False), BoltResponse(status=200, body={"text": "Nothing was recorded"})) is None
    assert _ack(request(takes_payload=False), BoltResponse(status=200)) is not None


def test_what_slack_refuses_is_tried_ever_more_rarely_and_what_breaks_soon_again() -> None:
    refused = [_pause(SlackDown("invalid_auth"), failed) for failed in (1, 2, 3, 5, 6, 99)]
    assert refused == [30.0, 60.0, 120.0, 480.0, 600.0, 600.0]
    assert 1 <= _pause(SlackDoubtful("closed"), 1) <= 2
    assert 30 <= _pause(SlackDoubtful("closed"), 99) <= 60
    assert _pause(SlackBusy(45.0), 1) == 45.0
    assert 1 <= _pause(None, 99) <= 2


def test_only_the_envelopes_that_it_serves_are_read() -> None:
    command = {"command": "/confirm-safe", "user_id": "U", "channel_id": "C", "team_id": "T", "trigger_id": "1"}
    assert of_envelope("slash_commands", command) == command
    assert of_envelope("interactive", command) is None
    assert of_envelope("events_api", command) is None
