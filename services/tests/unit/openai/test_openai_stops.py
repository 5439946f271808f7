"""Stop texts: nothing past one is ever sent, however the answer is cut into pieces."""

from itertools import pairwise

import pytest
from gateway.openai.stops import StopFilter
from hypothesis import given
from hypothesis import strategies as st

ALPHABET = st.text(alphabet="ab<>", max_size=24)


def run(pieces: list[str], stops: list[str]) -> tuple[list[str], bool]:
    filtered = StopFilter(stops)
    sent: list[str] = []
    for piece in pieces:
        text, stopped = filtered.feed(piece)
        sent.append(text)
        if stopped:
            return sent, True
    return [*sent, filtered.end()], False


@pytest.mark.parametrize(
    ("pieces", "stops", "text", "stopped"),
    [
        (["a", "b"], [], "ab", False),
        (["one STOP two"], ["STOP"], "one ", True),
        (["one S", "TO", "P two"], ["STOP"], "one ", True),
        (["one ST", "art"], ["STOP"], "one STart", False),
        (["one ST"], ["STOP"], "one ST", False),
        (["SSTOP"], ["STOP"], "S", True),
        (["S", "S", "T", "O", "P"], ["STOP"], "S", True),
        (["aab"], ["ab", "aab"], "", True),
        (["x<", "|e", "nd|>y"], ["<|end|>", "</s>"], "x", True),
        (["é", "\n", "\nb"], ["\n\n"], "é", True),
    ],
)
def test_examples(pieces: list[str], stops: list[str], text: str, stopped: bool) -> None:
    sent, ended = run(pieces, stops)
    assert ("".join(sent), ended) == (text, stopped)


def test_a_piece_that_begins_no_stop_is_sent_at_once() -> None:
    assert StopFilter(["STOP"]).feed("hello") == ("hello", False)


@given(
    text=ALPHABET,
    cuts=st.lists(st.integers(0, 24), max_size=6),
    stops=st.lists(st.text(alphabet="ab<>", min_size=1, max_size=4), max_size=4),
)
def test_pieces_do_not_matter(text: str, cuts: list[int], stops: list[str]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[low:high] for low, high in pairwise(edges)]
    sent, stopped = run(pieces, stops)
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    assert stopped == bool(ends)
    assert "".join(sent) == (text[: min(ends)[1]] if ends else text)
