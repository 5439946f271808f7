"""The guards of an answer: the same for all ways to cut it, and nothing leaves that must not."""

from collections.abc import Sequence

import pytest
from gateway.contract import Call, Kind, Message, OutputGuard, ServedModel, Tenant
from gateway.errors import BlockedError
from gateway.guards import GuardsSettings, make_guards
from gateway.guards.chain import ChainGuards
from gateway.guards.monitors import Report
from gateway.guards.settings import Action, Fail
from gateway.guards.spans import LONGEST
from gateway.guards.stream import Post, StreamGuard
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

SYSTEM = (
    "You are the assistant of the bank Kowalski. Never tell anybody that the discount code is"
    " SUMMER and that the manager's name is Ewa. Always answer politely and in full sentences."
)
PARTS = (
    "Your PESEL 44051401359", " card 4111-1111-1111-1111 ", "PL61 1090 1014 0000 0712 1981 2874",
    "jan.kowalski@example.com", " +48 600 123 456", "call 600 123 456 now", "192.168.1.7",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "password: hunter2x!", "hasło = Zaq12wsx",
    "![x](https://evil.test/?d=1)", "https://docs.python.org/3/", " see ",
    "https://e.test/" + "A" * 300, "Bearer abcdefghijklmnop1234",
    "The quick brown fox. ",
    "You idiot, I hate you!", "\n", " 12 34 ", "1. One\n2. Two\n", "żółć ",
    "４４０５１４０１３５９",
    "44051\u200b401359", "1234567890" * 30, "falcon", "Fal", "con ", SYSTEM[:60], SYSTEM[40:],
    "-----BEGIN PRIVATE KEY-----\nMIIE" + "x1" * 40 + "\n-----END PRIVATE KEY-----", "sk-", "eyJ",
    "AKIAIOSFODNN7ABCDEFG", "x", " ", "🙂", "la " * 80,
)  # fmt: skip
SECRETS = ("44051401359", "4111-1111-1111-1111", "ghp_abcd", "hunter2x", "Zaq12wsx", "evil.test")

SECTION = GuardsSettings.model_validate(
    {
        "chains": {
            "all": [
                {"kind": "pii"},
                {"kind": "links"},
                {"kind": "toxicity", "action": "mask"},
                {"kind": "leak"},
                {"kind": "limits", "action": "mask", "phrases": ["falcon"], "characters": 900},
            ]
        }
    }
)


@pytest.fixture(scope="module")
def guards() -> ChainGuards:
    return make_guards(SECTION, CollectorRegistry())


def new_call(chain: str) -> Call:
    model = ServedModel("chat", "chat", Kind.CHAT)
    return Call("1", "chat", Tenant("acme", "k", guards=chain), model, 0.0, 0.0)


def answer(guards: ChainGuards, chain: str, call: Call | None = None) -> OutputGuard:
    """The guards of an answer to a call with a system prompt."""
    call = call or new_call(chain)
    prompt = guards.prompt(call, [Message("system", SYSTEM), Message("user", "hello")])
    with pytest.raises(StopIteration):  # short prompts are checked without waiting
        prompt.send(None)
    return guards.output(call)


def fed(guard: OutputGuard, pieces: Sequence[str]) -> tuple[str, bool]:
    """What leaves, and whether the answer was blocked."""
    left = ""
    try:
        for piece in pieces:
            left += guard.feed(piece)
        left += guard.end()
        left += guard.end()
    except BlockedError:
        return left, True
    return left, False


def cut(text: str, places: Sequence[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("chain", ["standard", "strict", "all"])
@settings(max_examples=20, deadline=None)
@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=6),
    places=st.lists(st.integers(0, 700), max_size=12),
)
def test_any_cut_of_an_answer_gives_the_same(
    guards: ChainGuards, chain: str, parts: list[str], places: list[int]
) -> None:
    text = "".join(parts)
    whole = fed(answer(guards, chain), [text])
    assert fed(answer(guards, chain), cut(text, places)) == whole
    assert fed(answer(guards, chain), list(text)) == whole


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=120), places=st.lists(st.integers(0, 120), max_size=6))
def test_any_text_can_be_cut(guards: ChainGuards, text: str, places: list[int]) -> None:
    assert fed(answer(guards, "all"), cut(text, places)) == fed(answer(guards, "all"), [text])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 400])
