"""Replace `${VAR}` and `${VAR:-default}` in what was parsed, once, and say where one is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttv_core.errors import ConfigurationError

__all__ = ["is_variable", "resolve"]

_MARK = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)(?P<end>\})?")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>:-(?P<default>.*))?", re.DOTALL)


def is_variable(text: str) -> bool:
    """Tell whether a text is one variable and nothing else, with no default that says something."""
    match = _MARK.fullmatch(text)
    inside = _INSIDE.fullmatch(match["inside"]) if match and match["end"] else None
    return inside is not None and not inside["default"]


def resolve(value: Any, key: str, environ: Mapping[str, str]) -> Any:
    """Replace the variables in every string below a value.

    What they hold is not read again, so a variable cannot bring in another one. A variable that
    is empty counts as not set, as in the shell. `$${` is how a literal `${` is written.

    Args:
        value: Text, or anything that holds text.
        key: Full key path of the value, for messages.
        environ: The variables.

    Raises:
        ConfigurationError: If a variable is missing and has no default.
    """
    if isinstance(value, Mapping):
        return {name: resolve(item, f"{key}.{name}", environ) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, f"{key}[{i}]", environ) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    return _MARK.sub(lambda found: _replacement(found, key, environ), value)


def _replacement(found: re.Match[str], key: str, environ: Mapping[str, str]) -> str:
    if found[0] == "$${":
        return "${"
    match = _INSIDE.fullmatch(found["inside"]) if found["end"] else None
    if match is None or "${" in (match["default"] or ""):
        # It is not quoted: someone may have put the key itself between the braces.
        msg = f"{key}: what follows '${{' is no variable; write ${{NAME}} or ${{NAME:-default}}"
        raise ConfigurationError(msg, key=key, remedy="write $${ for a literal ${")
    if held := environ.get(match["name"]):
        return held
    if match["rest"] is not None:
        return match["default"]
    state = "empty" if match["name"] in environ else "not set"
    raise ConfigurationError(
        f"{key}: the environment variable {match['name']} is {state}",
        key=key,
        remedy=f"export {match['name']}=…, or write ${{{match['name']}:-default}}",
    )
