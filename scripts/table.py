"""Aligned columns of plain text, for people and for `awk` alike."""

from collections.abc import Sequence

from scripts.plain import plain


def lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Pad every column to its widest cell, two spaces apart."""
    table = [headers, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headers))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
