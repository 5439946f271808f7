"""What the verifiers see in a question."""

import string

import pytest
from cache_judgement import pairs
from gateway.cache.verify import Lexicon, contradict, differences, facts_of, is_volatile
from gateway.cache.verify.words import number, roman, stem, without_literals
from hypothesis import given
from hypothesis import strategies as st

LEXICON = Lexicon.with_synonyms()


def found(one: str, other: str, lexicon: Lexicon = LEXICON) -> list[str]:
    return differences(facts_of(one, lexicon), facts_of(other, lexicon), lexicon)


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("Which birds can fly?", "Which birds can't fly?", "negation"),
        ("I pay with a card, how?", "I pay without a card, how?", "negation"),
        ("What is 2 plus 2?", "What is 2 plus 3?", "number"),
        ("Who was Henry VIII?", "Who was Henry VII?", "number"),
        ("Name two birds", "Name three birds", "number"),
        ("Is 5 kg heavy?", "Is 5 mg heavy?", "unit"),
        ("What happens in May?", "What happens in June?", "date"),
        ("Who is Ada Lovelace?", "Who is Ada Byron?", "name"),
        ("What is the fastest car?", "What is a fast car?", "degree"),
        ("Who is the king?", "Who was the king?", "tense"),
        ("Who signs it?", "When is it signed?", "question"),
        ("How do I enable it?", "How do I disable it?", "polarity"),
        ("What does `ls -l` do?", "What does `ls -a` do?", "code"),
        ('What does "hi" mean?', 'What does "ho" mean?', "code"),
        ("Is my car insured?", "Is your car insured?", "person"),
        ("How do I bake bread?", "How do I bake rye bread?", "words"),
        ("How do I fly from Rome to Oslo?", "How do I fly from Oslo to Rome?", "direction"),
        ("Does a cat chase a dog?", "Does a dog chase a cat?", "direction"),
        ("What is tea?", "Co to jest tea?", "language"),
    ],
)
def test_a_difference_is_named(one: str, other: str, difference: str) -> None:
    assert difference in found(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What's 1,000 + 5?", "what is 1000 + 5"),
        ("When did World War II begin?", "When did the Second World War start?"),
        ("Is it 5 km away?", "Is it 5 kilometres away?"),
        ("How tall is the tower?", "What is the height of the tower?"),
        ("Please tell me how to bake bread.", "How can I bake bread?"),
        ("What is the capital of Poland?", "Poland's capital"),
        ("How do I sort a list in Python?", "How to sort a Python list?"),
        ("Jaka jest stolica Francji?", "Podaj stolicę Francji"),
    ],
)
def test_other_words_for_the_same_are_the_same(one: str, other: str) -> None:
    assert found(one, other) == []


def test_words_of_ones_own_field_can_be_made_alike() -> None:
    one, other = "Where is my invoice?", "Where is my bill?"
    assert found(one, other) == ["words"]
    assert found(one, other, Lexicon.with_synonyms([("invoice", "bill")])) == []


def test_a_group_of_synonyms_joins_those_that_it_touches() -> None:
    lexicon = Lexicon.with_synonyms([("big", "huge"), ("huge", "vast")])
    assert found("Is it large?", "Is it vast?", lexicon) == []


texts = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " .,?!'\"`§#-%żó"), max_size=80
)


@given(texts)
def test_any_text_is_the_same_as_itself(text: str) -> None:
    assert found(text, text) == []


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_the_comparison_and_it_has_no_direction(one: str, other: str) -> None:
    assert bool(found(one, other)) == bool(found(other, one))


def test_a_word_more_is_always_seen() -> None:
    for pair in pairs("development"):
        for extra in ("purple", "Zanzibar", "17", "never", "`x`"):
            assert found(pair.one, f"{pair.one.rstrip('?')} {extra}?"), (pair.one, extra)


def test_code_is_kept_to_the_letter() -> None:
    text = 'Does `a b` or os.path or --flag or C++ or x+=1 match "two words" in /etc/hosts?'
    _, literals = without_literals(text)
    assert literals == ("a b", "two words", "os.path", "--flag", "C++", "x+=1", "/etc/hosts")


@pytest.mark.parametrize("text", ["It's and/or TCP/IP, 24/7 (today).", "I don't, e.g. 5 km/h."])
def test_ordinary_text_is_no_code(text: str) -> None:
    assert without_literals(text)[1] == ()


@pytest.mark.parametrize(
    ("token", "form"),
    [("1,000", "1000"), ("3,5", "3.5"), ("007", "7"), ("19th", "#19"), ("0.50", "0.50")],
)
def test_numbers_have_one_form(token: str, form: str) -> None:
    assert number(token) == form


@pytest.mark.parametrize(
    ("token", "form"),
    [("II", "#2"), ("XIV", "#14"), ("XL", "#40"), ("I", ""), ("MIX", ""), ("V", "")],
)
def test_roman_numbers(token: str, form: str) -> None:
    assert roman(token) == form


@pytest.mark.parametrize(
    "forms",
    [
        "bake bakes baked baking",
        "run runs ran running",
        "create creates created creating",
        "open opens opened opening",
        "delete deleted deleting",
        "add adds added adding",
        "use uses used using",
        "city cities",
        "child children",
    ],
)
def test_forms_of_a_word_meet(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["plan plane", "car care", "bar bare", "univers universe"])
def test_other_words_do_not(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 2


@pytest.mark.parametrize("text", ["What time is it now?", "the latest news", "Pogoda jutro?"])
def test_what_depends_on_the_time_is_seen(text: str) -> None:
    assert is_volatile(text)


@pytest.mark.parametrize("text", ["What is a clock?", "Who was the first king?"])
def test_what_does_not_depend_on_the_time_is_not(text: str) -> None:
    assert not is_volatile(text)


@pytest.mark.parametrize(
    ("kept", "fresh", "contrary"),
    [
        ("Yes, it is.", "No, it is not.", True),
        ("Yes, it is.", "Yes, it certainly is.", False),
        ("There are 8 planets.", "There are 9 planets.", True),
        ("There are 8 planets.", "There are 8 planets, 4 of them of rock.", False),
        ("Whales are fish.", "Whales are not fish.", True),
        ("Whales are mammals.", "A mammal of the sea.", False),
    ],
)
def test_answers_that_cannot_both_be_right(kept: str, fresh: str, contrary: bool) -> None:
    assert contradict(kept, fresh, LEXICON) is contrary
