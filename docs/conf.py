"""How the documentation is built: `nox -s docs`, or `sphinx-build -n -W docs docs/_build`."""

from __future__ import annotations

import sys
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.domains.python import PyObject

import ttv_core

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tools.site.docstrings import as_rst, public_name, with_types
from tools.site.pages import write_pages

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx

project = "ttv"
author = "The ttv developers"
copyright = "the ttv developers"  # noqa: A001 - Sphinx's name for it

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
exclude_patterns = ["_build", "tests", "generated/keys.md", "generated/remote-keys.md"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
maximum_signature_line_length = 88

smartquotes_action = "De"  # dashes and ellipses; quotes are often those of code

html_theme = "furo"
html_title = "ttv"
html_static_path = ["static"]
html_css_files = ["ttv.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

write_pages(HERE / "generated")


def read_docstring(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Turn a docstring of ours into what Sphinx reads, with the types of attributes."""
    del app, name, options
    typed = with_types(thing, lines) if what in {"class", "exception"} else list(lines)
    lines[:] = as_rst(typed)


def find_name(app: Sphinx, env: Any, node: pending_xref, contnode: Element) -> Element | None:
    """Lead a name to where it is documented; names of others are text, ours must be found."""
    if node.get("refdomain") != "py":
        return None
    found = public_name(str(node["reftarget"]))
    if found is None:
        return contnode
    where = node.get("refdoc", env.docname)
    domain = env.domains["py"]
    led = domain.resolve_xref(env, where, app.builder, "obj", found, node, contnode)
    # A method that a public class has from a private one is documented nowhere.
    inherited = found.count(".") > 1 and attrgetter(found.partition(".")[2])(ttv_core)
    return led or (contnode if inherited else None)


def left_out(app: Sphinx, what: str, name: str, thing: Any, skip: Any, options: Any) -> bool | None:
    """Leave out what pydantic adds."""
    del app, what, thing, skip, options
    return True if name == "model_config" else None


def setup(app: Sphinx) -> None:
    """Connect these, the first of them before napoleon."""
    app.connect("autodoc-process-docstring", read_docstring, priority=400)
    app.connect("autodoc-skip-member", left_out)
    app.connect("missing-reference", find_name)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
