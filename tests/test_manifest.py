"""The Slack app's manifest, either way: valid by Slack's schema, what the handlers serve, and no wider."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.__main__ import main
from bot.check_slack import SCOPES
from bot.manifest import EVENTS, SHORTCUTS, written
from demo.local_slack.arguments import METHODS
from handlers import Surfaces, register

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT.parent / "shared" / "contracts" / "manifest" / "manifest.schema.2.0.0.json"
YOUR_HOST = "https://YOUR-HOST"
ENDPOINT = f"{YOUR_HOST}/slack/events"
FILE = (ROOT / "manifest.yaml").read_text(encoding="utf-8")
CALL = re.compile(r"client\.((?:apps|auth|bots|chat|conversations|usergroups|users|views)_\w+)\(")


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load(written(YOUR_HOST))


@pytest.fixture
def socket_mode() -> Any:
    return yaml.safe_load(written(""))


@pytest.fixture
def schema() -> Any:
    if not SCHEMA.exists():
        pytest.skip("Slack's manifest schema is not beside this checkout")
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


class App:
    """Stands for Bolt's app, and remembers what is registered."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {"command": [], "event": []}

    def __getattr__(self, surface: str) -> Callable[[str], Callable[[Any], None]]:
        def named(name: str) -> Callable[[Any], None]:
            self.names.setdefault(surface, []).append(name)
            return lambda _handler: None

        return named


def registered() -> dict[str, list[str]]:
    app: Any = App()
    handlers: Any = App()
    register(app, Surfaces(**dict.fromkeys((field.name for field in fields(Surfaces)), handlers)))
    shortcuts = [*app.names.pop("global_shortcut"), *app.names.pop("message_shortcut")]
    return {**app.names, "shortcut": shortcuts}


def test_the_file_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (made_by,) = re.findall(r"^# Made by: python -m bot (.*)$", FILE, re.MULTILINE)
    assert main(shlex.split(made_by)) == 0
    assert capsys.readouterr().out == FILE


def test_both_are_valid_by_slacks_schema(manifest: Any, socket_mode: Any, schema: Any) -> None:
    for one in (manifest, socket_mode):
        jsonschema.Draft7Validator(schema).validate(one)


def test_the_schema_would_refuse_a_manifest_with_a_slip_in_it(manifest: Any, schema: Any) -> None:
    manifest["settings"]["interactivty"] = manifest["settings"].pop("interactivity")
    assert not jsonschema.Draft7Validator(schema).is_valid(manifest)


def test_it_asks_for_exactly_the_scopes_that_the_doctor_looks_for(manifest: Any) -> None:
    assert manifest["oauth_config"] == {"scopes": {"bot": list(SCOPES)}}


def test_each_call_has_its_scope_and_each_scope_its_call() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for top in ("bot", "handlers") for path in (ROOT / top).rglob("*.py")
    )
    called = {name.replace("_", ".") for name in CALL.findall(code)}
    assert {"chat.postMessage", "usergroups.users.list", "views.open"} <= called <= set(METHODS)
    needed = [set(METHODS[name].scopes) for name in called if METHODS[name].scopes]
    assert all(one_of & set(SCOPES) for one_of in needed)
    # The command itself, and the e-mail address in what users.info tells.
    assert set(SCOPES) <= set().union(*needed) | {"commands", "users:read.email"}


def test_it_offers_exactly_what_the_handlers_serve(manifest: Any) -> None:
    served = registered()
    features = manifest["features"]
    assert [command["command"] for command in features["slash_commands"]] == served["command"]
    assert [shortcut["callback_id"] for shortcut in features.get("shortcuts", [])] == served["shortcut"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert events == served["event"] == list(EVENTS)
    assert features["app_home"]["home_tab_enabled"] == ("app_home_opened" in events)


def test_over_http_everything_arrives_at_the_one_door(manifest: Any) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["url"] == ENDPOINT
    assert command["should_escape"] is True
    assert manifest["settings"]["interactivity"] == {"is_enabled": True, "request_url": ENDPOINT}
    assert manifest["settings"]["event_subscriptions"]["request_url"] == ENDPOINT
    assert manifest["settings"]["socket_mode_enabled"] is False


def test_socket_mode_is_the_same_without_an_address(manifest: Any, socket_mode: Any) -> None:
    assert socket_mode["settings"]["socket_mode_enabled"] is True
    assert "url" not in re.sub(r"[^a-z]+", " ", str(socket_mode)).split()
    socket_mode["settings"]["socket_mode_enabled"] = False
    socket_mode["features"]["slash_commands"][0]["url"] = ENDPOINT
    socket_mode["settings"]["interactivity"]["request_url"] = ENDPOINT
    socket_mode["settings"]["event_subscriptions"]["request_url"] = ENDPOINT
    assert socket_mode == manifest


def test_it_serves_one_workspace(manifest: Any) -> None:
    assert manifest["settings"]["org_deploy_enabled"] is False
    assert manifest["settings"]["token_rotation_enabled"] is False


def test_its_words_fit(manifest: Any) -> None:
    display = manifest["display_information"]
    assert 175 <= len(display["long_description"]) <= 4000
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(manifest["features"]["slash_commands"][0]["usage_hint"]) <= 1000
    assert all(len(shortcut.name) <= 24 and len(shortcut.description) <= 150 for shortcut in SHORTCUTS)


def test_the_bot_goes_by_the_name_that_people_invite(manifest: Any) -> None:
    assert manifest["features"]["bot_user"]["display_name"] == "confirm-safe"


@pytest.mark.parametrize("url", ["https://bot.contoso.com", "https://bot.contoso.com:8443/"])
def test_the_address_is_where_slack_posts_to(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest", "--url", url]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["settings"]["interactivity"]["request_url"] == f"{url.rstrip('/')}/slack/events"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://bot.contoso.com"], "argument --url: give https:// and the host, without a path"),
        (["--url", "https://bot.contoso.com/slack/events"], "give https:// and the host, without a path"),
        (["--url", "bot.contoso.com"], "give https:// and the host, without a path"),
        (["--url", "https://h", "--socket-mode"], "not allowed with argument --url"),
        ([], "one of the arguments --socket-mode --url is required"),
    ],
)
def test_a_wrong_way_is_refused_in_words(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["manifest", *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
