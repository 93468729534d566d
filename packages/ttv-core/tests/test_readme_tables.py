"""A backend's README tells what its data says."""

from __future__ import annotations

import pytest

from ttv_core import Capabilities
from ttv_core.testing import check_readme, models_table

TABLE = Capabilities.model_validate(
    {
        "backend": "acme",
        "kind": "remote",
        "models": [
            {
                "id": "acme-2",
                "status": "preview",
                "modes": ["text_to_video", "image_to_video"],
                "durations": [5, 10],
                "canvas": {"aspect_ratios": ["16:9"], "resolutions": ["720p", "1080p"]},
                "audio": "optional",
                "prices": [
                    {"basis": "second", "amount": "0.2", "when": {"resolution": ["1080p"]}},
                    {"basis": "second", "amount": "0.1", "as_of": "2026-11-20"},
                    {"basis": "image", "amount": "0.04", "free": 5},
                ],
            },
            {"id": "acme-1", "status": "retired", "successor": "acme-2"},
        ],
    }
)


def test_every_model_has_a_row():
    row = "| `acme-2` (preview) | text, image | 5, 10 | 16:9 in 720p, 1080p | on request | "
    assert models_table(TABLE).splitlines() == [
        "| model | from | seconds | pictures | sound | price in US dollars |",
        "| --- | --- | --- | --- | --- | --- |",
        f"{row}0.2/s with resolution 1080p; 0.1/s (2026-11-20); 0.04 a picture, the first 5 free |",
        "",
        "Retired: `acme-1`, now `acme-2`.",
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"frames": {"minimum": 5, "step": 4, "offset": 1}}, "5 or more, as 4k+1 frames"),
        ({"frames": [49], "fps": 24}, "49 frames at 24 fps"),
        (
            {
                "frames": {"minimum": 1, "maximum": 81, "default": 33},
                "fps": {"maximum": 60, "default": 16},
            },
            "1 to 81 frames, usually 33 at 16 fps",
        ),
        ({"frames": [49], "fps": [16, 24]}, "49 frames at 16, 24 fps"),
        ({}, "not documented"),
    ],
)
def test_a_length_in_frames_is_not_told_as_seconds(facts, said):
    table = Capabilities.model_validate(
        {"backend": "acme", "kind": "remote", "models": [{"id": "acme-3", **facts}]}
    )
    assert models_table(table).splitlines()[-1].split(" | ")[2] == said


def test_a_readme_that_says_something_else_is_found_and_can_be_written(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text("# acme\n<!-- models -->\nold\n<!-- /models -->\nmore\n")
    with pytest.raises(AssertionError, match="TTV_WRITE_README=1"):
        check_readme(readme, TABLE)
    monkeypatch.setenv("TTV_WRITE_README", "1")
    check_readme(readme, TABLE)
    monkeypatch.delenv("TTV_WRITE_README")
    check_readme(readme, TABLE)
    assert readme.read_text().startswith("# acme\n<!-- models -->\n| model |")
    assert readme.read_text().endswith("<!-- /models -->\nmore\n")


def test_a_readme_without_a_place_for_it_is_told(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# acme\n")
    with pytest.raises(AssertionError, match="has no <!-- models -->"):
        check_readme(readme, TABLE)
