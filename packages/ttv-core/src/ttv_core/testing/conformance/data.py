"""What a backend says that it can do: plain data, whole, with prices that can be checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.verdict import all_hold

if TYPE_CHECKING:
    from ttv_core.capabilities import ModelCapabilities, Role

__all__ = ["Data"]

_KEYS = (
    "max_duration",
    "supported_resolutions",
    "supports_text_to_video",
    "supports_image_to_video",
    "requires_gpu",
    "api_based",
    "models",
)
_NEEDED: dict[str, tuple[Role, ...]] = {
    "image_to_video": ("first_frame",),
    "first_last_frame": ("first_frame", "last_frame"),
    "reference_to_video": ("reference",),
    "video_to_video": ("source_video",),
}


class Data(Conformance):
    """Tests of the capabilities."""

    def test_capabilities_are_plain_data(self) -> None:
        """Write them as JSON and read them back."""
        said = self.made().get_capabilities()
        problems = [f"the key {key!r} is missing" for key in _KEYS if key not in said]
        try:
            if json.loads(json.dumps(said, allow_nan=False)) != said:
                problems.append("they are not the same when they are read back from JSON")
        except (TypeError, ValueError) as error:
            problems.append(f"they are no JSON: {error}")
        all_hold(
            problems,
            mend="return dictionaries, lists, texts, numbers, true, false and null, with all keys",
            see="ttv_core.VideoGeneratorInterface.get_capabilities",
        )

    def test_capabilities_are_whole(self) -> None:
        """Look for a model that can be used, and for the inputs that each mode needs."""
        capabilities = self.made().capabilities
        problems = [
            f"{model.id}: the mode {mode} needs inputs.{role}"
            for model in capabilities.models
            for mode in model.modes
            for role in _NEEDED.get(mode, ())
            if role not in model.in_mode(mode).inputs
        ]
        if all(model.status == "retired" for model in capabilities.models):
            problems.append("every model is retired")
        if capabilities.default.status == "retired":
            problems.append(f"the default model {capabilities.default.id} is retired")
        if capabilities.backend != self.name:
            problems.append(f"they are of {capabilities.backend!r}, the backend is {self.name!r}")
        all_hold(
            problems,
            mend="complete the table of models",
            see="ttv_core.capabilities.ModelCapabilities",
        )

    def test_prices_say_where_they_are_from(self) -> None:
        """Look for the page and the day of every price that is an amount of money."""
        problems = [
            f"{problem}" for model in self.made().capabilities.models for problem in _prices(model)
        ]
        all_hold(
            problems,
            mend="give each price its `source` (the page) and `as_of` (the day you read it); a "
            "price that nobody can check is worse than none",
            see="ttv_core.capabilities.Price",
        )


def _prices(model: ModelCapabilities) -> list[str]:
    return [
        f"{model.id}: the price per {price.basis} has no {name}"
        for price in model.prices
        if price.amount is not None
        for name in ("source", "as_of")
        if not getattr(price, name)
    ]
