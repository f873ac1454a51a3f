"""Chromium from the system's packages, as the page's tests and the README's pictures start it."""

import shutil

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""None where it is not installed."""
FLAGS = [
    "--no-sandbox",  # as root it does not start with one, and it sees nothing but this page
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
