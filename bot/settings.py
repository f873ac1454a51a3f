"""Every setting: read from the environment, from `.env` or from files, and checked all at once."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import setting_credentials as credentials
from bot import setting_values as values
from bot.clouds import GRAPH_ROOTS, LOGIN_HOSTS
from bot.core.rules import Policy, of_lists
from bot.errors import SettingsInvalid
from bot.setting_database import Address, address
from bot.setting_policy import policy_written
from bot.setting_problems import OAUTH, contradictions, invalid, no_way_in
from bot.setting_sources import read_dotenv, text_of, without_empty


def _cloud(value: str) -> str:
    if value == "china":
        raise ValueError("is china, but Graph has no confirmSafe in that cloud.")
    return values.one_of(*GRAPH_ROOTS)(value)


def _log_format() -> Literal["console", "json"]:
    return "console" if sys.stderr.isatty() else "json"  # where the log goes


class Settings(BaseSettings):
    """What the operator chose; made by `load` alone."""

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        case_sensitive=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    slack_bot_token: Annotated[SecretStr, BeforeValidator(values.bot_token)] = Field(
        description="The Bot User OAuth Token of the Slack app, `xoxb-…`."
    )
    slack_signing_secret: Annotated[SecretStr | None, BeforeValidator(values.secret)] = Field(
        default=None,
        description="The Signing Secret of the Slack app: proves that a request comes from Slack. Not used in Socket "
        "Mode.",
    )
    slack_app_token: Annotated[SecretStr | None, BeforeValidator(values.app_token)] = Field(
        default=None,
        description="An App-Level Token of the Slack app, `xapp-…`, with the scope `connections:write`. When set: "
        "Socket Mode, in which the bot opens the connections and needs no public address.",
    )
    slack_api_url: Annotated[str, BeforeValidator(values.slack_api)] = Field(
        default=values.SLACK_API, description="Where Slack's Web API is."
    )
    azure_tenant_id: Annotated[str, BeforeValidator(values.tenant)] = Field(
        description="The Directory (tenant) ID of the app registration."
    )
    azure_client_id: Annotated[str, BeforeValidator(values.client)] = Field(
        default="",
        description="The Application (client) ID of the app registration. "
        "With a managed identity: that of a user-assigned one; left out, the system-assigned one is used.",
    )
    azure_client_secret: Annotated[SecretStr | None, BeforeValidator(values.secret)] = Field(
        default=None, description="The value (not the id) of a client secret of the app registration."
    )
    azure_client_certificate_path: Path | None = Field(
        default=None, description="A PEM or PFX file with a certificate of the app registration and its private key."
    )
    azure_client_certificate_password: SecretStr | None = Field(
        default=None, description="The password of that file, if it has one."
    )
    azure_client_send_certificate_chain: Annotated[bool, BeforeValidator(values.flag)] = Field(
        default=False,
        description="`true` sends the certificate and its issuers along, "
        "needed where Entra trusts it by subject name and issuer.",
    )
    azure_federated_token_file: Path | None = Field(
        default=None,
        description="The file in which the platform (Kubernetes, for one) keeps a token that the app registration "
        "trusts. Its name ends in `_FILE`, but it is a setting of its own.",
    )
    azure_token_credentials: Annotated[
        Literal["ManagedIdentityCredential"] | None, BeforeValidator(values.token_credentials)
    ] = Field(default=None, description="`ManagedIdentityCredential`: sign in as what Azure runs the bot as.")
    graph_cloud: Annotated[Literal["global", "usgov", "usgov-dod"], BeforeValidator(_cloud)] = Field(
        default="global",
        description="`global` (also GCC), `usgov` (GCC High, L4) or `usgov-dod` (L5). "
        "`china` is refused: Graph has no confirmSafe there.",
    )
    azure_authority_host: Annotated[str, BeforeValidator(values.authority)] = Field(
        default_factory=lambda known: LOGIN_HOSTS[known["graph_cloud"]],
        description="Where tokens come from, such as `https://login.microsoftonline.com`; a bare host will do.",
    )
    graph_url: Annotated[str, BeforeValidator(values.graph_root)] = Field(
        default_factory=lambda known: GRAPH_ROOTS[known["graph_cloud"]],
        description="The root of Graph without a version, such as `https://graph.microsoft.com`. "
        "Moves only where calls go: the token stays the cloud's.",
    )
    approvers: Annotated[tuple[str, ...], BeforeValidator(values.approvers)] = Field(
        default=(),
        description="Who may approve: Slack user ids (`U…`), user group ids (`S…`) and groups in Entra "
        "(`entra-group:<object id>`), separated by commas.",
    )
    policy_file: Path | None = Field(
        default=None,
        description="A TOML file with teams, rules and limits, see *Rules*; instead of `APPROVERS`, `REQUESTERS` and "
        "`REQUESTS_PER_HOUR`. Its name ends in `_FILE`, but it is a setting of its own.",
    )
    approval_channel: Annotated[str, BeforeValidator(values.channel)] = Field(
        description="The id (`C…`) of the one channel where requests are posted and decided."
    )
    requesters: Annotated[tuple[str, ...], BeforeValidator(values.people)] = Field(
        default=(),
        description="Who may ask, like `APPROVERS`. Empty: every full member who is in the approval channel.",
    )
    incident_channels: Annotated[tuple[str, ...], BeforeValidator(values.channels)] = Field(
        default=(),
        description="Ids of the channels that are told of every request and outcome, separated by commas.",
    )
    approval_ttl: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        default=timedelta(hours=8),
        description="How long a request waits for a decision (ISO 8601), anew each time it returns to waiting.",
    )
    send_within: Annotated[timedelta, BeforeValidator(values.duration)] = Field(
        default=timedelta(hours=1),
        description="How long an approval keeps if Entra can't take it (ISO 8601).",
    )
    hold: Annotated[timedelta, BeforeValidator(values.duration_or_none)] = Field(
        default=timedelta(0),
        description="How long an approved request waits before it is sent (ISO 8601), so that it can be stopped.",
    )
    remind_after: Annotated[timedelta, BeforeValidator(values.duration_or_none)] = Field(
        default=timedelta(minutes=15),
        description="When approvers are reminded of a request that waits (ISO 8601), "
        "and once more after four times that; `PT0S`: never.",
    )
    requests_per_hour: Annotated[int, BeforeValidator(values.number(1, 100_000))] = Field(
        default=20, description="How often one person may ask in an hour."
    )
    support_contact: str = Field(default="", description="Whom people are told to turn to, such as `#identity-help`.")
    database_url: Annotated[InstanceOf[Address], BeforeValidator(address)] = Field(
        default_factory=lambda: address("sqlite:///confirm-safe.db"),
        description="`sqlite:///<file>`, relative to the working directory, or `sqlite:////<absolute path>`; or "
        "`postgresql://<user>:<password>@<host>/<database>`, see *Several at once*.",
    )
    database_admin_url: Annotated[InstanceOf[Address] | None, BeforeValidator(address)] = Field(
        default=None,
        description="The same PostgreSQL database as its owner, who alone changes its schema and prunes it: for the "
        "operator's commands, see *Two roles*. The bot itself does not need it.",
    )
    audit_key: Annotated[SecretStr | None, BeforeValidator(values.secret)] = Field(
        default=None,
        description="Keys the chain of the audit trail (HMAC-SHA256). Without it: plain SHA-256.",
    )
    audit_retention: Annotated[timedelta | None, BeforeValidator(values.retention)] = Field(
        default=None,
        description="How long the audit trail is kept (ISO 8601, such as `P730D`): `python -m bot db prune` removes "
        "what is older. Without it: for ever.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: Annotated[int, BeforeValidator(values.number(0, 65535))] = Field(
        default=3000, description="The port to listen on. Slack posts to `/slack/events`; 0 takes a free one."
    )
    admin_host: str = Field(
        default="127.0.0.1", description="The address on which the operator is told more: never one Slack can reach."
    )
    admin_port: Annotated[int, BeforeValidator(values.number(0, 65535))] = Field(
        default=9464, description="Its port: `/metrics`, `/healthz`, `/readyz` with details; 0 takes a free one."
    )
    drain_seconds: Annotated[int, BeforeValidator(values.number(0, 3600))] = Field(
        default=8,
        description="How long a stop waits for what is in hand; the rest goes on at the next start.",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(values.log_level)] = Field(
        default="INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(values.one_of("console", "json"))] = Field(
        default_factory=_log_format, description="`console` or `json`."
    )
    files: dict[str, Path] = {}
    """Which settings came by `<NAME>_FILE`, and from where: not itself a setting."""
    written: InstanceOf[Policy] | None = None
    """What the policy file says: not itself a setting either."""

    @property
    def way_in(self) -> str:
        """How what people do in Slack reaches the bot."""
        return "Socket Mode" if self.slack_app_token else f"HTTP on {self.host}:{self.port}"

    @property
    def chain_key(self) -> bytes:
        """What keys the chain of the audit trail; empty without AUDIT_KEY."""
        return self.audit_key.get_secret_value().encode() if self.audit_key else b""

    @property
    def owners_url(self) -> Address:
        """The database for whoever changes what is in it."""
        return self.database_admin_url or self.database_url

    @property
    def policy(self) -> Policy:
        """Who may ask and approve, and how many it takes: by the policy file, or by the lists."""
        return self.written or of_lists(self.approvers, self.requesters, self.requests_per_hour)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class calls it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what `load` hands in: it alone knows of `<NAME>_FILE` and of every problem at once."""
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class SettingDoc:
    """One row of the README's table."""

    name: str
    default: str
    meaning: str


