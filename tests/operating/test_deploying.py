"""The image, the composition and the unit: of commands, settings and files that exist."""

import asyncio
import fnmatch
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.__main__ import GRACE
from bot.settings import SETTINGS, load
from tests.operating.scraped import asked
from tests.rig import running

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
BOT: dict[str, Any] = COMPOSE["services"]["bot"]
UNIT = (ROOT / "deploy/confirm-safe.service").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = {doc.name for doc in SETTINGS}
PYTHONS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
DEFAULT_DRAIN = 8


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def of_unit(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def example() -> dict[str, str]:
    lines = (ROOT / "deploy/confirm-safe.env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def setting_of(name: str) -> str:
    return name if name in NAMES else name.removesuffix("_FILE")


def exists(command: list[str]) -> bool:
    """Whether the bot knows the command: its help can be had."""
    run = subprocess.run(
        [sys.executable, "-m", "bot", *command, "--help"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return run.returncode == 0


def test_the_image_starts_the_bot_as_nobody_in_particular() -> None:
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    words: list[str] = [*json.loads(entry), *json.loads(command)]
    assert words[:3] == ["python", "-m", "bot"]
    assert exists(words[3:])
    (user,) = instructions("USER")
    assert int(user) > 0
    assert DOCKERFILE.index("USER ") > DOCKERFILE.index("RUN pip")
    assert f"--uid {user} " in DOCKERFILE


def test_the_image_has_only_settings_that_exist_and_packages_with_hashes() -> None:
    given = dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))
    assert given.keys() - PYTHONS <= NAMES
    assert instructions("EXPOSE") == [given["PORT"]]
    assert given["DATABASE_URL"].startswith(f"sqlite:///{instructions('VOLUME')[0]}/")
    installs = [line for line in instructions("RUN") if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes -r requirements.txt" in installs[0]
    assert re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE) == ["python:3.12-slim"]


def test_what_is_copied_into_the_image_is_there_and_is_let_in_and_nothing_else_is() -> None:
    sources = {Path(source) for line in instructions("COPY") for source in shlex.split(line)[:-1]}
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    ignore = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert ignore[0] == "*"
    assert {Path(line[1:]) for line in ignore if line.startswith("!")} == sources
    imported = {path.parent.name if path.name == "__init__.py" else path.name for path in ROOT.glob("*/__init__.py")}
    assert {"bot", "handlers"} <= imported & {source.name for source in sources}
    assert not any(fnmatch.fnmatch("bot/store/migrations/env.py", line) for line in ignore[1:])


async def test_the_health_check_of_the_image_tells_a_bot_that_lives_from_one_that_does_not(tmp_path: Path) -> None:
    (check,) = (line.strip() for line in re.findall(r"^HEALTHCHECK .*? CMD (.*)$", DOCKERFILE, re.MULTILINE))
    _, *arguments = json.loads(check)

    async def status(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={"ADMIN_PORT": str(port)}, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    async with running(tmp_path) as rig:
        assert rig.application is not None
        port = rig.application.admin_port
        assert await status(port) == 0
    assert await status(port) == 1


def test_the_composition_has_two_replicas_on_one_postgresql_and_a_port_for_each() -> None:
    replicas = BOT["deploy"]["replicas"]
    assert replicas == 2
    (ports,) = BOT["ports"]
    first, last = map(int, re.fullmatch(r"127\.0\.0\.1:(\d+)-(\d+):3000", ports).groups())  # type: ignore[union-attr] # else it fails
    assert last - first + 1 == replicas
    assert COMPOSE["services"]["database"]["image"].startswith("postgres:")
    assert BOT["depends_on"]["database"]["condition"] == "service_healthy"
    assert (BOT["read_only"], BOT["cap_drop"]) == (True, ["ALL"])


def test_the_composition_has_only_settings_that_exist_and_they_suffice(tmp_path: Path) -> None:
    assert BOT["env_file"] == ["deploy/confirm-safe.env"]
    given = {name: str(value) for name, value in BOT["environment"].items()} | example()
    assert {setting_of(name) for name in given} <= NAMES
    secrets = {name: path for name, path in given.items() if name.endswith("_FILE") and name not in NAMES}
    for name, path in secrets.items():
        assert path == f"/run/secrets/{setting_of(name).lower()}"
        (tmp_path / name).write_text("hush")
        given[name] = str(tmp_path / name)
    (tmp_path / "DATABASE_URL_FILE").write_text(f"sqlite:///{tmp_path}/x.db")
    settings = load(given, None)
    assert settings.drain_seconds + GRACE < float(BOT["stop_grace_period"].removesuffix("s"))


def test_every_secret_of_the_composition_is_a_file_that_git_does_not_take() -> None:
    used = {secret for service in COMPOSE["services"].values() for secret in service["secrets"]}
    assert used == set(COMPOSE["secrets"])
    given = [path for service in COMPOSE["services"].values() for path in service["environment"].values()]
    assert {f"/run/secrets/{secret}" for secret in used} == {str(p) for p in given if str(p).startswith("/run/")}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert all(secret["file"].startswith("deploy/secrets/") for secret in COMPOSE["secrets"].values())
    assert {"deploy/secrets/", "deploy/confirm-safe.env"} <= set(ignored)
    commented = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert "postgresql://confirm_safe:<password>@database/confirm_safe" in commented


def test_the_unit_starts_a_command_that_exists_where_the_readme_installs_it() -> None:
    (command,) = of_unit("ExecStart")
    python, m, module, *rest = shlex.split(command)
    assert (m, module) == ("-m", "bot")
    assert exists(rest)
    (folder,) = of_unit("WorkingDirectory")
    assert python == f"{folder}/.venv/bin/python"
    assert f"git clone <this repository> {folder}" in README
    (env,) = of_unit("EnvironmentFile")
    assert f"`{env}`" in README
    assert {line.split("=", 1)[0] for line in of_unit("Environment")} <= NAMES


def test_the_unit_gives_the_bot_time_to_stop_and_little_else() -> None:
    assert float(of_unit("TimeoutStopSec")[0]) > DEFAULT_DRAIN + GRACE
    assert of_unit("Restart") == ["always"]
    state = of_unit("StateDirectory")[0]
    assert of_unit("Environment") == [f"DATABASE_URL=sqlite:////var/lib/{state}/confirm-safe.db"]
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet="):
        assert f"\n{line}\n" in UNIT


@pytest.mark.parametrize("path", ["Dockerfile", "compose.yaml", "deploy/confirm-safe.service", "deploy/alerts.yaml"])
def test_the_readme_says_what_each_is_for(path: str) -> None:
    deploying = README.partition("## Deploying\n")[2].partition("\n## ")[0]
    assert f"({path})" in deploying


async def test_a_probe_of_the_operators_port_is_told_of_a_stop_before_the_door_closes(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.application is not None
        assert (await asked(rig, "/readyz"))[0] == 200
        rig.application.readiness.is_stopping = True
        status, text = await asked(rig, "/readyz")
        assert (status, json.loads(text)["stopping"]) == (503, True)
        async with aiohttp.ClientSession() as session, session.post(rig.slack.bot_url) as response:
            assert response.status == 503
