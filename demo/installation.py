"""The settings that lead a bot to the local Slack, Entra and Graph."""

from pathlib import Path

from demo.entra import CLIENT, SECRET, TENANT, LocalEntra
from demo.graph import LocalGraph
from demo.local_slack import LocalSlack

APPROVALS, INCIDENT = "C0APPROVE", "C0INCIDENT"


def settings_for(slack: LocalSlack, entra: LocalEntra, graph: LocalGraph, database: Path) -> dict[str, str]:
    """Name them as the bot's documentation does; the database is a file of the caller's."""
    is_socket_mode = slack.sockets.is_on
    way_in = (
        {"SLACK_APP_TOKEN": slack.sockets.token} if is_socket_mode else {"SLACK_SIGNING_SECRET": slack.signing_secret}
    )
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        **way_in,
        "SLACK_API_URL": slack.api_url,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": SECRET,
        "AZURE_AUTHORITY_HOST": entra.authority,
        "GRAPH_URL": graph.url,
        "APPROVERS": "S0SOC",
        "APPROVAL_CHANNEL": APPROVALS,
        "INCIDENT_CHANNELS": INCIDENT,
        "SUPPORT_CONTACT": "#identity-help",
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": "0",
        "ADMIN_PORT": "0",
        "LOG_FORMAT": "json",
    }
