"""The Slack app's manifest: valid by Slack's schema, and no wider than what the bot uses."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.check_slack import SCOPES

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT.parent / "shared" / "contracts" / "manifest" / "manifest.schema.2.0.0.json"
ENDPOINT = "https://YOUR-HOST/slack/events"


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def schema() -> Any:
    if not SCHEMA.exists():
        pytest.skip("Slack's manifest schema is not beside this checkout")
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def test_the_manifest_is_valid_by_slacks_schema(manifest: Any, schema: Any) -> None:
    jsonschema.Draft7Validator(schema).validate(manifest)


def test_the_schema_would_refuse_a_manifest_with_a_slip_in_it(manifest: Any, schema: Any) -> None:
    manifest["settings"]["interactivty"] = manifest["settings"].pop("interactivity")
    assert not jsonschema.Draft7Validator(schema).is_valid(manifest)


def test_it_asks_for_exactly_the_scopes_that_the_doctor_looks_for(manifest: Any) -> None:
    assert manifest["oauth_config"] == {"scopes": {"bot": list(SCOPES)}}


def test_the_one_command_the_clicks_and_the_openings_of_home_arrive_at_the_one_door(manifest: Any) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert (command["command"], command["url"]) == ("/confirm-safe", ENDPOINT)
    assert command["should_escape"] is True
    assert manifest["settings"]["interactivity"] == {"is_enabled": True, "request_url": ENDPOINT}
    events = {"request_url": ENDPOINT, "bot_events": ["app_home_opened"]}
    assert manifest["settings"]["event_subscriptions"] == events
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True


def test_it_serves_one_workspace_by_http(manifest: Any) -> None:
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["org_deploy_enabled"] is False
    assert settings["token_rotation_enabled"] is False


def test_its_words_fit(manifest: Any) -> None:
    display = manifest["display_information"]
    assert 175 <= len(display["long_description"]) <= 4000
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(manifest["features"]["slash_commands"][0]["usage_hint"]) <= 1000


def test_the_bot_goes_by_the_name_that_people_invite(manifest: Any) -> None:
    assert manifest["features"]["bot_user"]["display_name"] == "confirm-safe"
