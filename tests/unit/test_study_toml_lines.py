from __future__ import annotations

import tomllib

from bonemetrics.study.toml_lines import key_lines

TEXT = '''\
# a comment with [brackets] and key = 1
top = 1
[study]            # comment
id = "A # no comment"
title = """
key = "not a key"
[not.a.table]
"""
path = 'C:\\raw'

[[visits]]
name = "one"
window = [
  1,  # first
  2,
]
[[visits]]
name = "two"
windows.dxa = [3, 4]
"quoted key" = { a = 1, b.c = [ { d = 2 }, { d = 3 } ] }
[visits.extra]
deep = true
[[phantoms]]
[[phantoms.rods]]
density = 0
[[phantoms.rods]]
density = 1
[[phantoms]]
[[phantoms.rods]]
density = 2
[a."b.c"]
d = \'\'\'
x = 1\'\'\'
e = 2016-04-03
'''


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [path, *(found for key, inner in value.items() for found in paths_of(inner, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for number, inner in enumerate(value) for found in paths_of(inner, (*path, number)))]
    return [path]


def test_key_lines__finds_every_key_on_its_own_line():
    lines = key_lines(TEXT)
    expected = {
        ("top",): 2,
        ("study",): 3,
        ("study", "title"): 5,
        ("study", "path"): 9,
        ("visits", 0): 11,
        ("visits", 0, "window"): 13,
        ("visits", 0, "window", 1): 15,
        ("visits", 1): 17,
        ("visits", 1, "windows", "dxa"): 19,
        ("visits", 1, "quoted key", "b", "c", 1, "d"): 20,
        ("visits", 1, "extra", "deep"): 22,
        ("phantoms", 0, "rods", 1, "density"): 27,
        ("phantoms", 1, "rods", 0, "density"): 30,
        ("a", "b.c", "d"): 32,
        ("a", "b.c", "e"): 34,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_key_lines__knows_exactly_the_paths_that_tomllib_reads():
    assert set(key_lines(TEXT)) == set(paths_of(tomllib.loads(TEXT)))


def test_key_lines__counts_windows_line_ends_once():
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = 2\r\n") == {(): 1, ("a",): 1, ("b",): 3, ("b", "c"): 4}


def test_key_lines__takes_strings_with_escapes_and_quotes():
    text = 'a = "x \\" = # ["\nb = """one "" two \\"""\nc = 1"""\n"k\\"q" = 2\nd = 3\n'
    assert key_lines(text) == {(): 1, ("a",): 1, ("b",): 2, ('k"q',): 4, ("d",): 5}
    assert set(tomllib.loads(text)) == {"a", "b", 'k"q', "d"}
