"""A negative prompt is heeded or refused, never dropped."""

from __future__ import annotations

import pytest

from ttv_diffusers import DiffusersGenerator


@pytest.mark.parametrize(
    ("name", "heeded"), [("hunyuan_t2v", False), ("hunyuan15_t2v", True), ("wan21_t2v", True)]
)
def test_what_a_pipeline_would_drop_is_refused(pipelines, name, heeded):
    made = DiffusersGenerator(model_dir=pipelines(name), device="cpu")
    plan = made.plan("a fox", negative_prompt="dogs")
    assert [violation.field for violation in plan.violations] == [
        "negative_prompt" for _ in range(not heeded)
    ]
