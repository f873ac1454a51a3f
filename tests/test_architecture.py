"""The shape: imports go one way, modules open with a sentence and stay small, and files name no one's machine."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(path for top in ("bot", "handlers", "demo", "bench") for path in (ROOT / top).rglob("*.py"))
MODULES = [*CODE, *sorted((ROOT / "tests").rglob("*.py"))]
LONGEST = 300
# In pieces, so that this file does not name them itself.
REGISTRIES = tuple(
    "".join(parts) for parts in (("pypi", ".org"), ("python", "hosted"), ("npm", "js."), ("crates", ".io"))
)
MACHINES = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_imports_go_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 kept, 0 broken" in run.stdout


def test_every_layer_of_the_contract_exists() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = {name for layer in contracts[0]["layers"] for name in re.findall(r"[\w.]+", layer)}
    there = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in CODE}
    assert named <= there


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.parent.parts[len(ROOT.parts)] == "tests" and path.name == "__init__.py" and not source:
        return
    first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    assert first.endswith((".", ":")), f"{name_of(path)} opens with {first!r}"


def test_no_module_is_too_long_to_read_in_one_go() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_file_names_a_package_registry_or_someones_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name_of(path)}: {word}" for word in REGISTRIES if word in text]
        found += [f"{name_of(path)}: {match.group()}" for match in MACHINES.finditer(text)]
    assert found == []


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    packages = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert packages
    assert [
        line[:60] for line in packages if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ] == []


def pinned(name: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_what_the_bot_needs_is_pinned_for_it_and_for_its_developers_alike() -> None:
    assert pinned("requirements.txt") <= pinned("requirements-dev.txt")


@pytest.mark.parametrize("name", ["requirements-browser.txt", "requirements-bench.txt"])
def test_what_is_installed_on_top_changes_no_version_of_what_is_there(name: str) -> None:
    develops = pinned("requirements-dev.txt")
    known = {pin.partition("==")[0] for pin in develops}
    assert {pin for pin in pinned(name) if pin.partition("==")[0] in known} <= develops
