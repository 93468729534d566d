"""Read YAML as people mean it, and refuse what only an attacker writes.

Plain YAML 1.1 reads `aspect_ratio: 16:9` as the number 969 and `on` as true. Scalars here follow
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema). Size, depth and the
number of aliases are bounded; tags, merge keys and duplicate keys are refused. No message quotes a
value: a password may well begin with `!` or `*`.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["MAX_BYTES", "YamlError", "parse_yaml"]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_ALIASES = 10

_STANDARD = "tag:yaml.org,2002:"


class YamlError(ValueError):
    """The text is not a configuration; says where and why."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader with YAML 1.2 scalars and bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self.aliases += 1
            if event.anchor not in self.anchors:
                raise _refusal(event, "an alias ('*…') of nothing; put the text in quotes")
            if self.aliases > MAX_ALIASES:
                raise _refusal(event, f"more than {MAX_ALIASES} aliases")
        elif getattr(event, "tag", None) is not None:
            raise _refusal(event, "a tag ('!…') is not allowed; put the text in quotes")
        if self.depth >= MAX_DEPTH:
            raise _refusal(event, f"nested more than {MAX_DEPTH} deep")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_whole_sequence(self, node: yaml.SequenceNode) -> list[Any]:
        return [self.construct_object(item, deep=True) for item in node.value]

    def construct_checked_mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _refusal(key_node, f"the key {key!r} is not text; put it in quotes")
            if key == "<<":
                raise _refusal(key_node, "the merge key '<<' is not part of YAML 1.2")
            if key in found:
                raise _refusal(key_node, f"the key {key!r} stands here twice")
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        text = str(self.construct_scalar(node))
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _refusal(at: yaml.Event | yaml.Node, reason: str) -> YamlError:
    mark: Any = at.start_mark
    return YamlError(f"line {mark.line + 1}: {reason}")


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        (
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
        ),
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(_STANDARD + _name, re.compile(f"(?:{_pattern})\\Z"), _first)

# Tags are refused where they are written; what is left comes from the resolvers above.
_Loader.yaml_constructors = {
    _STANDARD + "null": _Loader.construct_yaml_null,
    _STANDARD + "bool": _Loader.construct_yaml_bool,
    _STANDARD + "int": _Loader.construct_integer,
    _STANDARD + "float": _Loader.construct_yaml_float,
    _STANDARD + "str": _Loader.construct_yaml_str,
    _STANDARD + "seq": _Loader.construct_whole_sequence,
    _STANDARD + "map": _Loader.construct_checked_mapping,
}


def parse_yaml(text: str | bytes) -> Any:
    """Parse one YAML document.

    Args:
        text: The document; bytes are UTF-8, with or without a byte order mark.

    Raises:
        YamlError: If it is not YAML, or more than a configuration needs to be.
    """
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(content) > MAX_BYTES:
        msg = f"it is larger than {MAX_BYTES // 1024} KB"
        raise YamlError(msg)
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        return loader.get_single_data()
    except YamlError:
        raise
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except yaml.YAMLError as error:
        reason = _in_words(error)
    except ValueError:
        reason = "a number in it is too large"  # Python bounds the digits of an integer
    raise YamlError(reason)


def _in_words(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error).splitlines()[0]
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}: " if mark else ""
    text = ", ".join(part for part in (error.context, error.problem) if part)
    return where + re.sub(r"(handle|anchor) '[^']*'", r"\1", text)