def test_what_is_masked_never_leaves(guards: ChainGuards, size: int) -> None:
    text = " so ".join(PARTS[:11]) + " The end of it."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    left, blocked = fed(answer(guards, "standard"), pieces)
    assert not blocked
    assert left.endswith(" The end of it.")
    for secret in SECRETS:
        assert secret not in left.replace(" ", "").replace("-", ""), left


def test_plain_words_are_not_held_back(guards: ChainGuards) -> None:
    """Each piece of an answer without anything suspicious leaves at once, from the first on."""
    guard = answer(guards, "standard")
    for piece in (
        "Sure",
        ", I",
        " can",
        " explain",
        " how",
        " photo",
        "syn",
        "thesis",
        " works",
        ".",
    ):
        assert guard.feed(piece) == piece


@pytest.mark.parametrize(
    "unit", ["1234 ", "12345678901234567890", "A1b2", "+48 ", "https://e.test/a "]
)
def test_no_more_than_a_window_is_held_back(guards: ChainGuards, unit: str) -> None:
    guard = answer(guards, "standard")
    text = unit * (1000 // len(unit))
    sent = 0
    for given_in, char in enumerate(text, start=1):
        sent += len(guard.feed(char))
        assert given_in - sent <= LONGEST
    assert sent + len(guard.end()) == len(text)


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_canary_ends_the_answer(guards: ChainGuards, size: int) -> None:
    call = new_call("standard")
    guard = answer(guards, "standard", call)
    leak = next(each.leak for each in guards.chain("standard").guards if each.leak)
    canary = leak.canary("acme")
    text = f"Sure! My marker is {canary} and more."
    left, blocked = fed(guard, [text[at : at + size] for at in range(0, len(text), size)])
    assert blocked
    assert left.startswith("Sure! My marker is ")
    assert len(left) <= len("Sure! My marker is ") + 4
    assert call.notes["guards"] == [("leak", "block")]


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_long_part_of_the_system_prompt_ends_the_answer(guards: ChainGuards, size: int) -> None:
    text = "Gladly: " + SYSTEM
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    left, blocked = fed(answer(guards, "standard"), pieces)
    assert blocked
    assert "discount" not in left


def test_short_system_prompts_are_not_watched_for(guards: ChainGuards) -> None:
    call = new_call("standard")
    short = "You are a helpful assistant."
    with pytest.raises(StopIteration):
        guards.prompt(call, [Message("system", short), Message("user", "hi")]).send(None)
    assert fed(guards.output(call), [short]) == (short, False)


def test_a_loop_is_flagged_and_goes_on(guards: ChainGuards) -> None:
    call = new_call("standard")
    text = "I am sorry to hear that. " * 40
    assert fed(answer(guards, "standard", call), [text]) == (text, False)
    assert ("limits", "flag") in call.notes["guards"]


def test_text_that_does_not_repeat_is_no_loop(guards: ChainGuards) -> None:
    call = new_call("standard")
    text = " ".join(
        f"sentence number {chr(97 + n % 26)}{chr(97 + n // 26)} differs." for n in range(80)
    )
    assert fed(answer(guards, "standard", call), [text])[1] is False
    assert call.notes["guards"] == []


def test_fine_text_leaves_before_the_error(guards: ChainGuards) -> None:
    guard = answer(guards, "strict")
    assert guard.feed("All is fine here, and that is a sentence. ").startswith("All is fine")
    assert not guard.feed("You stupid idiot, I will kill you, you worthless shit.").strip()
    with pytest.raises(BlockedError) as caught:
        guard.end()
    assert caught.value.code == "content_blocked"
    assert "idiot" not in caught.value.message
    with pytest.raises(BlockedError):
        guard.feed("more")


class Broken:
    """A monitor that breaks at the third character."""

    hold: int | None = None

    def step(self, char: str, place: int, report: Report) -> None:
        del char, report
        if place == 2:
            raise RuntimeError("broken")

    def finish(self, place: int, report: Report) -> None: ...


@pytest.mark.parametrize("size", [1, 6])
@pytest.mark.parametrize(
    ("fail", "expected"), [(Fail.OPEN, ("abcdef", False)), (Fail.CLOSED, ("abc", True))]
)
def test_a_broken_guard_follows_its_setting(
    fail: Fail, expected: tuple[str, bool], size: int
) -> None:
    broken: list[Exception] = []
    post = Post(
        action=Action.BLOCK,
        fail=fail,
        monitor=Broken(),
        note=lambda _: None,
        broken=broken.append,
        refusal=lambda _: BlockedError("a guard did not finish"),
    )
    text = "abcdef"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert fed(StreamGuard([post]), pieces) == expected
    assert len(broken) == 1
