"""Executors are plugins: found by entry point, loaded when used, and a bad one is told clearly."""

from __future__ import annotations

import pytest

import ttv_core
from ttv_core import BackendUnavailableError, ConfigurationError, PluginError
from ttv_core.factory import create_executor

GOOD = """
from ttv_core import Availability, BackendSettings

class Settings(BackendSettings):
    environment = {"address": ("FAR_ADDRESS",)}
    address: str = "nowhere"

class Far:
    name = "far"
    Settings = Settings
    def __init__(self, settings):
        self.settings = settings
    def availability(self, *, deep=False):
        return Availability(ok=True)
    def open(self):
        raise ZeroDivisionError
    def places(self, maker, plan):
        return 1
    def make(self, maker, plan, delivery, context):
        raise ZeroDivisionError
    def close(self):
        pass
"""


@pytest.fixture
def far(installed):
    """Install an executor `far`, and have this process see it."""

    def install(source=GOOD, distribution="ttv-far", value=None, **more):
        module = distribution.replace("-", "_")
        points = f"[ttv.executors]\nfar = {value or f'{module}:Far'}\n"
        installed.install(distribution, files={module: source}, entry_points=points, **more)
        installed.use()

    return install


def test_it_is_made_with_its_part_of_the_configuration(far, monkeypatch):
    far()
    monkeypatch.setenv("PLACE", "here")
    assert create_executor({}, "far").settings.address == "nowhere"
    config = {"executors": {"far": {"address": "${PLACE}"}, "other": {"key": "${NOT_SET}"}}}
    assert create_executor(config, "far").settings.address == "here"
    assert create_executor(config, "far@ttv-far").settings.address == "here"
    monkeypatch.setenv("FAR_ADDRESS", "there")
    assert create_executor(None, "far").settings.address == "there"
    with pytest.raises(ConfigurationError, match=r"executors\.far\.adress.*did you mean 'address'"):
        create_executor({"executors": {"far": {"adress": 1}}}, "far")
    with pytest.raises(ConfigurationError, match=r"executors\.far\.address.*NOT_SET"):
        create_executor({"executors": {"far": {"address": "${NOT_SET}"}}}, "far")


def test_an_unknown_one_lists_what_is_installed_and_what_can_be(far, tmp_path):
    far()
    for made in (
        lambda: create_executor({}, "rey"),
        lambda: ttv_core.generate_many([], output=tmp_path, executor="rey", config={}),
    ):
        with pytest.raises(BackendUnavailableError) as caught:
            made()
        assert caught.value.message == "there is no executor 'rey'; installed: far"
        assert caught.value.remedy == "pip install ttv-ray"


BROKEN = {
    "import": ("import nothing_of_the_kind", "ModuleNotFoundError"),
    "no class": ("Far = 3", "ttv_far:Far is no class"),
    "lacking": (GOOD.replace("def places", "def seats"), "it lacks places"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_one_says_why_and_what_mends_it(far, how):
    source, told = BROKEN[how]
    far(source)
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            create_executor({}, "far")
        assert caught.value.message.startswith("executor 'far' from ttv-far 1.0: ")
        assert told in caught.value.message
        assert "pip install --upgrade --force-reinstall ttv-far" in caught.value.remedy
        assert caught.value.backend is None


def test_one_for_another_core_is_incompatible(far):
    far(requires=["ttv-core>=99"])
    with pytest.raises(PluginError, match="it needs ttv-core>=99"):
        create_executor({}, "far")


def test_two_of_one_name_are_used_only_by_their_full_names(far):
    far()
    far(distribution="ttv-other")
    with pytest.raises(PluginError) as caught:
        create_executor({}, "far")
    assert "both bring an executor called 'far'; neither is used" in caught.value.message
    assert create_executor({}, "far@ttv-other").settings.address == "nowhere"


def test_a_disabled_one_is_not_imported(far, installed):
    far("import nothing_of_the_kind")
    manager = installed.use(TTV_DISABLE_PLUGINS="far")
    with pytest.raises(BackendUnavailableError, match="executor 'far' is disabled"):
        create_executor({}, "far")
    assert manager.executors()[0].status == "disabled"
    assert not installed.imported()


def test_it_is_in_nobodys_way(far, installed):
    """It is no backend, whatever it is called, and is not imported to list or to make videos."""
    far("import nothing_of_the_kind")
    manager = installed.use()
    assert manager.names() == set()
    assert manager.backends() == {}
    assert manager.find("far") is None
    assert not installed.imported()


def test_its_part_of_the_configuration_is_known(far):
    far()
    config = ttv_core.load_config({"executors": {"far": {}, "fat": {}}})
    assert config.unknown_keys() == {
        "executors.fat": "no executor 'fat' is installed; did you mean 'far'?"
    }
