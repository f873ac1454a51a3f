"""The tenant behind the Graph look-alike: its accounts, their risk, and what confirming does to it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from demo.graph.groups import Groups
from demo.graph.records import GraphUser, RiskDetection, RiskyUserRecord

ADELE = "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
ALEX = "5a0c76d2-cb57-4ece-9bc1-c323178f116a"
JONI = "96609214-09ef-4f80-9d4a-ace5fceecaec"
MEGAN = "48d31887-5fad-4d73-a9f5-3c356e68a038"
DIEGO = "05020696-4eb8-45a3-918f-8f8bb7ad6015"
LYNNE = "e8a02cc7-df4d-4778-956d-784cc9506e5a"
PRADEEP = "40079818-3808-4585-903b-02605f061225"
HENRIETTA = "089a6bb8-e8cb-492c-aa41-c078aa0b5120"
ISAIAH = "5bde3e51-d13b-4db1-9948-fe4b109d11a7"
"""Pradeep has remediated, Henrietta was confirmed safe before, and Isaiah's account is deleted."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Directory(Groups):
    """The accounts and risk records, changed by people at Contoso and by confirmSafe."""

    def __init__(self, now: Callable[[], datetime], processing: float) -> None:
        super().__init__()
        self.users: dict[str, GraphUser] = {}
        self.risky: dict[str, RiskyUserRecord] = {}
        self.detections: dict[str, RiskDetection] = {}
        self.processing = processing
        self.stuck: set[str] = set()
        """Ids whose confirmation is processed for ever: isProcessing stays true."""
        self._why: defaultdict[str, list[RiskDetection]] = defaultdict(list)
        self._now = now
        self._crowd = 0

    def add_user(
        self,
        user_id: str,
        display_name: str,
        upn: str,
        *,
        mail: str | None = None,
        proxy_addresses: Iterable[str] | None = None,
        enabled: bool = True,
    ) -> GraphUser:
        """Add an account; its mail is its UPN unless said."""
        mail = upn if mail is None else mail
        proxies = ([f"SMTP:{mail}"] if mail else []) if proxy_addresses is None else proxy_addresses
        user = GraphUser(user_id.lower(), display_name, upn, mail, tuple(proxies), enabled)
        self.users[user.id] = user
        return user

    def add_risky(
        self,
        user_id: str,
        level: str,
        state: str = "atRisk",
        *,
        detail: str = "none",
        display_name: str = "",
        upn: str = "",
        ago: timedelta = timedelta(hours=2),
    ) -> RiskyUserRecord:
        """Give a user a risk record, last updated that long ago."""
        user_id = user_id.lower()
        user = self.users.get(user_id, GraphUser(user_id, display_name, upn))
        record = RiskyUserRecord(
            user_id,
            display_name or user.display_name,
            upn or user.upn,
            level,
            state,
            self._now() - ago,
            detail,
        )
        self.risky[user_id] = record
        return record

    def add_detection(
        self,
        user_id: str,
        kind: str,
        *,
        ip: str = "",
        city: str = "",
        country: str = "",
        level: str = "",
        state: str = "atRisk",
        detail: str = "none",
        ago: timedelta = timedelta(hours=2),
        noticed_after: timedelta = timedelta(minutes=2),
    ) -> RiskDetection:
        """Give a user a reason for their risk: what happened that long ago and was noticed a little later.

        `kind` is a riskEventType, of which Graph may send new ones; the level is the user's unless said.
        """
        user_id, activity = user_id.lower(), self._now() - ago
        known = self.risky.get(user_id) or self.users.get(user_id, GraphUser(user_id, "", ""))
        if not level:
            level = known.level if isinstance(known, RiskyUserRecord) else "medium"
        # Like Graph's own ids these tell nothing of the order in which things happened.
        key = hashlib.sha256(f"{len(self.detections)} {user_id}".encode()).hexdigest()
        detected = activity + noticed_after
        detection = RiskDetection(
            id=key,
            user_id=user_id,
            type=kind,
            ip=ip,
            city=city,
            country=country,
            activity=activity,
            detected=detected,
            level=level,
            state=state,
            updated=detected,
            display_name=known.display_name,
            upn=known.upn,
            detail=detail,
        )
        self.detections[key] = detection
        self._why[user_id].append(detection)
        return detection

    def add_crowd(self, count: int, detection: str = "") -> list[str]:
        """Add that many users at risk and return their ids: user001@contoso.com and so on.

        With a riskEventType each of them is at risk for that, signed in from the same network.
        """
        ids = []
        for _ in range(count):
            self._crowd += 1
            n = self._crowd
            user_id = f"c0000000-0000-4000-8000-{n:012x}"
            self.add_user(user_id, f"Contoso User {n:03}", f"user{n:03}@contoso.com")
            self.add_risky(user_id, ("low", "medium", "high")[n % 3], ago=timedelta(hours=1))
            if detection:
                self.add_detection(user_id, detection, ip=f"198.51.100.{n % 254 + 1}", city="Oslo", country="NO")
            ids.append(user_id)
        return ids

    def rise(self, user_id: str, level: str, detection: str = "") -> None:
        """Let new risk put the user at risk; whatever was being processed is overtaken.

        With a riskEventType it comes with its reason, noticed just now.
        """
        if user_id not in self.risky:
            self.add_risky(user_id, level)
        self._set(user_id, level, "atRisk", "none")
        if detection:
            self.add_detection(user_id, detection, ago=timedelta(minutes=2))

    def remediate(self, user_id: str) -> None:
        """Let the user change their password under a risk policy, which ends the risk."""
        self._set(user_id, "none", "remediated", "userPerformedSecuredPasswordReset")
        for detection in self._current_of(user_id):
            detection.state, detection.detail = "remediated", "userPerformedSecuredPasswordReset"
            detection.updated = self._now()

    def delete(self, user_id: str) -> None:
        """Take the account out of the directory; its risk record stays and says so."""
        self.users.pop(user_id, None)
        if user_id in self.risky:
            self.risky[user_id].is_deleted = True

    def confirm(self, user_ids: Iterable[str]) -> None:
        """Take the users as safe; deleted users can't have their risk changed and stay as they are."""
        self.settle()
        wait = timedelta(seconds=self.processing)
        for user_id in user_ids:
            record = self.risky.get(user_id)
            if record and not record.is_deleted and record.state != "confirmedSafe":
                record.settles_at = NEVER if user_id in self.stuck else self._now() + wait
        self.settle()

    def settle(self) -> None:
        """Show every confirmation whose processing is over by now."""
        for record in self.risky.values():
            due = record.settles_at
            if due is not None and due <= self._now():
                record.level, record.state = "none", "confirmedSafe"
                record.detail, record.updated, record.settles_at = "adminConfirmedAccountSafe", due, None
                for detection in self._current_of(record.id):
                    detection.level, detection.state = "none", "confirmedSafe"
                    detection.detail, detection.updated = "adminConfirmedAccountSafe", due

    def find(self, id_or_upn: str) -> GraphUser | None:
        """Find an account as /users/{id | userPrincipalName} does."""
        wanted = id_or_upn.casefold()
        return self.users.get(wanted) or next(
            (user for user in self.users.values() if user.upn.casefold() == wanted), None
        )

    def _current_of(self, user_id: str) -> list[RiskDetection]:
        return [detection for detection in self._why[user_id] if detection.is_current]

    def _set(self, user_id: str, level: str, state: str, detail: str) -> None:
        self.settle()
        record = self.risky[user_id]
        record.level, record.state, record.detail = level, state, detail
        record.updated, record.settles_at = self._now(), None
