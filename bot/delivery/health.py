"""What is wrong just now, by what it is about: shown to the operator, logged when it begins and ends."""

from dataclasses import dataclass, field

import structlog

from bot.errors import Forbidden, GraphError, Rejected, SignInFailed, Throttled, Unauthorized

log = structlog.get_logger()


@dataclass(slots=True)
class Health:
    """The troubles that last."""

    troubles: dict[str, str] = field(default_factory=dict)

    def note(self, about: str, trouble: str) -> None:
        """Remember a trouble; it is logged once, not each time it is met."""
        if self.troubles.get(about) != trouble:
            log.warning("degraded", about=about, trouble=trouble)
        self.troubles[about] = trouble

    def clear(self, about: str) -> None:
        if self.troubles.pop(about, None) is not None:
            log.info("mended", about=about)

    def graph_call(self, error: GraphError | SignInFailed | None) -> None:
        """Take note of how a call to Graph ended."""
        match error:
            case SignInFailed():
                self.note("Entra sign-in", f"{error}.")
                return
            case Throttled():
                self.note("Graph", "Graph is limiting requests (429).")
            case Forbidden() | Unauthorized():
                self.note("Graph", f"Graph refuses ({error}): see `python -m bot doctor`.")
            case None | Rejected():
                self.clear("Graph")  # a user who isn't there is an answer
            case _:
                self.note("Graph", f"Graph does not answer as it should ({error}).")
        self.clear("Entra sign-in")
