"""Logging: secrets never in it, tracebacks without local variables."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = """
import logging, structlog
from bot.log import configure
configure("INFO", "{form}", ["s3cr3t", ""])
try:
    local = "LOCALVARIABLE"
    raise ValueError("has s3cr3t in it")
except ValueError:
    structlog.get_logger().exception("broke with s3cr3t", n=1)
logging.getLogger("somewhere").warning("a library says s3cr3t")
logging.getLogger("slack_sdk").info("not shown")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_hidden_from_every_line(form: str) -> None:
    script = SCRIPT.replace("{form}", form)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "s3cr3t" not in run.stderr
    assert "LOCALVARIABLE" not in run.stderr.replace('local = "LOCALVARIABLE"', "")
    assert "broke with …" in run.stderr
    assert "a library says …" in run.stderr
    assert "not shown" not in run.stderr
    assert "ValueError" in run.stderr
