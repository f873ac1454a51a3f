"""The alert rules: over numbers that exist, with labels that they have, each with a section of its own."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from bot.core.model import State
from bot.core.policy import Why
from bot.core.wishes import TaskKind
from bot.graph.calls import _KINDS
from bot.metrics import SURFACES, TROUBLES, Metrics
from bot.settings import SETTINGS

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PAGES = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGES, re.DOTALL | re.MULTILINE))
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
REGISTRY = Metrics().registry
EXPOSED = {family.name + suffix: family for family in REGISTRY.collect() for suffix in SUFFIXES[family.type]}
SELECTOR = re.compile(r"\b(confirm_safe_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"')
LABELS = {metric: set(of._labelnames) for metric, of in REGISTRY._names_to_collectors.items()}  # type: ignore[attr-defined] # of each metric
VALUES: dict[str, set[str]] = {
    "about": {*TROUBLES.values()},
    "state": {*get_args(State)},
    "ground": {*get_args(Why), "limit"},
    "surface": {*SURFACES},
    "kind": {*get_args(TaskKind), *(kind for _, kind in _KINDS)},
}


def names(rules: list[dict[str, Any]]) -> list[str]:
    return [rule["alert"] for rule in rules]


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_each_rule_is_over_numbers_and_labels_that_exist(rule: dict[str, Any]) -> None:
    selected = SELECTOR.findall(rule["expr"])
    assert selected
    for metric, matchers in selected:
        assert metric in EXPOSED
        for label, value in MATCHER.findall(matchers):
            assert label in LABELS[metric]
            if label in VALUES:
                assert set(value.split("|")) <= VALUES[label], value
    assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_each_rule_says_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"].endswith(".")
    grouped = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) - {"instance"}
    assert grouped <= {label for by in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in by.split(", ")}


def test_each_rule_has_a_section_that_says_what_it_means_and_what_to_do_and_no_other_has() -> None:
    assert list(SECTIONS) == names(RULES)
    for name, text in SECTIONS.items():
        meaning, found, steps = text.partition("\n1. ")
        assert found, name
        assert len(meaning.split()) > 10, name
        assert len(steps.split()) > 5, name


def test_the_pages_speak_of_nothing_that_is_not_there() -> None:
    assert {name for name, _ in SELECTOR.findall(PAGES)} <= set(EXPOSED)
    assert set(re.findall(r"\bConfirmSafe\w+", PAGES)) <= set(SECTIONS)
    settings = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", PAGES))
    assert settings
    assert settings <= {doc.name for doc in SETTINGS}


def test_what_the_shared_database_says_is_not_added_up_over_replicas() -> None:
    of_all = ("requests", "requests_ended", "decision_seconds", "refusals", "tasks", "task_overdue", "audit_entries")
    for rule in RULES:
        for name in of_all:
            assert not re.search(rf"\bsum\b[^()]*\((?:\w+\()?confirm_safe_{name}", rule["expr"]), rule["alert"]
