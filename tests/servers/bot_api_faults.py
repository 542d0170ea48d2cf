"""Faults that a test orders for the fake Bot API: slow answers, errors, and connections that are cut."""

import asyncio
import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from tests.servers.bot_api_refusals import Json, Refusal

When = Literal["before", "after"]
"""Before a call takes effect, so that nothing is stored, or after, so that only the answer suffers."""


class CutError(Exception):
    """The connection is to be cut without an answer."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next calls of one method: first the delay, then the cut or the error.

    `method` may be "*"; `times` counts down, and None never ends.
    """

    method: str
    chat_id: int | None = None
    code: int | None = None
    description: str = ""
    params: Json = field(default_factory=dict)
    times: int | None = 1
    when: When = "before"
    delay: float = 0.0
    drop: bool = False
    share: float = 1.0
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def hits(self, method: str, params: Json) -> bool:
        return (
            self.times != 0
            and self.method.lower() in ("*", method.lower())
            and (self.chat_id is None or str(self.chat_id) == str(params.get("chat_id")))
            and (self.share == 1.0 or self.dice.random() < self.share)
        )

    def spend(self) -> None:
        if self.times:
            self.times -= 1

    async def strike(self, when: When) -> None:
        """Happen, if this is the time; raise CutError or the Refusal that was ordered."""
        if when != self.when:
            return
        await asyncio.sleep(self.delay)
        if self.drop:
            raise CutError
        if self.code:
            raise Refusal(self.code, self.description or HTTPStatus(self.code).phrase, self.params)
