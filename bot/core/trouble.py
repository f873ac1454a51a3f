"""What keeps an approved request from leaving, and since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TroubleKind = Literal["throttled", "sign_in", "unreachable", "unchecked", "unclear", "bisecting", "late"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an approved request has not left yet."""

    kind: TroubleKind
    since: datetime
    last_try: datetime
    code: str = ""
