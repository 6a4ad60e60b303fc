"""Write docs/codes.md from the library's own tables: `python docs/make_codes.py`."""

from __future__ import annotations

from pathlib import Path

from bonemetrics.errors import NOTES, all_error_codes

HEAD = """# Codes

Every refusal and every note has a stable code. A refusal means that there is no number; a note stands on the number
and travels with it into `density_notes.csv`. Scripts may rely on the codes: none is ever renamed or given another
meaning. This page is written by `python docs/make_codes.py`.
"""


def page() -> str:
    """The text of docs/codes.md."""
    parts = [HEAD]
    for title, table in (("Refusals", all_error_codes()), ("Notes", NOTES)):
        rows = [f"| `{code}` | {meaning.replace('|', '/')} |" for code, meaning in sorted(table.items())]
        parts.append("\n".join([f"\n## {title}\n", "| code | meaning |", "|---|---|", *rows, ""]))
    return "".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "codes.md").write_text(page(), encoding="utf-8")
