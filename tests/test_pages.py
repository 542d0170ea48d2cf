"""What the code writes into pages of `docs/` is true."""

import pytest

from tests.pages import DOCS, TABLES, page


@pytest.mark.parametrize("name", dict.fromkeys(file for file, _, _ in TABLES))
def test_a_page_has_the_tables_of_today(name: str) -> None:
    """`make docs` writes them."""
    assert page(name) == (DOCS / name).read_text("utf-8"), "run: make docs"
