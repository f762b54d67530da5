"""Any sequence of operations on any engine does what it does to a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from lamplighter.errors import VersionConflict
from lamplighter.store.table import ANY, NEW, Delete, Expect, Item, Put, Store, Write

Key = tuple[str, str, str]

letters = st.sampled_from(["a", "b", "\0", "é", "\ud7ff", "\ue000", "\uffff", "\U0001f600", "\U0010ffff"])
texts = st.text(letters, min_size=1, max_size=3)
keys = st.tuples(st.sampled_from(["t", "u"]), st.sampled_from(["p", "é"]), texts)
scalars = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(max_size=5)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3), max_leaves=6)
datas = st.dictionaries(st.text(min_size=1, max_size=3), values, max_size=3)
conditions = st.sampled_from(["any", "any", "new", "right", "right", "wrong"])
writes = st.tuples(keys, conditions, st.none() | datas)


class Model(RuleBasedStateMachine):
    """A store beside a dict of (version, data) by key."""

    open_store: Callable[[], Store]
    most: int
    """Writes of one transaction."""
    utf16: bool
    """Whether the two ends of a range are compared by UTF-16, before anything is looked for (dynalite)."""

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).open_store()
        self.items: dict[Key, tuple[int, dict[str, Any]]] = {}

    def teardown(self) -> None:
        self.store.close()

    def version(self, key: Key) -> int | None:
        return self.items[key][0] if key in self.items else None

    def expect(self, key: Key, condition: str) -> tuple[Expect, bool]:
        """The condition for this key as it is now, and whether it holds."""
        version = self.version(key)
        match condition:
            case "any":
                return ANY, True
            case "new":
                return NEW, version is None
            case "right":
                return (NEW, True) if version is None else (version, True)
            case _:
                return (version or 0) + 1, False

    def change(self, key: Key, data: dict[str, Any] | None) -> None:
        if data is None:
            self.items.pop(key, None)
        else:
            self.items[key] = ((self.version(key) or 0) + 1, data)

    def item(self, key: Key) -> Item | None:
        return Item(key[1], key[2], self.items[key][1], self.items[key][0]) if key in self.items else None

    @rule(write=writes)
    def write_one(self, write: tuple[Key, str, dict[str, Any] | None]) -> None:
        key, condition, data = write
        expect, holds = self.expect(key, condition)
        try:
            if data is None:
                self.store.delete(*key, expect=expect)
            else:
                assert self.store.put(*key, data, expect=expect).version == (self.version(key) or 0) + 1
        except VersionConflict:
            assert not holds
        else:
            assert holds
            self.change(key, data)
        assert self.store.get(*key) == self.item(key)

    @rule(chosen=st.lists(writes, max_size=5, unique_by=lambda write: write[0]))
    def transact(self, chosen: list[tuple[Key, str, dict[str, Any] | None]]) -> None:
        chosen = chosen[: self.most]
        expects = [self.expect(key, condition) for key, condition, _ in chosen]
        made: list[Write] = [
            Delete(*key, expect) if data is None else Put(*key, data, expect)
            for (key, _, data), (expect, _) in zip(chosen, expects, strict=True)
        ]
        try:
            self.store.transact(made)
        except VersionConflict as error:
            failed = [key for (key, _, _), (_, holds) in zip(chosen, expects, strict=True) if not holds]
            named = error.message.startswith("/".join(failed[0]) + ": ")
            assert named
        else:
            assert all(holds for _, holds in expects)
            for key, _, data in chosen:
                self.change(key, data)

    @rule(chosen=st.lists(st.tuples(keys, datas), max_size=5))
    def put_many(self, chosen: list[tuple[Key, dict[str, Any]]]) -> None:
        self.store.put_many(Put(*key, data) for key, data in chosen)
        for key, data in chosen:
            self.change(key, data)

    @rule(chosen=st.lists(keys, max_size=5))
    def get_many(self, chosen: list[Key]) -> None:
        found = self.store.get_many("t", [key[1:] for key in chosen])
        assert found == {key[1:]: self.item(("t", *key[1:])) for key in chosen if ("t", *key[1:]) in self.items}

    @rule(
        partition=st.sampled_from(["p", "é"]),
        prefix=st.just("") | texts,
        after=st.none() | texts,
        descending=st.booleans(),
        limit=st.none() | st.integers(0, 4),
    )
    def query(self, partition: str, prefix: str, after: str | None, descending: bool, limit: int | None) -> None:
        if self.utf16 and prefix[-1:] == "\uffff":
            after = None
        found = self.store.query("t", partition, prefix=prefix, after=after, descending=descending, limit=limit)
        matching = sorted(
            (key for key in self.items if key[:2] == ("t", partition) and key[2].startswith(prefix)),
            key=lambda key: key[2].encode(),
            reverse=descending,
        )
        if after is not None:
            bound = after.encode()
            matching = [k for k in matching if (k[2].encode() < bound if descending else k[2].encode() > bound)]
        assert list(found) == [self.item(key) for key in matching[:limit]]

    @rule()
    def partitions(self) -> None:
        expected = {key[1] for key in self.items if key[0] == "t"}
        assert self.store.partitions("t") == sorted(expected, key=str.encode)


@pytest.mark.slow
def test_a_store_does_what_a_dict_does(
    new_store: Callable[[], Store], scale: int, request: pytest.FixtureRequest
) -> None:
    # dynalite has no transactions; one write alone is none.
    dynalite = request.node.callspec.params["new_store"] == "dynamodb-dynalite"
    about = {"open_store": staticmethod(new_store), "most": 1 if dynalite else 5, "utf16": dynalite}
    run_state_machine_as_test(
        cast("type[Model]", type("ModelOfEngine", (Model,), about)),
        settings=settings(max_examples=60 // scale, stateful_step_count=40 if scale == 1 else 20, deadline=None),
    )
