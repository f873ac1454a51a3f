"""The Web API's views methods: modals, opened for a click and changed later, and Home tabs."""

import json
from typing import Any

from demo.local_slack import blockkit
from demo.local_slack.calling import Answering, Args, Asker, Refused
from demo.local_slack.workspace import View, Workspace

MAX_VIEW = 250_000
"""Bytes: above 250 kB is `view_too_large`."""


class Views:
    """Each person has one modal open at most."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.methods: dict[str, Answering] = {
            "views.open": self._open,
            "views.update": self._update,
            "views.publish": self._publish,
        }

    def _open(self, args: Args, asker: Asker) -> dict[str, Any]:
        trigger = self._workspace.triggers.get(str(args["trigger_id"]))
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if asker.now - trigger.at > self._workspace.trigger_lives:
            raise Refused("expired_trigger_id")
        if trigger.is_used:
            raise Refused("exchanged_trigger_id")
        view = self._checked(args["view"], asker)
        if self._with_external_id(view.get("external_id")) is not None:
            raise Refused("duplicate_external_id")
        trigger.is_used = True
        number = self._workspace.new_ts(asker.now)
        opened = View(f"V{number.replace('.', '')}", trigger.user, view, number)
        self._workspace.views[trigger.user] = opened
        return {"view": opened.as_json()}

    def _update(self, args: Args, asker: Asker) -> dict[str, Any]:
        if "view_id" in args:
            known = next((v for v in self._workspace.views.values() if v.id == args["view_id"]), None)
        else:
            known = self._with_external_id(args.get("external_id"))
        if known is None:
            raise Refused("not_found")
        if args.get("hash", known.hash) != known.hash:
            raise Refused("hash_conflict")
        known.show(self._checked(args["view"], asker))
        known.hash = self._workspace.new_ts(asker.now)
        return {"view": known.as_json()}

    def _publish(self, args: Args, asker: Asker) -> dict[str, Any]:
        user = str(args["user_id"])
        if user not in self._workspace.users:
            raise Refused("invalid_arguments")
        view = args["view"]
        asker.refuse(blockkit.faults_of_home(view), "invalid_arguments")
        _weigh(view, asker)
        number = self._workspace.new_ts(asker.now)
        known = self._workspace.homes.get(user)
        home = View(known.id if known else f"V{number.replace('.', '')}", user, dict(view), number)
        self._workspace.homes[user] = home
        return {"view": home.as_json()}

    def _with_external_id(self, external_id: Any) -> View | None:
        views = self._workspace.views.values()
        return next((view for view in views if external_id and view.view.get("external_id") == external_id), None)

    @staticmethod
    def _checked(view: Any, asker: Asker) -> dict[str, Any]:
        asker.refuse(blockkit.faults_of_view(view), "invalid_arguments")
        _weigh(view, asker)
        return dict(view)


def _weigh(view: Any, asker: Asker) -> None:
    if len(json.dumps(view)) > MAX_VIEW:
        asker.refuse([f"a view of more than {MAX_VIEW} bytes"], "view_too_large")
