"""Four eyes are four: people are told apart anew whenever approvals are judged, whatever was known before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from pydantic import TypeAdapter

from bot.core.commands import Judge
from bot.core.decisions import Decision
from bot.core.events import Event, Voided
from bot.core.fold import evolve, fold
from bot.core.ids import ChannelId, ObjectId, RequestId, SlackUserId
from bot.core.judging import judge
from bot.core.model import Asker, Request, RiskySnapshot, Target
from bot.core.persons import DirectoryUser, Person
from bot.core.policy import Standing, may_decide, panel_of
from bot.core.rules import Need, Policy, Rule, Team
from bot.core.terms import Terms

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
ADELE = ObjectId("00000000-0000-4000-8000-000000000001")
MEGAN, DIEGO, TWIN = SlackUserId("UMEGAN"), SlackUserId("UDIEGO"), SlackUserId("UTWIN")
TEAMS = {key: Team(key, key.upper(), ("S1",)) for key in ("soc", "identity")}
BOTH = Policy(TEAMS, (Rule("all", (Need(("soc",)), Need(("identity",)))),))


def waiting(*approvals: Decision) -> Request:
    shown = RiskySnapshot(ADELE, "Adele", "adele@contoso.com", "high", "atRisk", NOW, NOW)
    return Request(
        RequestId("CS-4K7Q"),
        9,
        "pending",
        Asker(SlackUserId("UASKER"), ChannelId("C1"), "Lynne"),
        (ADELE,),
        "VPN",
        "",
        NOW,
        targets=(Target(shown),),
        shown_users=(ADELE,),
        approvals=approvals,
        open_until=NOW + timedelta(hours=8),
        view=1,
        shown_view=1,
    )


def standing(who: SlackUserId, account: str, *teams: str) -> Standing:
    one = DirectoryUser(ObjectId(account), who, f"{who}@contoso.com")
    return Standing(Person(who, "T1", who, f"{who}@contoso.com"), frozenset(teams), accounts=(one,))


def given(who: SlackUserId, *teams: str, accounts: tuple[str, ...] = ()) -> Decision:
    return Decision(who, NOW, 1, accounts=tuple(map(ObjectId, accounts)), teams=teams)


def test_two_slack_users_whose_account_was_not_known_then_are_one_when_it_is_known() -> None:
    request = waiting(given(MEGAN, "soc"), given(TWIN, "identity"))
    panel = panel_of(BOTH, [standing(MEGAN, "a", "soc"), standing(TWIN, "a", "identity")], request)
    assert not panel.is_enough()
    assert panel.void == {TWIN: "same_account"}


def test_whoever_shares_an_account_with_another_does_not_count_though_nothing_is_missing() -> None:
    one = Policy(TEAMS, (Rule("all", (Need(("soc", "identity")),)),))
    request = waiting(given(MEGAN, "soc", accounts=("a",)))
    refusal = may_decide(one, standing(TWIN, "a", "identity"), request, "approve")
    assert refusal is not None
    assert refusal.why == "same_account"


def test_whose_team_has_another_key_now_can_approve_again() -> None:
    renamed = Policy(
        {"secops": Team("secops", "SOC", ("S1",)), "identity": TEAMS["identity"]},
        (Rule("all", (Need(("secops",)), Need(("identity",)))),),
    )
    request = waiting(given(MEGAN, "soc"), given(DIEGO, "identity"))
    assert may_decide(renamed, standing(MEGAN, "a", "secops"), request, "approve") is None
    refusal = may_decide(renamed, standing(DIEGO, "b", "identity"), request, "approve")
    assert refusal is not None
    assert refusal.why == "approved_already"


def test_whoever_asked_does_not_approve_by_another_slack_user_of_theirs() -> None:
    request = waiting()
    request = replace(request, asker=replace(request.asker, accounts=(ObjectId("a"),)))
    refusal = may_decide(BOTH, standing(TWIN, "a", "soc"), request, "approve")
    assert refusal is not None
    assert refusal.why == "asked_elsewhere"


def test_what_an_older_version_recorded_is_judged_by_the_teams_and_accounts_of_now() -> None:
    old: list[tuple[str, str]] = [
        ("Asked", '{"asker":{"id":"UASKER","channel":"C1","name":""},"entries":["x"],"reason":"VPN","command":"c"}'),
        (
            "Found",
            (
                '{"name":"Lynne","targets":[{"shown":{"user_id":"00000000-0000-4000-8000-000000000001",'
                '"display_name":"Adele","upn":"adele@contoso.com",'
                '"level":"high","state":"atRisk","read_at":"2026-03-01T03:00:00Z"}}],"findings":[]}'
            ),
        ),
        ("Opened", '{"open_until":"2026-03-01T11:00:00Z","left_out":[]}'),
        ("Shown", '{"view":1,"channel":"C1","ts":"1.1","digest":"d"}'),
        ("Approved", '{"by":"UMEGAN","name":"Megan","view":1,"email":"m@contoso.com","account":"a","left_out":[]}'),
    ]
    read: dict[str, TypeAdapter[Event]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}
    request = fold(RequestId("CS-4K7Q"), [(NOW, read[kind].validate_json(body)) for kind, body in old])
    assert request is not None
    assert request.state == "approved"
    one = Policy(TEAMS, (Rule("all", (Need(("soc",)),)),))
    assert panel_of(one, [standing(MEGAN, "a", "soc")], request).is_enough()
    short = panel_of(BOTH, [standing(MEGAN, "a", "soc")], request)
    assert (short.is_enough(), dict(short.void)) == (False, {})
    terms = Terms(timedelta(hours=8), timedelta(hours=1))
    happened = judge(request, Judge((), is_short=True, teams=short.teams), NOW, terms)
    for event in happened:
        request = evolve(request.id, request, event, NOW)
    assert [(one.by, one.teams) for one in request.approvals] == [(MEGAN, ("soc",))]
    assert request.state == "pending"
    voided = evolve(request.id, replace(request, decision=request.approvals[0]), Voided("not_allowed"), NOW)
    assert [one.by for one in voided.struck] == [MEGAN]
