from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter.errors import StoreCorrupt
from lamplighter.store import rules

letters = st.sampled_from(["a", "b", "\0", "\ud7ff", "\ue000", "\U0010ffff"]) | st.characters(exclude_categories=["Cs"])
texts = st.text(letters, max_size=4)


@given(texts, st.none() | texts, st.booleans(), texts)
@example("\ud7ff", None, False, "\ue000")
@example("a\U0010ffff", None, True, "b")
@example("\U0010ffff", None, False, "\U0010ffff\U0010ffff")
def test_a_span_holds_exactly_what_is_asked_for(prefix: str, after: str | None, descending: bool, tail: str) -> None:
    first, end = rules.span(prefix, after, descending=descending)
    for key in {tail, prefix + tail, (after or "") + tail, prefix, prefix[:-1]} - {""}:
        inside = first.encode() <= key.encode() and (end is None or key.encode() < end.encode())
        beyond = after is None or (key.encode() < after.encode() if descending else key.encode() > after.encode())
        assert inside == (key.startswith(prefix) and beyond)


@given(st.dictionaries(texts.filter(bool), st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | texts))
def test_what_is_encoded_is_decoded(data: dict[str, bool | int | str | None]) -> None:
    text = rules.encode(dict(data))
    assert rules.decode(text, "t/p/s") == data
    assert rules.encode(rules.decode(text, "t/p/s")) == text


@pytest.mark.parametrize(
    "text", ["", "{", '{"a":1', "[1]", '"x"', "null", '{"a":1.5}', '{"a":NaN}', '{"a":1}x', "[" * 100_000]
)
def test_a_damaged_text_is_corrupt(text: str) -> None:
    with pytest.raises(StoreCorrupt, match=r"^t/p/s: stored data") as caught:
        rules.decode(text, "t/p/s")
    assert "backup" in caught.value.hint
