"""YAML of stack files: what is refused with its line, and what is read as the engine reads it."""

import pytest

from infra.settings_yaml import read_yaml
from llm_platform.problems import InvalidInputsError


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"config:\n  - [a\n", "stack file: is no YAML: line 3, column 1: expected"),
        (b"config: \xff\n", "stack file: is not UTF-8: byte 9 cannot be read"),
        (b"a: 1\n---\nb: 2\n", "stack file: is no YAML: line 2, column 1: but found another"),
        (b"a: *nowhere\n", "stack file: is no YAML: line 1, column 4: found undefined alias"),
        (b"a: !!python/name:os.system\n", "stack file: is no YAML: line 1, column 4: could not"),
        (b"a: {[b]: 1}\n", "a: line 1: a key is no text"),
        (b"config:\n  a:b: 1\n  a:b: 2\n", "a:b: is given twice, in line 2 and in line 3"),
        (b"x:\n- k: 1\n  k: 2\n", "x[0].k: is given twice, in line 2 and in line 3"),
    ],
)
def test_what_is_refused_is_told_with_its_line(content: bytes, problem: str) -> None:
    with pytest.raises(InvalidInputsError) as raised:
        read_yaml(content)

    assert problem in str(raised.value)


def test_nothing_is_guessed() -> None:
    document = read_yaml(
        b"owner: no\nday: 2026-11-24\ntime: 1:30\nnumber: 12\nyes: true\nversion: 1.35\n1: x\nn:\n"
    )

    assert document == {
        "owner": "no",
        "day": "2026-11-24",
        "time": "1:30",
        "number": 12,
        "yes": True,
        "version": 1.35,
        "1": "x",
        "n": None,
    }


def test_what_is_shared_may_be_overridden() -> None:
    document = read_yaml(b"base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3\n")

    assert document["own"] == {"a": 1, "b": 3}


def test_an_empty_file_is_nothing() -> None:
    assert read_yaml(b"# only a comment\n") is None
