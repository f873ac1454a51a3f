"""Slack, Entra and Graph as the bot meets them: opened once, closed in reverse."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from bot.clock import Clock
from bot.clouds import ADMIN_CENTERS
from bot.core.ids import ChannelId
from bot.core.model import Request
from bot.graph.client import Graph
from bot.graph.credential_end import CredentialEnd
from bot.graph.credentials import credentials_of
from bot.graph.pacer import Pacer, Slots
from bot.graph.tokens import Tokens
from bot.settings import Settings
from bot.slack.blocks.place import Place
from bot.slack.blocks.rules import installed
from bot.slack.counted import CountedClient, client_for
from bot.slack.installation import Installation


@dataclass(frozen=True, slots=True)
class Outside:
    """Slack, Entra and Graph as the bot meets them: the doctor needs no more."""

    settings: Settings
    clock: Clock
    session: aiohttp.ClientSession
    client: CountedClient
    installation: Installation
    graph: Graph
    ends: CredentialEnd

    def place(self, request: Request | None = None) -> Place:
        place = Place(
            approvers=(),
            requesters=(),
            admin_url=ADMIN_CENTERS[self.settings.graph_cloud],
            channel=ChannelId(self.settings.approval_channel),
            help=self.settings.support_contact,
            team_url=self.installation.team_url,
            approval_ttl=self.settings.approval_ttl,
            send_within=self.settings.send_within,
            hold=self.settings.hold,
        )
        return installed(place, self.settings.policy, request)


async def open_outside(settings: Settings, clock: Clock, resources: AsyncExitStack, slots: Slots) -> Outside:
    session = await resources.enter_async_context(aiohttp.ClientSession(trust_env=True))
    client = client_for(settings.slack_bot_token, settings.slack_api_url, session)
    credentials = credentials_of(settings)
    tokens = Tokens(credentials, clock)
    resources.push_async_callback(tokens.close)
    pacer = Pacer(slots, clock)
    resources.push_async_callback(pacer.close)
    graph = Graph(session, settings.graph_url, tokens, pacer, clock)
    ends = CredentialEnd(credentials, tokens, clock, graph.get)
    return Outside(settings, clock, session, client, Installation(), graph, ends)
