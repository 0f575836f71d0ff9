"""The SQL of a search."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from consumer.storage.tables.search.tag_query import Page, TagQuery, search_statement

_text = st.text(min_size=1, max_size=20)


@given(
    st.builds(
        TagQuery,
        tags=st.lists(_text, max_size=3).map(tuple),
        category=st.none() | _text,
        min_confidence=st.floats(0, 1),
        text=st.none() | _text,
        limit=st.integers(1, 1000),
        after=st.none() | st.builds(Page, st.floats(0, 1), _text),
    )
)
def test_nothing_that_a_person_types_becomes_sql(query: TagQuery) -> None:
    """Every value is an argument, and there are as many arguments as placeholders."""
    statement, arguments = search_statement(query)
    placeholders = {int(number) for number in re.findall(r"\$(\d+)", statement)}
    assert placeholders == set(range(1, len(arguments) + 1))
    same_shape = TagQuery(
        tags=tuple("x" for _ in query.tags),
        category=None if query.category is None else "x",
        text=None if query.text is None else "x",
        after=None if query.after is None else Page(0.5, "x"),
    )
    assert statement == search_statement(same_shape)[0]


def test_wildcards_of_like_are_taken_literally() -> None:
    _, arguments = search_statement(TagQuery(text="50%_\\"))
    assert "%50\\%\\_\\\\%" in arguments
