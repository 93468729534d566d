"""Plugins that were written for an earlier plugin API go on working, as long as they are let."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ttv_core
from ttv_core import InvalidInputError, PluginError

HERE = Path(__file__).parent
BACKENDS = ("frozen", "frozen-five", "frozen-local")


def test_each_is_loaded_and_described(frozen):
    manager = frozen.use()
    assert manager.names() == {*BACKENDS, "frozen-vendor"}
    for record in manager.records:
        assert manager.load(record).status == "loaded", record.reason
        if record.name in BACKENDS:
            manager.generator(record)
    spec = manager.find("frozen-vendor").spec
    assert (spec.name, spec.summary, spec.kind) == ("frozen", "A vendor of version 1", "remote")
    assert (spec.priority, spec.config_section) == (3, "frozen_section")
    assert list(spec.legacy_keys) == ["frozen_dir", "frozen_steps"]
    assert spec.setup["env"] == ["FROZEN_API_KEY"]
    local = manager.find("frozen-local").spec
    assert (local.priority, local.config_section, dict(local.setup)) == (0, None, {})


def test_each_makes_a_video(frozen, vendor, state, tmp_path):
    asked = {"duration": 1, "config": vendor.config}
    for name in BACKENDS:
        output = tmp_path / f"{name}.mp4"
        made = ttv_core.generate("a fox", backend=name, output=output, **asked)
        assert (made.path, made.width, made.height, made.duration) == (output, 64, 36, 1.0)
        assert made.backend == name
    assert vendor.accepted == 1


def test_options_settings_and_older_keys_reach_them(frozen):
    fields = {"duration": 1, "options": {"frozen-local": {"grey": 7}}}
    assert ttv_core.plan("a fox", backend="frozen-local", **fields).native["grey"] == 7
    config = {"backends": {"frozen-local": {"grey": 9}}, "frozen_dir": "/opt/x", "frozen_steps": 4}
    assert ttv_core.plan("a fox", backend="frozen-local", config=config).native["grey"] == 9
    made = ttv_core.create_video_generator(config, "frozen")
    assert (made.settings.frozen_dir, made.settings.frozen_steps) == ("/opt/x", 4)
    plan = ttv_core.plan("a fox", backend="frozen", duration=5, config=config)
    assert (str(plan.cost), plan.native) == ("$0.50", {"text": "a fox", "seconds": 5.0})


def test_their_policies_are_asked_and_told(frozen, vendor, state, tmp_path):
    with pytest.raises(InvalidInputError, match="no logos, says the house style"):
        ttv_core.generate("a Logo", backend="frozen-local", output=tmp_path / "x.mp4")
    output = tmp_path / "auto.mp4"
    config = vendor.config | {"prefer_local_when_available": False}
    made = ttv_core.generate("a fox", duration=1, output=output, config=config)
    assert made.backend != "frozen"  # the dearest goes last, says their ranking
    import ttv_frozen.policy

    assert (made.backend, made.job_id, "completed") in {
        event[:3] for event in ttv_frozen.policy.heard
    }


@pytest.mark.parametrize("current", [2, 3])
def test_they_are_let_for_one_version_more_and_then_refused_alone(site, monkeypatch, current):
    shutil.copytree(HERE / "plugins" / "api1", site.folder, dirs_exist_ok=True)
    site.backend("new", spec=f"api_version={current}")
    monkeypatch.setattr("ttv_core.hookspecs.API_VERSION", current)
    manager = site.manager()
    assert manager.load(manager.find("new")).status == "loaded"
    # One of them says its version, the other says nothing, as all could while there was but one.
    for name in ("frozen", "frozen-local"):
        record = manager.find(name)
        if current == 2:
            assert manager.load(record).status == "loaded"
            continue
        with pytest.raises(PluginError, match="written for plugin API 1; this core has 2 or 3"):
            manager.load(record)
        assert record.remedy == "pip install --upgrade ttv-frozen ttv-core"
