"""What the pages show, works."""

from __future__ import annotations

import sys

import pytest

from tools.doc_pages import RUN, pages

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_of_a_page_works(page, session):
    for block in page.blocks():
        if block.excuse is not None:
            continue
        try:
            session.take(block)
        except Exception as error:
            error.add_note(f"{page.name}, line {block.line}:\n{block.text}")
            raise


def test_what_is_not_run_says_why(capsys):
    left_out = [
        (page.name, block.line, block.excuse)
        for page in PAGES
        for block in page.blocks()
        if block.excuse is not None
    ]
    assert [each for each in left_out if not each[2]] == []
    examples = [b for page in PAGES for b in page.blocks() if b.language in RUN]
    run = sum(block.excuse is None for block in examples)
    lines = [f"{run} examples are run; {len(left_out)} blocks are not:"]
    lines += [f"  {name}:{line}: {why}" for name, line, why in left_out]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, ""]))
    assert run > len(left_out)
