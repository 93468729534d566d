"""What classes say of their attributes, for people and programs."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

import ttv_core
import ttv_core.jobs
from ttv_core.described import attributes, fields, kind_of


class Basis(BaseModel):
    """Options of all.

    Attributes:
        steps: Denoising steps.
        folder: Where.
    """

    steps: int | None = Field(default=None, ge=1)
    folder: Path = Path("here")


class Options(Basis):
    """Options of one request.

    Attributes:
        mood: How it is to look, in the vendor's
            own words.
        steps: Fewer than of all.
    """

    mood: Literal["calm", "wild"]
    shots: Annotated[tuple[int, ...], Field(max_length=3)] = ()
    loop: bool = Field(default=False, description="Whether its end meets its beginning.")


def test_the_fields_of_a_model_with_what_its_docstrings_say():
    said = {field.name: field for field in fields(Options)}
    assert list(said) == ["steps", "folder", "mood", "shots", "loop"]
    assert said["mood"].to_dict() == {
        "name": "mood",
        "type": "'calm' | 'wild'",
        "required": True,
        "default": None,
        "description": "How it is to look, in the vendor's own words.",
    }
    assert (said["steps"].type, said["steps"].required) == ("int | None", False)
    assert said["steps"].description == "Fewer than of all."
    assert (said["folder"].default, said["folder"].description) == ("here", "Where.")
    assert (said["shots"].type, said["shots"].default) == ("tuple[int, ...]", [])
    assert said["loop"].description == "Whether its end meets its beginning."


def test_the_attributes_of_a_class_that_is_no_model():
    said = attributes(ttv_core.Violation)
    assert said["allowed"] == "What is allowed, in words; empty when nothing is."
    assert attributes(ttv_core.Violation, "Args") == {}


@pytest.mark.parametrize("module", [ttv_core.jobs, ttv_core.errors])
def test_a_module_that_names_its_contents_names_all(module):
    assert set(module.__all__) <= set(re.findall(r"\w+", module.__doc__))


def test_types_are_told_without_modules():
    asked = ttv_core.VideoRequest.model_fields
    assert kind_of(asked["on_unsupported"].annotation) == "'error' | 'adjust'"
    assert kind_of(asked["size"].annotation) == "tuple[int, int] | None"
