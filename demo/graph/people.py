"""The people of Contoso, whom demo and tests know, with their risk and the reasons for it."""

from datetime import timedelta

from demo.graph.directory import (
    ADELE,
    ALEX,
    DIEGO,
    HENRIETTA,
    ISAIAH,
    JONI,
    LYNNE,
    MEGAN,
    PRADEEP,
    Directory,
)


def fill(directory: Directory) -> None:
    """Put in the people of Contoso whom demo and tests know."""
    for user_id, name, upn in (
        (ADELE, "Adele Vance", "adelev@contoso.com"),
        (ALEX, "Alex Wilber", "alexw@contoso.com"),
        (JONI, "Joni Sherman", "jonis@contoso.com"),
        (MEGAN, "Megan Bowen", "meganb@contoso.com"),
        (DIEGO, "Diego Siciliani", "diegos@contoso.com"),
        (LYNNE, "Lynne Robbins", "lynner@contoso.com"),
        (PRADEEP, "Pradeep Gupta", "pradeepg@contoso.com"),
        (HENRIETTA, "Henrietta Mueller", "henriettam@contoso.com"),
        (ISAIAH, "Isaiah Langer", "isaiahl@contoso.com"),
    ):
        directory.add_user(user_id, name, upn)
    _put_at_risk(directory)


def _put_at_risk(directory: Directory) -> None:
    directory.add_risky(ADELE, "high")
    directory.add_risky(ALEX, "medium", ago=timedelta(hours=5))
    directory.add_risky(
        PRADEEP, "none", "remediated", detail="userPerformedSecuredPasswordReset", ago=timedelta(days=1)
    )
    directory.add_risky(HENRIETTA, "none", "confirmedSafe", detail="adminConfirmedAccountSafe", ago=timedelta(days=2))
    directory.add_risky(ISAIAH, "low", ago=timedelta(days=30))
    directory.delete(ISAIAH)
    _say_why(directory)


def _say_why(directory: Directory) -> None:
    hours = {"unlikelyTravel": (2.0,), "unfamiliarFeatures": (2.1, 3.0, 4.0)}
    for kind, times in hours.items():
        for ago in times:
            _from_oslo(directory, ADELE, kind, ago)
    # Credentials that were found for sale come without a place.
    directory.add_detection(ALEX, "leakedCredentials", level="high", ago=timedelta(hours=5, minutes=2))
    _from_oslo(directory, ALEX, "unfamiliarFeatures", 6.0)
    directory.add_detection(ISAIAH, "newCountry", ip="192.0.2.9", city="Lima", country="PE", ago=timedelta(days=30))
    directory.add_detection(
        PRADEEP,
        "passwordSpray",
        ip="192.0.2.44",
        level="high",
        state="remediated",
        detail="userPerformedSecuredPasswordReset",
        ago=timedelta(days=2),
    )
    directory.add_detection(
        HENRIETTA,
        "anonymizedIPAddress",
        ip="192.0.2.81",
        state="confirmedSafe",
        detail="adminConfirmedAccountSafe",
        ago=timedelta(days=3),
    )


def _from_oslo(directory: Directory, user_id: str, kind: str, ago: float) -> None:
    directory.add_detection(
        user_id, kind, ip="203.0.113.7", city="Oslo", country="NO", level="medium", ago=timedelta(hours=ago)
    )
