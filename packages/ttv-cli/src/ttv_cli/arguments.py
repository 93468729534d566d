"""What the user typed, as the fields of a request."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ttv_core import Config, VideoRequest

__all__ = ["fields_of", "read_config", "read_prompt", "request_of"]

_LONGEST = 16 * 1024 * 1024
"""Bytes read for a prompt: far more than any prompt may have, far less than the memory."""


def read_config(file: str | None) -> Config:
    """Return the configuration that a command is to use."""
    from ttv_core import load_config

    return load_config(file)


def read_prompt(text: str | None) -> str | None:
    """Return the prompt: `-` stands for standard input, `@file` for a file, `@@` for an @."""
    if text is None or text.startswith("@@"):
        return text and text[1:]
    if text == "-":
        return _decoded(sys.stdin.buffer.read(_LONGEST), "standard input")
    if not text.startswith("@"):
        return text
    try:
        with Path(text[1:]).expanduser().open("rb") as file:
            return _decoded(file.read(_LONGEST), text[1:])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = (
            f"the prompt file {text[1:]!r} cannot be read: {reason} (@@ begins a prompt with an @)"
        )
        raise click.UsageError(msg) from error


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        msg = f"the prompt from {where} is not UTF-8 text"
        raise click.UsageError(msg) from error


def request_of(
    prompt: str | None, asked: Mapping[str, Any], backend: str | None, config: Config
) -> VideoRequest:
    """Return the request that the command line means.

    Args:
        prompt: As typed.
        asked: The request options by name; None and () are those not given.
        backend: The backend named by `--backend`.
        config: The configuration in use.

    Raises:
        InvalidInputError: If a value is not of its kind.
    """
    from ttv_core import VideoRequest

    return VideoRequest(**fields_of(read_prompt(prompt), asked, backend, config))


def fields_of(
    prompt: str | None, asked: Mapping[str, Any], backend: str | None, config: Config
) -> dict[str, Any]:
    """Return the fields of `VideoRequest` that were given, and no others."""
    fields = {name: value for name, value in asked.items() if value not in {None, ()}}
    if prompt is not None:
        fields["prompt"] = prompt
    if references := fields.pop("reference_image", ()):
        fields["reference_images"] = list(references)
    if pairs := fields.pop("option", ()):
        fields["options"] = _options(pairs, backend, config)
    if pairs := fields.pop("tag", ()):
        fields["tags"] = dict(_pair(pair, "--tag") for pair in pairs)
    return fields


def _options(
    pairs: Iterable[str], backend: str | None, config: Config
) -> dict[str, dict[str, Any]]:
    chosen = backend or os.environ.get("TTV_BACKEND") or config.default_backend
    options: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        key, text = _pair(pair, "--option")
        owner, _, name = key.rpartition(".")
        owner = owner or (chosen if chosen != "auto" else None) or ""
        if not owner:
            msg = f"--option {pair}: say whose it is, as in --option animatic.{pair}, or --backend"
            raise click.UsageError(msg)
        options.setdefault(owner.partition("@")[0], {})[name] = _value(text)
    return options


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        msg = f"{option} {text}: write it as key=value"
        raise click.UsageError(msg)
    return key.strip(), value


def _value(text: str) -> Any:
    """Read a value as JSON does (numbers, true, false, null, lists); the rest is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
