"""Where settings come from: the environment, `.env`, and files named by `<NAME>_FILE`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict


class _DotEnv(BaseSettings):
    """Stands for `.env`, whose names are matched in `settings.load`."""

    model_config = SettingsConfigDict(case_sensitive=True)


def read_dotenv(dotenv: Path, problems: list[str]) -> Mapping[str, str | None]:
    try:
        return DotEnvSettingsSource(_DotEnv, env_file=dotenv, env_file_encoding="utf-8").env_vars
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{dotenv} can't be read ({why(error)}).")
        return {}


def without_empty(given: Mapping[str, str | None]) -> dict[str, str]:
    return {name: stripped for name, text in given.items() if text and (stripped := text.strip())}


def text_of(name: str, given: Mapping[str, str], problems: list[str], files: dict[str, Path]) -> str:
    """Return what is set; where it comes by `<NAME>_FILE`, that file is added to `files`.

    The file's name is not repeated in a problem: it may be a pasted secret.
    """
    file = f"{name}_FILE"
    if file not in given:
        return given.get(name, "")
    if name in given:
        problems.append(f"{name} and {file} are both set: keep one.")
        return given[name]
    files[name] = Path(given[file])
    try:
        text = files[name].read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        problems.append(f"{file} names a file that can't be read ({why(error)}).")
        return ""
    if not text:
        problems.append(f"{file} names a file that is empty.")
    return text


def why(error: OSError | ValueError) -> str:
    """Say why a file can't be read, without its name."""
    return error.strerror or "unknown" if isinstance(error, OSError) else "not UTF-8 text"
