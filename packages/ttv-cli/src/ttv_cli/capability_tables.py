"""What one backend can do, as tables for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ttv_cli.tables import print_table
from ttv_cli.terminal import one_line, print_json, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ttv_core import Capabilities, ModelCapabilities, Price, Rule, VideoGenerator
    from ttv_core.described import Described

__all__ = ["show"]

_GIVEN = {"image": "picture given", "input_second": "second of a video given"}


def show(name: str, config_file: str | None, *, as_json: bool) -> int:
    """Print what a backend can do.

    Args:
        name: The backend.
        config_file: The configuration, from which its settings come.
        as_json: Whether to print the capabilities as they are, with the options.

    Raises:
        VideoGenerationError: If there is no such backend, or it is broken.
    """
    import ttv_core

    config = ttv_core.load_config(config_file)
    made = ttv_core.create_video_generator(config, name, fallback_backends=())
    said = made.get_capabilities()
    if isinstance(made, ttv_core.VideoGenerator):
        options = _own_options(made)
        if as_json:
            print_json(said | {"options": [option.to_dict() for option in options]})
            return 0
        _show(made.capabilities, name)
        _show_options(options)
    elif as_json:
        print_json(said)
    else:
        print_line(f"{one_line(name)} says of itself:")
        print_table(["", ""], list(said.items()), flexible=[1], indent=2)
    return 0


def _own_options(generator: VideoGenerator) -> list[Described]:
    """Return what a backend takes besides the fields that every request has."""
    from ttv_core.described import fields

    return [] if generator.Options is None else list(fields(generator.Options))


def _show(capabilities: Capabilities, name: str) -> None:
    gpu = " · needs a GPU" if capabilities.requires_gpu else ""
    print_line(one_line(f"{name} · {capabilities.kind}{gpu}"))
    for text in (*_home(name), *capabilities.notes):
        print_line(f"  {one_line(text)}")
    for model in capabilities.models:
        print_line()
        default = (
            " (default)" if model is capabilities.default and len(capabilities.models) > 1 else ""
        )
        print_line(one_line(f"{model.id}{default}{_status(model)}"))
        print_table(["", ""], list(_facts(model)), flexible=[1], indent=2)


def _show_options(options: Sequence[Described]) -> None:
    if not options:
        return
    print_line()
    print_line(one_line(f"options of a request, as in -O {options[0].name}=VALUE"))
    rows = [
        (each.name, each.type.removesuffix(" | None"), _left_out(each), each.description)
        for each in options
    ]
    print_table(["", "", "", ""], rows, flexible=[1, 3], indent=2)


def _left_out(option: Described) -> str:
    """Say what holds where an option is not given, as `-O` reads it."""
    if option.required:
        return "required"
    if option.default in (None, [], {}, ""):
        return ""
    text = option.default if isinstance(option.default, str) else json.dumps(option.default)
    return f"default {text}"


def _home(name: str) -> Iterator[str]:
    """Say where the backend comes from, and what it needs."""
    from importlib.metadata import PackageNotFoundError, metadata

    from ttv_core.plugins import default_manager

    record = default_manager().find(name)
    if record is None:
        return
    try:
        said = metadata(record.distribution)
        licence = said["License-Expression"] or said["License"] or "unknown"
    except PackageNotFoundError:
        licence = "unknown"
    yield f"{record.distribution} {record.version}, licence {licence}"
    if record.spec is not None:
        setup = record.spec.setup
        if variables := setup.get("env"):
            yield f"reads {', '.join(map(str, variables))}"
        yield from (str(setup[key]) for key in ("help", "url") if setup.get(key))


def _status(model: ModelCapabilities) -> str:
    if model.status == "ga":
        return ""
    since = f" {model.status_date}" if model.status_date else ""
    instead = f", use {model.successor}" if model.successor else ""
    return f" · {model.status}{since}{instead}"


def _facts(model: ModelCapabilities) -> Iterator[tuple[str, object]]:
    if model.summary:
        yield "makes", model.summary
    yield "modes", ", ".join(model.modes)
    yield from _lengths(model)
    canvas = model.canvas
    default = canvas.default or " ".join(
        part for part in (canvas.default_aspect_ratio, canvas.default_resolution) if part
    )
    yield "size", _with_default(canvas.describe(), default)
    yield from _inputs(model)
    limit = model.prompt
    unit = "UTF-16 units" if limit.unit == "utf16" else limit.unit
    most = f"at most {limit.maximum:,} {unit}" if limit.maximum else "length not said"
    yield "prompt", most if limit.required else f"{most}; may be empty with an image"
    yield "negative prompt", _support(model.negative_prompt)
    seed = model.seed.describe() if model.seed else "no"
    yield "seed", "unknown" if model.seed_unknown else seed
    yield "audio", model.audio
    if model.enhance_prompt != "never":
        yield "enhances prompt", model.enhance_prompt
    if model.n.only != 1:
        yield "videos at once", model.n.describe()
    yield from _combinations(model)
    if model.remote is not None:
        remote = model.remote
        said = {"progress": _support(remote.progress), "cancel": _support(remote.cancel)}
        yield "job", ", ".join(f"{key}: {value}" for key, value in said.items())
    for price in model.prices:
        yield "price", _price(price)
    if not model.prices:
        yield "price", "unknown"
    if model.licence is not None:
        yield "licence", model.licence.describe()
    for text in model.notes:
        yield "note", text


def _lengths(model: ModelCapabilities) -> Iterator[tuple[str, object]]:
    for key, numbers, unit in (
        ("duration", model.durations, " s"),
        ("frames", model.frames, ""),
        ("fps", model.fps, ""),
    ):
        if numbers is not None:
            told, default = numbers.describe(), numbers.default
            # The only choice there is needs no default.
            other = "" if default is None or told == f"{default:g}" else f"{default:g}"
            yield key, _with_default(f"{told}{unit}", other)
    if model.durations is None and model.frames is None:
        yield "duration", "unknown"


def _inputs(model: ModelCapabilities) -> Iterator[tuple[str, object]]:
    for role, limit in model.inputs.items():
        parts = [f"up to {limit.maximum}"] if limit.maximum > 1 else []
        parts.append(", ".join(limit.formats) or "formats not said")
        if limit.max_bytes is not None:
            parts.append(f"at most {_bytes(limit.max_bytes)}")
        if limit.min_edge is not None or limit.max_edge is not None:
            most = f"to {limit.max_edge}" if limit.max_edge is not None else "or more"
            parts.append(f"edges {limit.min_edge or 1} {most} pixels")
        if limit.max_pixels is not None:
            parts.append(f"at most {limit.max_pixels:,} pixels")
        if limit.urls:
            parts.append("or an https URL")
        yield role.replace("_", " "), "; ".join(parts)


def _combinations(model: ModelCapabilities) -> Iterator[tuple[str, object]]:
    for rule in model.rules:
        yield "rule", _rule(rule)
    for group in model.excludes:
        yield "rule", f"only one of {', '.join(group)}"
    for field, needed in model.requires.items():
        yield "rule", f"{field} needs {', '.join(needed)}"


def _rule(rule: Rule) -> str:
    text = f"{_conditions(rule.when)}: {_conditions(rule.then)}"
    return f"{text} ({rule.why})" if rule.why else text


def _conditions(fields: Mapping[str, tuple[Any, ...]]) -> str:
    return ", ".join(
        f"{field} {' or '.join(str(value) for value in values)}" for field, values in fields.items()
    )


def _price(price: Price) -> str:
    unit = "$" if price.currency == "USD" else f"{price.currency} "
    known = price.amount is not None
    per = _GIVEN.get(price.basis, price.basis)
    text = f"{unit}{price.amount} a {per}" if known else per
    if price.free:
        text += f", the first {price.free} free"
    if price.minimum is not None:
        text += f", at least {price.minimum}"
    if price.when:
        text += f", with {_conditions(price.when)}"
    said = ", ".join(str(part) for part in (price.source, price.as_of) if part)
    return f"{text} ({said})" if said else text


def _with_default(text: str, default: object) -> str:
    return f"{text}; {default} when nothing is asked" if default else text


def _bytes(count: int) -> str:
    """Return a limit in the unit in which it is a round number."""
    return f"{count // 10**6:,} MB" if count % 10**6 == 0 else f"{count / 1024**2:.4g} MiB"


def _support(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
