"""What a conformance class may set can be read without reading the kit."""

import pydoc
import re
import subprocess
import sys

import pytest

from ttv_core.testing import BackendConformance, LocalConformance, RemoteConformance, conformance

OF_THE_KIT = {"calls"}


@pytest.mark.parametrize("kind", [BackendConformance, LocalConformance, RemoteConformance])
def test_each_attribute_that_can_be_set_is_told(kind):
    declared = {name for cls in kind.__mro__ for name in vars(cls).get("__annotations__", {})}
    said = pydoc.render_doc(conformance, renderer=pydoc.plaintext)
    told = set(re.findall(r"^ {8}(\w+) +[A-Z]", said, re.MULTILINE))
    assert declared - OF_THE_KIT <= told


def test_the_description_still_begins_with_how_it_is_used():
    said = conformance.__doc__
    assert said.startswith("The contract of a backend as tests")
    assert said.index("class TestAcme") < said.index("`RemoteConformance` besides:")


def test_the_package_is_imported_without_pytest():
    code = "import sys, ttv_core.testing.conformance; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
