from __future__ import annotations

import pytest

from lamplighter.notify.message import ascii_line, cut_to, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("a\r\nBcc: x@y", "a Bcc: x@y"),
        ("  two \t words\x00 ", "two words"),
        ("bell\x07 and \x1b[31mred", "bell and [31mred"),
        ("", ""),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("Größe: Łódź \N{EN DASH} fertig…", 99, "Gro?e: ?odz - fertig..."),
        ("日本 web", 99, "?? web"),
        ("x" * 99, 99, "x" * 99),
        ("x" * 100, 99, "x" * 96 + "..."),
        ("a\nb", 99, "a b"),
    ],
)
def test_a_line_of_ascii(text: str, limit: int, line: str) -> None:
    assert ascii_line(text, limit) == line


def test_what_is_cut_says_so_and_fits() -> None:
    text = "".join(f"line {n}: ü\n" for n in range(1000))
    cut = cut_to(text, 1000)
    assert len(cut.encode()) <= 1000
    kept, _, tail = cut.partition("\n[cut here: ")
    assert text.startswith(kept + "\n")
    assert int(tail.split()[0]) == len(text) - len(kept)
    assert cut_to("short", 1000) == "short"
    assert cut_to("ü" * 500, 1000) == "ü" * 500
    assert len(cut_to("ü" * 501, 1000).encode()) <= 1000
