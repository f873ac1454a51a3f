"""Every key of a TOML document is found in its line, however it is written."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy_lines import Path, lines_of


def test_keys_stand_where_they_are_written() -> None:
    text = """\
# [teams.no] "
[teams.soc] # a = 1
name = "S # O ] C"
members = [
  "a", 'b', # "c",

  "d",
]
[ "te ams" . 'x' ]
a.b."c.d" = { e = 1, f.g = [ [2], { h = "}" } ] }
[[rules]]
name = '''
[[rules]]
x = "1"'''
[[rules]]
name = \"""
\\\"\"\"\" # \"
x = 1979-05-27 07:32:00
[rules.inner]
y = true
[[rules.needs]]
[[rules.needs]]
z = -1
"""
    assert lines_of(text) == {
        ("teams",): 2,
        ("teams", "soc"): 2,
        ("teams", "soc", "name"): 3,
        ("teams", "soc", "members"): 4,
        ("teams", "soc", "members", 0): 5,
        ("teams", "soc", "members", 1): 5,
        ("teams", "soc", "members", 2): 7,
        ("te ams",): 9,
        ("te ams", "x"): 9,
        ("te ams", "x", "a"): 10,
        ("te ams", "x", "a", "b"): 10,
        ("te ams", "x", "a", "b", "c.d"): 10,
        ("te ams", "x", "a", "b", "c.d", "e"): 10,
        ("te ams", "x", "a", "b", "c.d", "f"): 10,
        ("te ams", "x", "a", "b", "c.d", "f", "g"): 10,
        ("te ams", "x", "a", "b", "c.d", "f", "g", 0): 10,
        ("te ams", "x", "a", "b", "c.d", "f", "g", 0, 0): 10,
        ("te ams", "x", "a", "b", "c.d", "f", "g", 1): 10,
        ("te ams", "x", "a", "b", "c.d", "f", "g", 1, "h"): 10,
        ("rules",): 11,
        ("rules", 0): 11,
        ("rules", 0, "name"): 12,
        ("rules", 1): 15,
        ("rules", 1, "name"): 16,
        ("rules", 1, "x"): 18,
        ("rules", 1, "inner"): 19,
        ("rules", 1, "inner", "y"): 20,
        ("rules", 1, "needs"): 21,
        ("rules", 1, "needs", 0): 21,
        ("rules", 1, "needs", 1): 22,
        ("rules", 1, "needs", 1, "z"): 23,
    }


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from paths(inner, (*path, n))


WORDS = st.text(st.sampled_from("ab#[]{}=,.'\"\\ \n-"), max_size=5)
SPACES = st.sampled_from(["", " ", "\t"])
BREAKS = st.sampled_from(["", " ", "\n", " # ] } \" ' [x]\n", "\n\n"])


@st.composite
def written(draw: st.DrawFn, depth: int = 2) -> str:
    """A value, as somebody might write it down."""
    kind = draw(
        st.sampled_from(["basic", "literal", "long", "lines", "plain", *(["array", "table"] if depth else [])])
    )
    word = draw(WORDS)
    match kind:
        case "basic":
            return json.dumps(word)
        case "literal":
            return "'" + word.replace("'", "").replace("\n", "") + "'"
        case "long":
            return (
                '"""'
                + word.replace("\\", "\\\\").replace('"', '\\"')
                + draw(st.sampled_from(["", '"', '""']))
                + '"""'
            )
        case "lines":
            return "'''" + word.replace("'", "") + draw(st.sampled_from(["", "'", "''"])) + "'''"
        case "array":
            items = draw(st.lists(written(depth - 1), max_size=3))
            return "[" + "".join(f"{draw(BREAKS)}{item}{draw(BREAKS)}," for item in items) + draw(BREAKS) + "]"
        case "table":
            items = draw(st.lists(written(depth - 1), max_size=2))
            pairs = (f"k{n}.{json.dumps(word)}{draw(SPACES)}={draw(SPACES)}{item}" for n, item in enumerate(items))
            return "{" + ", ".join(pairs) + draw(SPACES) + "}"
        case _:
            return draw(st.sampled_from(["1", "-2.5", "true", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00"]))


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["", "[t{}]", "[[a]]", "[[a.b]]", "[t{}.'x y']"]), written(), BREAKS)))
def test_no_key_and_no_entry_is_lost_and_each_first_stands_in_its_own_line(parts: list[tuple[str, str, str]]) -> None:
    text, expected = "", {}
    for n, (header, value, between) in enumerate(parts):
        text += between + "\n" + header.format(n) + "\n"
        expected[f"key{n}"] = text.count("\n") + 1
        text += f"key{n} = {value}"
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # [[a.b]] before [[a]], for one
    found = lines_of(text)
    assert set(found) == set(paths(document))
    assert {path[-1]: line for path, line in found.items() if str(path[-1]).startswith("key")} == expected
