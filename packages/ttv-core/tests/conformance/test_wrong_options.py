"""Backends that drop options of their own, each of another kind."""

from __future__ import annotations

import enum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from zoo_remote import ZooGenerator
from zoo_vendor import KEY

from ttv_core.testing.conformance.options import Options

DROPPED = {"test_no_option_is_dropped"}


class Pace(enum.Enum):
    SLOW = "slow"
    QUICK = "quick"


class Own(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    loop: bool | None = None
    look: Literal["plain", "grainy"] | None = None
    pace: Pace = Pace.SLOW
    steps: int = Field(default=4, ge=1, le=50)
    strength: Annotated[float, Field(gt=0, lt=1)] = 0.5
    note: str | None = None


class OwnGenerator(ZooGenerator):
    """Reads all of its options, and sends all but one."""

    Options = Own
    dropped: ClassVar[str] = ""

    def native(self, request, model):
        own = {name: str(getattr(request.options, name)) for name in Own.model_fields}
        own.pop(self.dropped, None)
        return {**super().native(request, model), **own}


class Zoo(Options):
    generator = OwnGenerator
    settings = {"api_key": KEY}
    plugin = "zoo_plugin"


class TestOptionsThatAreHeeded(Zoo):
    option_values = {"note": ("one", "two")}


def dropping(name):
    """Return a backend that drops an option."""
    return type(f"Drops{name.title()}", (OwnGenerator,), {"dropped": name})


class TestAYesOrNoThatIsDropped(Zoo):
    generator = dropping("loop")
    caught_by: ClassVar = DROPPED
    says = "options.zoo.loop=True and False plan the same"


class TestAListedWordThatIsDropped(Zoo):
    generator = dropping("look")
    caught_by: ClassVar = DROPPED


class TestAWordOfAnEnumThatIsDropped(Zoo):
    generator = dropping("pace")
    caught_by: ClassVar = DROPPED


class TestANumberThatIsDropped(Zoo):
    generator = dropping("steps")
    caught_by: ClassVar = DROPPED


class TestAFractionThatIsDropped(Zoo):
    generator = dropping("strength")
    caught_by: ClassVar = DROPPED


class TestATextThatIsDropped(Zoo):
    generator = dropping("note")
    option_values = {"note": ("one", "two")}
    caught_by: ClassVar = DROPPED


class TestATextThatNobodyKnows(Zoo):
    generator = dropping("note")


class TestAnOptionThatIsLeftOut(Zoo):
    generator = dropping("loop")
    option_values = {"loop": ()}
