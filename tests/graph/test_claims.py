"""A claims challenge is read from its header, and nothing else is taken for one."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.graph.claims import claims_of

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1702682181"}}}'
PLAIN = base64.b64encode(CLAIMS.encode()).decode()


def header(claims: str, error: str = 'error="insufficient_claims"') -> str:
    return f'Bearer realm="", authorization_uri="https://login.contoso.com/authorize", {error}, {claims}'


def test_the_example_of_microsofts_page_is_read() -> None:
    example = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'error="insufficient_claims", '
        'claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiY3AxIn19fQ=="'
    )
    assert claims_of(example) == '{"access_token":{"acrs":{"essential":true,"value":"cp1"}}}'


@pytest.mark.parametrize(
    "claims",
    [
        f'claims="{PLAIN}"',
        f'claims="{PLAIN.rstrip("=")}"',
        f'Claims = "{PLAIN}"',
        f"claims={PLAIN.rstrip('=')}",
        f'error_description="claims=\\"e30\\" are missing", claims="{PLAIN}"',
    ],
)
def test_it_is_read_however_it_is_written(claims: str) -> None:
    assert claims_of(header(claims)) == CLAIMS
    assert claims_of(f"Bearer {claims}, error=insufficient_claims") == CLAIMS


def test_both_alphabets_of_base64_are_read() -> None:
    claims = '{"a":"???>>>~~~"}'
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert claims_of(header(f'claims="{encode(claims.encode()).decode()}"')) == claims


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bearer",
        header(f'claims="{PLAIN}"', 'error="invalid_token"'),
        header(f'claims="{PLAIN}"', 'realm="x"'),
        header(""),
        header('claims=""'),
        header('claims="%%%"'),
        header('claims="e"'),
        header(f'claims="{base64.b64encode(b"[1]").decode()}"'),
        header(f'claims="{base64.b64encode(b"{").decode()}"'),
        header(f'claims="{base64.b64encode(bytes([255, 254])).decode()}"'),
        header(f'claims="{base64.b64encode(b"[" * 5000).decode()}"'),
        header('error_description="claims=\\"e30\\""'),
        "a" * 100_000,
        "a " * 100_000,
        'a="' * 100_000,
    ],
)
def test_anything_else_is_no_challenge(text: str) -> None:
    assert claims_of(text) is None


@given(st.text())
def test_no_header_makes_it_raise(text: str) -> None:
    assert claims_of(text) is None or json.loads(claims_of(text) or "")


@given(st.binary())
def test_no_claims_make_it_raise(raw: bytes) -> None:
    found = claims_of(header(f'claims="{base64.urlsafe_b64encode(raw).decode()}"'))
    assert found is None or isinstance(json.loads(found), dict)
