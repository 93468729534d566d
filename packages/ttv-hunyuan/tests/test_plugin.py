"""What is said of the backend: the licence above all, and at no cost."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from ttv_core.testing import check_readme
from ttv_diffusers.testing.readme import check_needs
from ttv_hunyuan.generator import HunyuanGenerator
from ttv_hunyuan.official import HunyuanRepository
from ttv_hunyuan.plugin import ttv_backends
from ttv_hunyuan.settings import HunyuanSettings
from ttv_hunyuan.sizes import bucket

EXCLUDED = ("the European Union", "the United Kingdom", "South Korea")


def test_every_model_carries_the_licence_and_where_it_does_not_apply():
    settings = HunyuanSettings(hunyuan_dir=Path("/nowhere"))
    tables = (HunyuanGenerator().capabilities, HunyuanRepository.of(settings).models)
    for table in tables:
        for model in table.models:
            assert model.licence.excluded == EXCLUDED
            assert model.licence.name == "Tencent Hunyuan Community License"
            assert model.licence.as_of is not None


def test_the_readme_and_the_setup_say_so_too():
    (spec,) = ttv_backends()
    readme = metadata("ttv-hunyuan").get_payload()
    for place in EXCLUDED:
        assert place in spec.setup["help"]
        assert place in readme


def test_the_tables_of_the_readme_are_the_data():
    readme = Path(__file__).parents[1] / "README.md"
    check_readme(readme, HunyuanGenerator.models)
    check_needs(readme, HunyuanGenerator.recipes)


def test_listing_planning_and_asking_import_no_torch(tmp_path):
    code = f"""
import sys, ttv_core
for section in ({{}}, {{"hunyuan_video": {{"hunyuan_dir": {str(tmp_path)!r}}}}}):
    made = ttv_core.create_video_generator(section, "hunyuan", fallback_backends=())
    made.plan("a fox"), made.availability(), made.get_capabilities()
print(sorted({{"torch", "diffusers", "transformers", "av"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("shape", "base", "size"),
    [
        ((16, 9), 640, (848, 480)),
        ((9, 16), 640, (480, 848)),
        ((16, 9), 960, (1280, 720)),
        ((9, 16), 960, (720, 1264)),
        ((1, 1), 960, (960, 960)),
        ((4000, 100), 640, (1280, 320)),
        ((100, 4000), 640, (320, 1280)),
    ],
)
def test_sizes_are_those_of_the_authors_grid(shape, base, size):
    assert bucket(shape, base) == size


def test_sizes_are_those_that_diffusers_finds():
    import numpy as np
    from diffusers.pipelines.hunyuan_video1_5 import image_processor as theirs

    for base in (64, 640, 960):
        sizes = theirs.generate_crop_size_list(base, 16)
        ratios = np.array([round(float(tall) / float(wide), 5) for tall, wide in sizes])
        for wide in range(60, 200, 7):
            tall, across = theirs.get_closest_ratio(100, wide, ratios, sizes)[0]
            assert bucket((wide, 100), base) == (across, tall)