_ONE_OF_FOUR = "**one of four**"
_DEFAULTS = {
    "SLACK_SIGNING_SECRET": "**required**, or `SLACK_APP_TOKEN`",
    "APPROVERS": "**required**, or `POLICY_FILE`",
    "AZURE_CLIENT_ID": "**required**",
    **dict.fromkeys(credentials.KINDS, _ONE_OF_FOUR),
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "`false`",
    "AZURE_AUTHORITY_HOST": "by `GRAPH_CLOUD`",
    "GRAPH_URL": "by `GRAPH_CLOUD`",
    "APPROVAL_TTL": "`PT8H`",
    "SEND_WITHIN": "`PT1H`",
    "REMIND_AFTER": "`PT15M`",
    "HOLD": "`PT0S`",
    "DATABASE_URL": "`sqlite:///confirm-safe.db`",
    "LOG_FORMAT": "`console` on a terminal, else `json`",
}


def _doc(name: str, default: Any, meaning: str, *, is_required: bool) -> SettingDoc:
    shown = "**required**" if is_required else _DEFAULTS.get(name) or (f"`{default}`" if default else "")
    return SettingDoc(name, shown, meaning)


NO_SETTINGS = {"files", "written"}
_FIELDS = {field.alias or "": field for name, field in Settings.model_fields.items() if name not in NO_SETTINGS}
SETTINGS = tuple(
    _doc(name, field.default, field.description or "", is_required=field.is_required())
    for name, field in _FIELDS.items()
)


def load(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Read every setting. Raises SettingsInvalid with all problems at once; none of them holds a secret."""
    problems: list[str] = []
    files: dict[str, Path] = {}
    written = read_dotenv(dotenv, problems) if dotenv else {}
    both = without_empty(written) | without_empty(os.environ if environ is None else environ)
    given: dict[str, Any] = {
        name: text for name in (*_FIELDS, *OAUTH) if (text := text_of(name, both, problems, files))
    }
    problems += contradictions(given)
    policy = policy_written(given, both, problems)
    settings = None
    try:
        settings = Settings(
            FILES=files, WRITTEN=policy, **{name: text for name, text in given.items() if name in _FIELDS}
        )
    except ValidationError as error:
        # Raised below, outside of this block: pydantic's own error holds what was typed, secrets too.
        problems += invalid(error, both)
    problems += no_way_in(both)
    problems += credentials.problems(given, both)
    if problems or settings is None:
        raise SettingsInvalid(problems)
    return settings
