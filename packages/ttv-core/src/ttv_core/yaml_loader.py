"""Read YAML as people mean it, and refuse what only an attacker writes.

Plain YAML 1.1 reads `aspect_ratio: 16:9` as the number 969 and `on` as true. Scalars here follow
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema). Size, depth and the
number of aliases are bounded, tags that build objects and duplicate keys are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["YamlError", "parse_yaml"]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_ALIASES = 10

_STANDARD = ("null", "bool", "int", "float", "str", "seq", "map")


class YamlError(ValueError):
    """The text is not a configuration; says where and why."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader with YAML 1.2 scalars and bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                self._refuse(f"more than {MAX_ALIASES} aliases")
        if self.depth >= MAX_DEPTH:
            self._refuse(f"nested more than {MAX_DEPTH} deep")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse(self, reason: str) -> None:
        mark = self.peek_event().start_mark
        msg = f"line {mark.line + 1}: {reason}"
        raise YamlError(msg)

    def construct_checked_mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                msg = f"line {line}: the key {key!r} is not text; put it in quotes"
                raise YamlError(msg)
            if key in found:
                msg = f"line {line}: the key {key!r} stands here twice"
                raise YamlError(msg)
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def refuse_tag(self, node: yaml.Node) -> Any:
        msg = f"line {node.start_mark.line + 1}: the tag {node.tag!r} is not allowed"
        raise YamlError(msg)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(f"(?:{_pattern})\\Z"),
        [character if character != "\0" else "" for character in _first],
    )


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


_Loader.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.SafeLoader.yaml_constructors.items()
    if tag is not None and tag.rpartition(":")[2] in _STANDARD
}
_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_checked_mapping)
_Loader.add_constructor(None, _Loader.refuse_tag)  # type: ignore[arg-type]


def parse_yaml(text: str) -> Any:
    """Parse one YAML document.

    Raises:
        YamlError: If it is not YAML, or more than a configuration needs to be.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        msg = f"it is larger than {MAX_BYTES // 1024} KB"
        raise YamlError(msg)
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        msg = f"{where}{reason}"
        raise YamlError(msg) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, YamlError):
            raise
        msg = f"it cannot be read: {error}"
        raise YamlError(msg) from None
    finally:
        if loader is not None:
            loader.dispose()
