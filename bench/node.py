"""Node and its Bolt, where they are to be had: installed by name into a folder that is thrown away."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

BOLT = "@slack/bolt"
INSTALL = ("install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
WITHIN = 90.0


@dataclass(frozen=True, slots=True)
class Node:
    """What is there, or why it is not."""

    program: str = ""
    modules: Path = Path()
    version: str = ""
    bolt: str = ""
    """The version of its Bolt."""
    missing: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """What the page says of it."""
        if self.missing:
            return (f"without Node, as {self.missing}",)
        return f"Node {self.version}", f"{BOLT} {self.bolt}"

    def __bool__(self) -> bool:
        return not self.missing


@asynccontextmanager
async def installed() -> AsyncIterator[Node]:
    """Install Bolt; the bench goes on without it."""
    with TemporaryDirectory(prefix="confirm-safe-node-") as folder:
        yield await asyncio.to_thread(_install, Path(folder))


def _install(folder: Path) -> Node:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return Node(missing="node and npm are not both installed")
    modules = folder / "node_modules"
    try:
        done = subprocess.run([npm, *INSTALL, BOLT], cwd=folder, check=False, capture_output=True, timeout=WITHIN)  # noqa: S603
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    except (subprocess.SubprocessError, OSError) as error:
        return Node(missing=f"npm did not end well: {type(error).__name__}")
    package = modules / BOLT / "package.json"
    if done.returncode != 0 or not package.is_file():
        return Node(missing=f"npm could not install {BOLT}")
    bolt = str(json.loads(package.read_text(encoding="utf-8"))["version"])
    return Node(program, modules, version.strip().removeprefix("v"), bolt)
