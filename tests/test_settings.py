"""The settings: what is read from where, what it becomes, and every sentence an operator can get."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.clouds import GRAPH_ROOTS, LOGIN_HOSTS
from bot.core.rules import of_lists
from bot.errors import SettingsInvalid
from bot.policy_file import read_policy
from bot.settings import SETTINGS, Settings, load

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-hush-hush-bot-token",
    "SLACK_SIGNING_SECRET": "hush-hush-signing",
    "AZURE_TENANT_ID": "3f6ac6dc-7f35-4d6b-8c5f-0d4c8a2d4d11",
    "AZURE_CLIENT_ID": "0e3a9c52-8a1d-4f5c-9f0e-6a4fcd3a5d22",
    "AZURE_CLIENT_SECRET": "hush-hush-entra",
    "APPROVERS": "U0MEGAN,S0SOC",
    "APPROVAL_CHANNEL": "C0APPROVE",
}
NO_CREDENTIAL = (
    "AZURE_CLIENT_SECRET is missing, and so is any other credential: give one of AZURE_CLIENT_SECRET, "
    "AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE and AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential."
)
NOBODY = (
    "is empty: nobody could approve. Give Slack user ids (U…), user group ids (S…) or entra-group:<object id>, "
    "or teams and rules in a POLICY_FILE."
)
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET", "AUDIT_KEY")


def loaded(**changes: str) -> Settings:
    return load(GOOD | changes, None)


def problems(environ: Mapping[str, str], dotenv: Path | None = None) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(environ, dotenv)
    return caught.value.problems


def test_seven_settings_are_enough_and_the_rest_has_its_defaults() -> None:
    settings = load(GOOD, None)
    assert settings.slack_bot_token.get_secret_value() == GOOD["SLACK_BOT_TOKEN"]
    assert settings.slack_signing_secret is not None
    assert settings.slack_signing_secret.get_secret_value() == GOOD["SLACK_SIGNING_SECRET"]
    assert settings.azure_client_secret is not None
    assert settings.azure_client_secret.get_secret_value() == GOOD["AZURE_CLIENT_SECRET"]
    assert settings.files == {}
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.graph_cloud == "global"
    assert settings.azure_authority_host == "https://login.microsoftonline.com"
    assert settings.graph_url == "https://graph.microsoft.com"
    assert settings.approvers == ("U0MEGAN", "S0SOC")
    assert (settings.requesters, settings.incident_channels, settings.support_contact) == ((), (), "")
    assert (settings.approval_ttl, settings.send_within) == (timedelta(hours=8), timedelta(hours=1))
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert (settings.admin_host, settings.admin_port) == ("127.0.0.1", 9464)
    assert (settings.requests_per_hour, settings.drain_seconds) == (20, 8)
    assert settings.database_url.path == Path("confirm-safe.db").absolute()
    assert settings.audit_key is None
    assert settings.log_level == "INFO"


def test_nothing_set_names_all_that_is_required_at_once() -> None:
    assert problems({}) == [
        f"APPROVERS {NOBODY}",
        "SLACK_BOT_TOKEN is missing: give the Bot User OAuth Token (xoxb-…) of the Slack app.",
        "AZURE_TENANT_ID is missing: give the Directory (tenant) ID of the app registration.",
        "APPROVAL_CHANNEL is missing: give the id (C…) of the channel where requests are decided.",
        "SLACK_SIGNING_SECRET is missing: needed for HTTP. Or set SLACK_APP_TOKEN for Socket Mode.",
        NO_CREDENTIAL,
        "AZURE_CLIENT_ID is missing: give the Application (client) ID of the app registration.",
    ]


def test_problems_of_every_kind_come_together() -> None:
    environ = GOOD | {
        "PORT": "http",
        "SLACK_APP_TOKEN": "xoxb-1",
        "ADMIN_PORT": "http",
        "APPROVERS": "",
        "SLACK_CLIENT_ID": "1.2",
        "AUDIT_KEY_FILE": "/nowhere",
        "AZURE_FEDERATED_TOKEN_FILE": "/nowhere",
    }
    assert [text.split(" ", 1)[0] for text in problems(environ)] == [
        "AUDIT_KEY_FILE",
        "SLACK_CLIENT_ID",
        "APPROVERS",
        "SLACK_APP_TOKEN",
        "PORT",
        "ADMIN_PORT",
        "AZURE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
    ]


PASTE = "holds a space, a line break or a character that is not ASCII: paste it again."
OTHER_TOKEN = "is another kind of token: give the Bot User OAuth Token (xoxb-…)."
OTHER_APP_TOKEN = "is another kind of token: give an App-Level Token (xapp-…)."
ADDRESS = "is not an address such as https://host."
PLAIN = "must be a plain address, without a user, a query or a fragment."
HTTPS = "must be https: plain http is only taken to this machine itself."
PEOPLE = "give Slack user ids (U…), user group ids (S…) or entra-group:<object id>."
DURATION = "must be an ISO 8601 duration, such as PT8H or PT90M."
SPAN = "must be longer than nothing and at most P365D."
POSTGRES = "must be postgresql://<user>:<password>@<host>/<database>, or postgresql:///<database>?host=/<folder>."
SQLITE = f"must be sqlite:///<file>, or sqlite:////<file> with an absolute path. Or it {POSTGRES}"
UNVERSIONED = "must be the root without a version, such as https://graph.microsoft.com."

REFUSED = [
    ("SLACK_BOT_TOKEN", "xapp-1-A0-2-3", OTHER_TOKEN),
    ("SLACK_BOT_TOKEN", "xoxp-1-2-3", OTHER_TOKEN),
    ("SLACK_BOT_TOKEN", "xoxb-1 2", PASTE),
    ("SLACK_BOT_TOKEN", "xoxb-1\nX-Header: 2", PASTE),
    ("SLACK_SIGNING_SECRET", "geheimniß", PASTE),
    ("SLACK_APP_TOKEN", "xoxb-1", OTHER_APP_TOKEN),
    ("SLACK_APP_TOKEN", "xapp-1 2", PASTE),
    ("SLACK_API_URL", "slack", ADDRESS),
    ("SLACK_API_URL", "ftp://slack.com", ADDRESS),
    ("SLACK_API_URL", "http://slack.com/api/", HTTPS),
    ("SLACK_API_URL", "https://a:b@slack.com/api", PLAIN),
    ("SLACK_API_URL", "https://slack.com/api?x=1", PLAIN),
    ("AZURE_TENANT_ID", "common", "must name one tenant: give its id, a GUID."),
    ("AZURE_TENANT_ID", "contoso/x", "must be the tenant's id, a GUID, or one of its domain names."),
    ("AZURE_CLIENT_ID", "confirm-safe", "must be a GUID: the Application (client) ID of the app registration."),
    ("AZURE_CLIENT_SECRET", "two words", PASTE),
    ("GRAPH_CLOUD", "china", "is china, but Graph has no confirmSafe in that cloud."),
    ("GRAPH_CLOUD", "moon", "must be global, usgov or usgov-dod."),
    ("AZURE_AUTHORITY_HOST", "http://localhost:1", "must be https: Entra is not asked for tokens over plain http."),
    (
        "AZURE_AUTHORITY_HOST",
        "https://login.microsoftonline.com/contoso.com",
        "must be a host without a path: the tenant goes into AZURE_TENANT_ID.",
    ),
    ("AZURE_AUTHORITY_HOST", "login:port", ADDRESS),
    ("GRAPH_URL", "https://graph.microsoft.com/v1.0", UNVERSIONED),
    ("GRAPH_URL", "https://graph.microsoft.com/beta/", UNVERSIONED),
    ("GRAPH_URL", "http://graph.microsoft.com", HTTPS),
    ("GRAPH_URL", "http://127.0.0.1.contoso.com", HTTPS),
    ("GRAPH_URL", "https://graph.microsoft.com:99999", ADDRESS),
    ("APPROVERS", " , ", NOBODY),
    ("APPROVERS", "megan, U0MEGAN, @diego", "holds `megan`, `@diego`: " + PEOPLE),
    ("APPROVERS", "C0APPROVE", "holds `C0APPROVE`: " + PEOPLE),
    ("APPROVERS", "x" * 25, "holds an entry that is too long: " + PEOPLE),
    ("APPROVERS", "U0\x1b[2J", "holds an entry that can't be printed: " + PEOPLE),
    ("APPROVERS", "entra-group:5a0c76d2-cb57-4ece-9bc1", "holds `entra-group:` without a GUID: " + PEOPLE),
    ("REQUESTERS", "U0MEGAN,entra-group:x", "holds `entra-group:x`: " + PEOPLE),
    ("REQUESTERS", "everybody", "holds `everybody`: " + PEOPLE),
    ("APPROVAL_CHANNEL", "#id-approvals", "must be one channel id (C… or G…), not a name."),
    ("APPROVAL_CHANNEL", "C0ONE,C0TWO", "must be one channel id (C… or G…), not a name."),
    ("INCIDENT_CHANNELS", "#incident", "holds `#incident`: give channel ids (C… or G…), not names."),
    ("APPROVAL_TTL", "8h", DURATION),
    ("APPROVAL_TTL", "28800", DURATION),
    ("APPROVAL_TTL", "P", DURATION),
    ("APPROVAL_TTL", "P1DT", DURATION),
    ("APPROVAL_TTL", "P1M", DURATION),
    ("APPROVAL_TTL", "-PT1H", DURATION),
    ("APPROVAL_TTL", "PT0S", SPAN),
    ("APPROVAL_TTL", "P366D", SPAN),
    ("SEND_WITHIN", "P99999999999D", SPAN),
    ("REQUESTS_PER_HOUR", "0", "must be a whole number from 1 to 100000."),
    ("DATABASE_URL", "postgresql://db", POSTGRES),
    ("DATABASE_URL", "postgresql:///safe", POSTGRES),
    ("DATABASE_URL", "postgresql://db/safe/er", POSTGRES),
    ("DATABASE_URL", "postgresql://db:port/safe", POSTGRES),
    ("DATABASE_URL", "postgresql://me:a b@db/safe", POSTGRES),
    ("DATABASE_URL", "postgresql://db/safe?sslmode", POSTGRES),
    (
        "DATABASE_URL",
        "postgresql+asyncpg://db/safe",
        "must begin with postgresql://, without a driver's name: that choice is the bot's.",
    ),
    ("DATABASE_URL", "mysql://db/safe", SQLITE),
    ("DATABASE_URL", "sqlite://", SQLITE),
    ("DATABASE_URL", "sqlite:///", SQLITE),
    ("DATABASE_URL", "sqlite:///:memory:", SQLITE),
    ("DATABASE_URL", "confirm-safe.db", SQLITE),
    ("DATABASE_URL", "sqlite:///x.db?mode=ro", "must be sqlite:///<file> without a query."),
    ("AUDIT_KEY", "two words", PASTE),
    ("AUDIT_RETENTION", "two years", DURATION),
    ("AUDIT_RETENTION", "PT23H", "must be from P1D to P36500D."),
    ("AUDIT_RETENTION", "P99999999999D", "must be from P1D to P36500D."),
    ("PORT", "65536", "must be a whole number from 0 to 65535."),
    ("ADMIN_PORT", "65536", "must be a whole number from 0 to 65535."),
    ("PORT", "-1", "must be a whole number from 0 to 65535."),
    ("DRAIN_SECONDS", "1.5", "must be a whole number from 0 to 3600."),
    ("LOG_LEVEL", "LOUD", "must be DEBUG, INFO, WARNING or ERROR."),
    ("LOG_FORMAT", "xml", "must be console or json."),
]


@pytest.mark.parametrize(("name", "value", "reason"), REFUSED)
def test_a_wrong_value_is_named_with_what_to_give(name: str, value: str, reason: str) -> None:
    assert problems(GOOD | {name: value}) == [f"{name} {reason}"]


BOT, OWNER = "postgresql://bot:hush@db/safe", "postgresql://owner:hush@db/safe"
TWO = "must both be postgresql://…, for one database with two roles."


@pytest.mark.parametrize(
    ("serving", "owning", "what"),
    [
        ("", OWNER, "DATABASE_ADMIN_URL is set, but not DATABASE_URL: that names the role that serves."),
        ("sqlite:///x.db", OWNER, f"DATABASE_ADMIN_URL is set: it and DATABASE_URL {TWO}"),
        (BOT, "sqlite:///x.db", f"DATABASE_ADMIN_URL is set: it and DATABASE_URL {TWO}"),
        (
            BOT.replace("bot:hush@", ""),
            OWNER,
            "DATABASE_ADMIN_URL is set: DATABASE_URL must say as which user it serves.",
        ),
        (
            BOT,
            BOT,
            "DATABASE_ADMIN_URL and DATABASE_URL name the same user: the owner must be another one than serves.",
        ),
    ],
)
def test_the_owner_of_the_database_has_to_fit_who_serves(serving: str, owning: str, what: str) -> None:
    given = GOOD | {"DATABASE_ADMIN_URL": owning} | ({"DATABASE_URL": serving} if serving else {})
    assert problems(given) == [what]


def test_what_the_owner_changes_is_the_owners_database_else_the_bots() -> None:
    both = {"DATABASE_URL": BOT, "DATABASE_ADMIN_URL": "postgresql:///safe?host=/run&user=owner"}
    settings = load(GOOD | both, None)
    assert (settings.database_url.user, settings.owners_url.user) == ("bot", "owner")
    assert load(GOOD | {"DATABASE_URL": BOT}, None).owners_url.user == "bot"


def test_an_app_token_takes_the_place_of_the_signing_secret() -> None:
    socket_mode = {name: value for name, value in GOOD.items() if name != "SLACK_SIGNING_SECRET"}
    settings = load(socket_mode | {"SLACK_APP_TOKEN": "xapp-1-A0-1-a"}, None)
    assert settings.slack_signing_secret is None
    assert settings.way_in == "Socket Mode"
    assert load(GOOD, None).way_in == "HTTP on 127.0.0.1:3000"
    assert "xapp-1-A0-1-a" not in repr(settings)


@pytest.mark.parametrize("name", ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"])
def test_what_would_turn_the_slack_library_to_oauth_is_refused(name: str) -> None:
    expected = [f"{name} is set, but the bot is installed by its token, not by OAuth: remove it."]
    assert problems(GOOD | {name: "1.2"}) == expected


def without_approvers(**changes: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name != "APPROVERS"} | changes


POLICY = """
[teams.soc]
members = ["S0SOC"]
[[rules]]
name = "all"
needs = [{ from = ["soc"] }]
"""


def test_the_lists_are_a_policy_of_one_rule() -> None:
    settings = loaded(REQUESTERS="U0ANALYST", REQUESTS_PER_HOUR="7")
    assert settings.policy == of_lists(("U0MEGAN", "S0SOC"), ("U0ANALYST",), 7)
    assert (settings.policy_file, settings.policy.digest) == (None, "")


def test_a_policy_file_stands_for_the_lists(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    settings = load(without_approvers(POLICY_FILE=str(file)), None)
    assert settings.policy == read_policy(file)
    assert (settings.policy_file, settings.files) == (file, {})
    assert (settings.approvers, settings.requesters, settings.requests_per_hour) == ((), (), 20)


def test_the_policy_is_that_of_the_start_whatever_becomes_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    settings = load(without_approvers(POLICY_FILE=str(file)), None)
    file.unlink()
    assert settings.policy.rules[0].name == "all"


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_a_policy_file_and_a_list_contradict_each_other(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "value").write_text("20")
    lists = {"APPROVERS": "U0MEGAN", "REQUESTERS": "U0A", f"REQUESTS_PER_HOUR{suffix}": "20"}
    if suffix:
        lists["REQUESTS_PER_HOUR_FILE"] = str(tmp_path / "value")
    assert problems(without_approvers(POLICY_FILE=str(tmp_path / "policy.toml"), **lists)) == [
        f"POLICY_FILE and {name} are both set: keep one. The file says who may ask and approve, and how often."
        for name in ("APPROVERS", "REQUESTERS", "REQUESTS_PER_HOUR")
    ]


def test_what_is_wrong_with_the_policy_file_comes_with_everything_else(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY.replace("S0SOC", "soc") + "color = 1\n")
    told = problems(without_approvers(POLICY_FILE=str(tmp_path / "policy.toml"), PORT="http", SLACK_APP_TOKEN="1"))
    assert [text.split(" ", 1)[0] for text in told] == ["policy.toml:3:", "policy.toml:7:", "SLACK_APP_TOKEN", "PORT"]


def test_a_policy_file_that_is_not_there_is_not_a_missing_list(tmp_path: Path) -> None:
    expected = ["POLICY_FILE names a file that can't be read (No such file or directory)."]
    assert problems(without_approvers(POLICY_FILE=str(tmp_path / "none.toml"))) == expected


def test_what_is_no_setting_is_nobodys_business() -> None:
    assert load(GOOD | {"PATH": "/bin", "HOME": "/", "PORTS": "x", "slack_app_token": "x"}, None) == load(GOOD, None)


def test_an_empty_setting_is_not_set() -> None:
    empty = {"ADMIN_PORT": "", "AUDIT_KEY": "", "PORT": " ", "GRAPH_URL": "", "SLACK_APP_TOKEN": "\n"}
    assert load(GOOD | empty, None) == load(GOOD, None)


def test_values_are_read_as_people_write_them() -> None:
    settings = loaded(
        SLACK_API_URL="http://127.0.0.1:8080/api",
        GRAPH_URL="http://localhost:8081/",
        AZURE_AUTHORITY_HOST="login.contoso.com:8443/",
        AZURE_CLIENT_ID=GOOD["AZURE_CLIENT_ID"].upper(),
        APPROVERS=" U0MEGAN ,S0SOC,, W0DIEGO, U0MEGAN,",
        REQUESTERS="U0ANALYST\nentra-group:5A0C76D2-cb57-4ece-9bc1-c323178f116a\n",
        INCIDENT_CHANNELS="C0INCIDENT,G0OLD",
        APPROVAL_TTL="P1DT2H3M4.5S",
        SEND_WITHIN="P1W",
        LOG_LEVEL="debug",
    )
    assert settings.slack_api_url == "http://127.0.0.1:8080/api/"
    assert settings.graph_url == "http://localhost:8081"
    assert settings.azure_authority_host == "https://login.contoso.com:8443"
    assert settings.azure_client_id == GOOD["AZURE_CLIENT_ID"]
    assert settings.approvers == ("U0MEGAN", "S0SOC", "W0DIEGO")
    assert settings.requesters == ("U0ANALYST", "entra-group:5a0c76d2-cb57-4ece-9bc1-c323178f116a")
    assert settings.incident_channels == ("C0INCIDENT", "G0OLD")
    assert settings.approval_ttl == timedelta(days=1, hours=2, minutes=3, seconds=4.5)
    assert settings.send_within == timedelta(weeks=1)
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize("url", ["http://[::1]:8081", "http://127.9.9.9", "https://graph.contoso.com/proxy"])
def test_graph_may_be_reached_at_this_machine_or_by_https(url: str) -> None:
    assert loaded(GRAPH_URL=url).graph_url == url


@pytest.mark.parametrize("cloud", ["global", "usgov", "usgov-dod"])
def test_the_addresses_follow_the_cloud(cloud: str) -> None:
    settings = loaded(GRAPH_CLOUD=cloud)
    assert (settings.azure_authority_host, settings.graph_url) == (LOGIN_HOSTS[cloud], GRAPH_ROOTS[cloud])


def test_the_clouds_addresses_are_microsofts() -> None:
    assert loaded(GRAPH_CLOUD="usgov").graph_url == "https://graph.microsoft.us"
    assert loaded(GRAPH_CLOUD="usgov-dod").graph_url == "https://dod-graph.microsoft.us"
    assert loaded(GRAPH_CLOUD="usgov-dod").azure_authority_host == "https://login.microsoftonline.us"


def test_the_database_is_found_wherever_the_process_goes_later(tmp_path: Path) -> None:
    assert loaded(DATABASE_URL=f"sqlite:///{tmp_path}/a.db").database_url.path == tmp_path / "a.db"
    assert loaded(DATABASE_URL="sqlite:///data/a.db").database_url.path == Path.cwd() / "data" / "a.db"


POSTGRESQL = {
    "postgresql://db.contoso.com/safe": "postgresql://db.contoso.com/safe",
    "postgres://bot:se%20cret@db:5433/safe?sslmode=verify-full": "postgresql://db:5433/safe",
    "postgresql://bot:se%20cret@[::1]/safe": "postgresql://[::1]/safe",
    "postgresql:///safe?host=/run/postgresql&user=bot&password=se+cret": "postgresql:///safe?host=/run/postgresql",
}


@pytest.mark.parametrize(("given", "shown"), POSTGRESQL.items())
def test_of_a_postgresql_address_people_read_neither_user_nor_password(given: str, shown: str) -> None:
    settings = loaded(DATABASE_URL=given)
    assert settings.database_url.shown == shown
    assert settings.database_url.url == given.replace("postgres://", "postgresql://")
    assert settings.database_url.path is None
    assert "cret" not in repr(settings.database_url)
    hidden = settings.database_url.secrets
    assert ("se cret" in hidden) == ("cret" in given)
    assert all(written in hidden for written in ("se%20cret", "se+cret") if written in given)


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "APPROVERS", "AZURE_CLIENT_SECRET", "AUDIT_KEY", "PORT"])
def test_any_setting_may_come_from_a_file_without_its_line_end(name: str, tmp_path: Path) -> None:
    value = (GOOD | {"AUDIT_KEY": "hush-hush-audit", "PORT": "3001"})[name]
    (tmp_path / "value").write_bytes(value.encode() + b"\r\n")
    environ = {key: text for key, text in GOOD.items() if key != name} | {f"{name}_FILE": str(tmp_path / "value")}
    settings = load(environ, None)
    assert settings.files == {name: tmp_path / "value"}
    assert settings.model_copy(update={"files": {}}) == loaded(**{name: value})


def test_a_file_that_is_missing_empty_or_no_text_is_a_problem_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    files = {
        "SLACK_BOT_TOKEN_FILE": str(tmp_path / "none"),
        "SLACK_SIGNING_SECRET_FILE": str(tmp_path / "empty"),
        "AZURE_CLIENT_SECRET_FILE": str(tmp_path / "binary"),
        "AUDIT_KEY_FILE": str(tmp_path),
    }
    environ = {key: text for key, text in GOOD.items() if key not in SECRETS} | files
    assert sorted(problems(environ)) == [
        "AUDIT_KEY_FILE names a file that can't be read (Is a directory).",
        "AZURE_CLIENT_SECRET_FILE names a file that can't be read (not UTF-8 text).",
        "SLACK_BOT_TOKEN_FILE names a file that can't be read (No such file or directory).",
        "SLACK_SIGNING_SECRET_FILE names a file that is empty.",
    ]


def test_a_setting_and_its_file_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("3001")
    expected = ["PORT and PORT_FILE are both set: keep one."]
    assert problems(GOOD | {"PORT": "3000", "PORT_FILE": str(tmp_path / "port")}) == expected


def test_dotenv_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f'{name}="{value}"\n' for name, value in GOOD.items()) + "PORT=4000\nLOG_LEVEL=ERROR\n")
    settings = load({"PORT": "5000", "LOG_LEVEL": ""}, dotenv)
    assert (settings.port, settings.log_level) == (5000, "ERROR")
    assert settings.approvers == ("U0MEGAN", "S0SOC")


def test_a_dotenv_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    assert load(GOOD, tmp_path / ".env") == load(GOOD, None)


def test_a_dotenv_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"PORT=\xff\xfe\n")
    assert problems(GOOD, dotenv) == [f"{dotenv} can't be read (not UTF-8 text)."]


def test_without_arguments_the_environment_of_the_process_is_read() -> None:
    before = dict(os.environ)
    os.environ.update(GOOD | {"PORT": "4321"})
    try:
        assert load(dotenv=None).port == 4321
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("spoiled", ["{} {}", "xoxp-{}-{}", "{}\x00{}", "ß{}{}"])
def test_no_secret_is_in_a_problem(name: str, spoiled: str) -> None:
    secret = "Sn7~kept.to.oneself"
    environ = GOOD | {name: spoiled.format(secret, secret), "ADMIN_PORT": "y", "PORT": "x"}
    assert secret not in " ".join(problems(environ))


@pytest.mark.parametrize(
    "name", ["APPROVERS", "INCIDENT_CHANNELS", "AZURE_CLIENT_ID", "PORT", "SLACK_BOT_TOKEN_FILE", "POLICY_FILE"]
)
def test_a_token_pasted_into_the_wrong_setting_is_not_repeated(name: str) -> None:
    pasted = "xoxb-12345678901-hush-hush"
    environ = {key: text for key, text in GOOD.items() if f"{key}_FILE" != name} | {name: pasted}
    assert pasted not in " ".join(problems(environ))


def test_the_error_does_not_carry_what_was_typed() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(GOOD | {"SLACK_SIGNING_SECRET": "hush hush"}, None)
    assert caught.value.__context__ is None


def test_no_secret_is_in_the_settings_words_for_themselves() -> None:
    settings = loaded(AUDIT_KEY="hush-hush-audit")
    assert isinstance(settings.audit_key, SecretStr)
    assert settings.audit_key.get_secret_value() == "hush-hush-audit"
    assert "hush" not in f"{settings!r} {settings}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load(GOOD, None).port = 1  # type: ignore[misc]  # frozen, which is the point


def test_without_a_terminal_the_log_is_json() -> None:
    assert loaded().log_format == "json"  # pytest takes stderr
    assert loaded(LOG_FORMAT="console").log_format == "console"


def test_every_setting_has_a_line_for_the_readme() -> None:
    assert len(SETTINGS) == len(Settings.model_fields) - len({"files", "written"})
    assert all(doc.meaning.endswith(".") for doc in SETTINGS)
    assert {doc.name for doc in SETTINGS if "**required**" in doc.default} == set(GOOD) - {"AZURE_CLIENT_SECRET"}
