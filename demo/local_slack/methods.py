"""The Web API: finds the method, and answers for the app, its people and their groups."""

from typing import Any

from demo.local_slack.calling import Answering, Args, Asker, Refused, paged, truth
from demo.local_slack.chat import Chat
from demo.local_slack.conversations import Conversations
from demo.local_slack.views import Views
from demo.local_slack.workspace import APP, BOT, BOT_NAME, BOT_USER, TEAM, TEAM_NAME, TEAM_URL, SlackUser, Workspace

MOST_USERS = 1000


class Methods:
    """One function for each of Slack's methods; a refusal is Slack's error code."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._methods: dict[str, Answering] = {
            "auth.test": self._auth_test,
            "bots.info": self._bots_info,
            "users.list": self._users_list,
            "users.info": self._users_info,
            "users.lookupByEmail": self._users_lookup_by_email,
            "usergroups.list": self._usergroups_list,
            "usergroups.users.list": self._usergroups_users_list,
            **Chat(workspace).methods,
            **Conversations(workspace).methods,
            **Views(workspace).methods,
        }

    def call(self, name: str, args: Args, asker: Asker) -> dict[str, Any]:
        try:
            return {"ok": True, **self._methods[name](args, asker)}
        except Refused as refusal:
            return refusal.answer

    def _auth_test(self, _args: Args, _asker: Asker) -> dict[str, Any]:
        return {
            "url": TEAM_URL,
            "team": TEAM_NAME,
            "user": BOT_NAME,
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
            "is_enterprise_install": False,
        }

    def _bots_info(self, args: Args, _asker: Asker) -> dict[str, Any]:
        if args.get("bot") != BOT:
            raise Refused("bot_not_found")
        return {"bot": {"id": BOT, "deleted": False, "name": BOT_NAME, "app_id": APP, "user_id": BOT_USER}}

    def _users_list(self, args: Args, asker: Asker) -> dict[str, Any]:
        people = list(self._workspace.users.values())
        page, cursor = paged(people, args, len(people), MOST_USERS)
        told = [self._profile(user, asker) for user in page]
        return {"members": told, "response_metadata": {"next_cursor": cursor}}

    def _users_info(self, args: Args, asker: Asker) -> dict[str, Any]:
        user = self._workspace.users.get(str(args["user"]))
        if user is None:
            raise Refused("user_not_found")
        return {"user": self._profile(user, asker)}

    def _users_lookup_by_email(self, args: Args, asker: Asker) -> dict[str, Any]:
        for user in self._workspace.users.values():
            if user.email and user.email.casefold() == str(args["email"]).casefold() and not user.deleted:
                return {"user": self._profile(user, asker)}
        raise Refused("users_not_found")

    def _usergroups_list(self, args: Args, _asker: Asker) -> dict[str, Any]:
        told = []
        for group, members in self._workspace.groups.items():
            users = {"users": sorted(members)} if truth(args.get("include_users")) else {}
            count = {"user_count": len(members)} if truth(args.get("include_count")) else {}
            handle = self._workspace.group_names.get(group, group)
            name = handle.replace("-", " ").capitalize()
            told.append({"id": group, "handle": handle, "name": name, **users, **count})
        return {"usergroups": told}

    def _usergroups_users_list(self, args: Args, _asker: Asker) -> dict[str, Any]:
        members = self._workspace.groups.get(str(args["usergroup"]))
        if members is None:
            raise Refused("no_such_subteam")
        return {"users": sorted(members)}

    def _profile(self, user: SlackUser, asker: Asker) -> dict[str, Any]:
        profile = {"real_name": user.name, "display_name": user.name}
        if user.email and "users:read.email" in asker.scopes:
            profile["email"] = user.email
        told: dict[str, Any] = {
            "id": user.id,
            "team_id": user.team,
            "name": user.name.lower().replace(" ", "."),
            "real_name": user.name,
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "is_restricted": user.is_restricted or user.is_ultra_restricted,
            "is_ultra_restricted": user.is_ultra_restricted,
            "profile": profile,
        }
        if user.team == TEAM:
            return told
        # False for exactly the outsiders who can click: they share a channel with the bot.
        return {**told, "is_stranger": not self._workspace.shares_channel(user)}
