"""The checks of examples and links see what is wrong."""

from __future__ import annotations

import pytest

from tools import doc_links
from tools.doc_examples import Session, check_installs
from tools.doc_pages import Block, Page
from tools.workspace import ROOT


@pytest.fixture
def taken(tmp_path, monkeypatch):
    """Return a function that takes blocks, and the session's last output."""
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path, {"http://there": "http://here"})

    def take(language, text, **marks):
        return session.take(Block(language, text, 1, marks))

    take.session = session
    return take


def test_blocks_are_found_with_their_marks(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        "# Page\n<!-- vendors: runway, minimax -->\n\n<!-- not run: no GPU -->\n```sh\nttv x\n```\n"
        "text\n\n- a list\n\n  ```python\n  x = 1\n  ```\n<!-- output -->\n````text\n```\n````\n"
    )
    found = [(b.language, b.text, b.line, b.excuse) for b in Page(path).blocks()]
    assert found == [
        ("sh", "ttv x", 5, "no GPU"),
        ("python", "x = 1", 12, None),
        ("text", "```", 16, None),
    ]
    assert Page(path).vendors == ["runway", "minimax"]


def test_a_page_of_which_nothing_is_run(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        "<!-- nothing is run: no cluster -->\n```sh\nx\n```\n```yaml\ny\n```\n"
        "<!-- not run: no GPU -->\n```python\nz\n```\n"
    )
    assert [block.excuse for block in Page(path).blocks()] == ["no cluster", None, "no GPU"]


def test_a_command_that_fails_is_seen(taken):
    assert taken("sh", "true && echo done") == "run"
    with pytest.raises(AssertionError, match="exit code 3"):
        taken("sh", "exit 3\ntrue")
    with pytest.raises(AssertionError, match="exit code 1"):
        taken("sh", "false | true")
    assert taken("sh", "exit 3", exit="3") == "run"


def test_python_that_fails_is_seen_and_names_last_to_the_next_block(taken):
    taken("python", "x = 2")
    taken("python", "import asyncio\nawait asyncio.sleep(0)\nprint(x)")
    assert taken.session.printed == "2\n"
    with pytest.raises(NameError):
        taken("python", "y")


def test_output_is_held_against_what_was_printed(taken):
    taken("sh", "echo 'a  1'; echo b; echo c")
    assert taken("text", "a 1\n…\nc", output="") == "compared"
    with pytest.raises(AssertionError, match="it prints"):
        taken("text", "a 2\n…", output="")
    assert taken("text", "anything") is None


def test_what_is_exported_lasts_and_what_is_to_be_filled_in_is_not_taken(taken, monkeypatch):
    monkeypatch.setenv("FOO_KEY", "real")
    monkeypatch.setenv("BAR", "before")
    taken("sh", "export FOO_KEY=key_…   # from foo.example\nexport BAR=2")
    taken("sh", 'test "$FOO_KEY" = real && test "$BAR" = 2')
    taken("python", "import os\nassert os.environ['BAR'] == '2'")


def test_addresses_are_put_in(taken):
    taken("sh", "echo http://there/x")
    assert taken.session.printed == "http://here/x\n"


def test_a_wrong_configuration_is_seen_and_a_named_one_stays(taken):
    assert taken("yaml", "# ttv.yaml\ndefault_backend: animatic") == "checked"
    assert (taken.session.folder / "ttv.yaml").exists()
    with pytest.raises(AssertionError, match="captoins"):
        taken("yaml", "backends: {animatic: {captoins: true}}")
    with pytest.raises(ValueError, match="Invalid"):
        taken("toml", "a = = 1")


def test_a_block_that_is_a_file_is_written_and_checked(taken):
    assert taken("python", "# src/acme/plugin.py\nimport nothing") == "checked"
    assert taken("yaml", "# src/acme/models.yaml\nbackend: acme") == "checked"
    assert (taken.session.folder / "src/acme/plugin.py").read_text().endswith("nothing\n")
    with pytest.raises(SyntaxError):
        taken("python", "# x.py\nx =")
    with pytest.raises(ValueError, match="Invalid"):
        taken("toml", "# x.toml\na = = 1")


def test_packages_that_are_installed_exist():
    check_installs(["install", "ttv-cli", "ttv-core[media,remote]"])

    for wrong in ("ttv-clip", "ttv-core[medea]"):
        with pytest.raises(SystemExit):
            check_installs(["install", wrong])


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("https://example.com/x", ""),
        ("http://example.com", "https"),
        ("https://localhost", "https"),
        ("../README.md", ""),
        ("../README.md#make-a-backend", ""),
        ("../README.md#nowhere", "heading"),
        ("../nothing.md", "no such file"),
        ("/README.md", "leads out"),
        ("../../../../../../../etc/passwd", "leads out"),
        ("#here-and-there", ""),
    ],
)
def test_links(tmp_path_factory, target, wrong):
    path = ROOT / "docs" / "_build" / "page.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"# `Here` and there\n\n`[a](b)` [text]({target.replace('../', '../../', 1)})\n"
    )
    found = doc_links.problems(path)
    path.unlink()
    assert len(found) == bool(wrong)
    assert wrong in "".join(found)


def test_every_link_of_every_page():
    found = [wrong for path in doc_links.markdown_files() for wrong in doc_links.problems(path)]
    assert found == []
