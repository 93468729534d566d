"""What the vendor's own SDK says a body may be: read from its types, so independent of ours."""

from __future__ import annotations

import collections.abc
import types
from typing import Annotated, Any, Literal, Required, Union, get_args, get_origin

from runwayml.types import (
    image_to_video_create_params,
    text_to_video_create_params,
    video_to_video_create_params,
)
from typing_extensions import get_type_hints, is_typeddict

UNIONS = {
    "text_to_video": text_to_video_create_params.TextToVideoCreateParams,
    "image_to_video": image_to_video_create_params.ImageToVideoCreateParams,
    "video_to_video": video_to_video_create_params.VideoToVideoCreateParams,
}
PLAIN = {int: int, float: int | float, str: str, bool: bool}


def fields(kind):
    """Return the wire name, the type and whether it is needed, of each field of a TypedDict."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        needed = get_origin(hint) is Required
        inner = get_args(hint)[0] if needed else hint
        wire = name
        if get_origin(inner) is Annotated:
            inner, *notes = get_args(inner)
            wire = next((note.alias for note in notes if getattr(note, "alias", None)), name)
        yield wire, inner, needed


def _models():
    for endpoint, union in UNIONS.items():
        for kind in get_args(union):
            table = {wire: inner for wire, inner, _ in fields(kind)}
            yield (endpoint, get_args(table["model"])[0]), kind


MODELS = dict(_models())


def names(endpoint, model):
    """Return the needed and the other fields of a request, besides the model."""
    found = [(wire, needed) for wire, _, needed in fields(MODELS[endpoint, model])]
    needed = {wire for wire, must in found if must} - {"model"}
    return needed, {wire for wire, must in found if not must}


def problems(endpoint: str, body: Any) -> list[str]:
    """Return what is wrong with a body, as far as types can say it."""
    kind = MODELS.get((endpoint, body.get("model"))) if isinstance(body, dict) else None
    if kind is None:
        return [f"model: {body.get('model')} is none of {endpoint}"]
    return list(_wrong(kind, body, "body"))


def _wrong(kind, value, place):
    if is_typeddict(kind):
        yield from _wrong_mapping(kind, value, place)
        return
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        if all(list(_wrong(one, value, place)) for one in inner):
            yield f"{place}: {value!r} fits none"
    elif origin is Literal:
        if not any(value == one and type(value) is type(one) for one in inner):
            yield f"{place}: {value!r} is not one of {inner}"
    elif origin is collections.abc.Iterable:
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        for i, item in enumerate(value):
            yield from _wrong(inner[0], item, f"{place}.{i}")
    elif not _is_plain(kind, value):
        yield f"{place}: {value!r} is no {kind.__name__}"


def _is_plain(kind, value):
    right = isinstance(value, PLAIN.get(kind, object))
    return right and (kind not in PLAIN or isinstance(value, bool) is (kind is bool))


def _wrong_mapping(kind, value, place):
    if not isinstance(value, dict):
        yield f"{place}: no object"
        return
    known = {wire: (inner, needed) for wire, inner, needed in fields(kind)}
    for wire, (_, needed) in known.items():
        if needed and wire not in value:
            yield f"{place}.{wire}: missing"
    for name, item in value.items():
        if name in known:
            yield from _wrong(known[name][0], item, f"{place}.{name}")
        else:
            yield f"{place}.{name}: not known"
