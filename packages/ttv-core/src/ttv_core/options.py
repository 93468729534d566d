"""Check a backend's own options of a request against its options model."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, BaseModel, ValidationError

from ttv_core.labels import quoted, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.draft import Draft

__all__ = ["settle_options"]


def settle_options(draft: Draft, options: type[BaseModel] | None) -> BaseModel | None:
    """Return this backend's own options, checked; those for other backends are left to them.

    A name that the options model does not have is refused, whatever the model says of extra keys,
    unless it takes any.
    """
    given = dict(draft.request.options)
    mine = given.pop(draft.backend, {})
    for other in given:
        draft.warn(f"options for {quoted(other)} do not concern {draft.backend}")
    if options is None:
        for name in mine:
            message = f"{draft.backend} takes no options; {quoted(name)} was given"
            draft.refuse(_key(draft, name), "unknown_field", message)
        return None
    legal = {name: value for name, value in mine.items() if _is_known(options, name)}
    for name in mine.keys() - legal.keys():
        _refuse_unknown(draft, options, name)
    try:
        return options.model_validate(legal)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _refuse_value(draft, options, legal, item)
    return options.model_construct(set())


def _key(draft: Draft, name: Any) -> str:
    return f"options.{draft.backend}.{str(name)[:80]}"


def _names(options: type[BaseModel]) -> set[str]:
    """Return every name under which an option can be given."""
    found: set[str] = set()
    for name, field in options.model_fields.items():
        alias = field.validation_alias or field.alias
        choices = alias.choices if isinstance(alias, AliasChoices) else (alias,)
        found |= {name, *(choice for choice in choices if isinstance(choice, str))}
    return found


def _is_known(options: type[BaseModel], name: Any) -> bool:
    return options.model_config.get("extra") == "allow" or name in _names(options)


def _refuse_unknown(draft: Draft, options: type[BaseModel], name: Any) -> None:
    known = sorted(_names(options))
    near = difflib.get_close_matches(str(name)[:80], known, n=1)
    listed = ", ".join(known) or "none"
    hint = f"did you mean {near[0]!r}?" if near else f"known: {listed}"
    key = _key(draft, name)
    draft.refuse(key, "unknown_field", f"{key} is not known; {hint}", listed)


def _refuse_value(
    draft: Draft, options: type[BaseModel], given: Mapping[str, Any], item: Any
) -> None:
    place = [str(part) for part in item["loc"]]
    key = _key(draft, ".".join(place) or "options")
    if item["type"] == "missing":
        draft.refuse(key, "missing", f"{key} is needed", "")
        return
    # Never quote a secret, nor what was put where a secret belongs.
    field = options.model_fields.get(place[0]) if place else None
    shown = field is not None and "Secret" not in str(field.annotation) and len(place) == 1
    said = f" is {quoted(given.get(place[0]))}" if shown else ""
    draft.refuse(key, "invalid", f"{key}{said}: {reason_of(item)}")
