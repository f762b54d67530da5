from __future__ import annotations

import pytest
from tests.scheduler.conftest import HERE

from lamplighter.errors import AwsError, NotFound
from lamplighter.scheduler.fence import fenced


def test_errors_of_the_tree_pass() -> None:
    error = NotFound("gone")
    with pytest.raises(NotFound) as found, fenced("ec2-instance", HERE):
        raise error
    assert found.value is error


def test_anything_else_becomes_an_error_of_the_kind() -> None:
    with pytest.raises(AwsError) as found, fenced("ec2-instance", HERE):
        raise KeyError("State\nName")
    assert found.value.message == f"{HERE.key}: ec2-instance: unexpected KeyError: 'State\\nName'"
    assert (found.value.target, found.value.code) == (HERE.key, "KeyError")
    assert isinstance(found.value.__cause__, KeyError)
    assert "bug" in found.value.hint


def test_an_interrupt_is_no_error_of_the_kind() -> None:
    with pytest.raises(KeyboardInterrupt), fenced("ec2-instance", HERE):
        raise KeyboardInterrupt
