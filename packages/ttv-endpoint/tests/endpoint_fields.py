"""The fields of the three servers, in the kinds that each takes; anything else is refused."""

from __future__ import annotations

import base64
import email
import json
import re


def form_of(kind, raw):
    """Return the fields of a form, files as (bytes, type); None if it is no multipart form."""
    if not kind.startswith("multipart/form-data"):
        return None
    parts = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw)
    fields = {}
    for part in parts.get_payload():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        fields[name] = (
            (data, part.get_content_type()) if part.get_filename() else data.decode("utf-8")
        )
    return fields


def whole(text):
    """Read a whole number out of a form."""
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(text)
    return int(text)


def truth(text):
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def file(value):
    data, kind = value
    if not data.startswith((b"\x89PNG", b"\xff\xd8")) or not kind.startswith("image/"):
        raise ValueError(kind)
    return data


def text(value):
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def number(value):
    """Take a whole number of JSON."""
    if type(value) is not int:
        raise TypeError(value)
    return value


def real(value):
    if type(value) not in {int, float}:
        raise TypeError(value)
    return float(value)


def flag(value):
    if type(value) is not bool:
        raise TypeError(value)
    return value


def mapped(value):
    if type(value) is not dict:
        raise TypeError(value)
    return value


def data_uri(value):
    """Take a picture within JSON, or its address."""
    if value.startswith("https://"):
        return b""
    head, _, data = value.partition(";base64,")
    if not head.startswith("data:image/"):
        raise ValueError(value)
    return file((base64.b64decode(data, validate=True), head[5:]))


_SIZES = {"width": whole, "height": whole, "num_frames": whole, "fps": float, "seed": whole}
_GUIDANCE = {
    "num_inference_steps": whole,
    "guidance_scale": float,
    "guidance_scale_2": float,
    "true_cfg_scale": float,
}


OMNI_FORM = {
    **_SIZES,
    **_GUIDANCE,
    "prompt": text,
    "negative_prompt": text,
    "model": text,
    "seconds": text,
    "boundary_ratio": float,
    "flow_shift": float,
    "generate_sound": truth,
    "extra_params": json.loads,
    "image_reference": json.loads,
    "input_reference": file,
}


_JSON = {
    "prompt": text,
    "negative_prompt": text,
    "model": text,
    "num_frames": number,
    "fps": number,
    "seconds": number,
    "seed": number,
    "num_inference_steps": number,
    "guidance_scale": real,
    "guidance_scale_2": real,
    "true_cfg_scale": real,
    "reference_url": data_uri,
}


SGLANG_JSON = {
    **_JSON,
    "width": number,
    "height": number,
    "flow_shift": real,
    "enhance_prompt": flag,
    "extra_params": mapped,
}
SGLANG_FORM = {
    **_SIZES,
    **_GUIDANCE,
    "fps": whole,
    "seconds": whole,
    "prompt": text,
    "negative_prompt": text,
    "model": text,
    "flow_shift": float,
    "enhance_prompt": truth,
    "extra_params": json.loads,
    "reference_url": data_uri,
    "input_reference": file,
}
FASTVIDEO_JSON = {**_JSON, "size": text}
