"""What the guides have readers write keeps the contract that they are told of."""

import os
import subprocess
import sys

from tools.doc_pages import pages

PARTS = ("class AcmeGenerator(", "class Acme(Simulator):", "class TestAcme(")


def test_the_backend_at_a_vendor_passes_the_whole_kit(tmp_path):
    (guide,) = (page for page in pages() if page.name == "docs/guides/backends.md")
    texts = [block.text for block in guide.blocks() if block.language == "python"]
    found = [next(text for text in texts if part in text) for part in PARTS]
    no_plugin = "    plugin = None  # it is in no package\n"
    (tmp_path / "acme_backend.py").write_text(found[0], encoding="utf-8")
    (tmp_path / "acme_vendor.py").write_text(found[1], encoding="utf-8")
    (tmp_path / "test_acme.py").write_text(
        "from acme_backend import AcmeGenerator\nfrom acme_vendor import Acme\n"
        f"{found[2].rstrip()}\n{no_plugin}",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("TTV_")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
