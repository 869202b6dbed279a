"""Which names look like one person's, which only seem to, and that thousands of them are no work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from vaultsync.tasks.lookalikes import Alike, Likeness, Name, folded_words, look_alikes

ANA = Name("Ana Ruiz", 5, fixed=True)


def found(*names: Name | str) -> dict[str, tuple[tuple[str, ...], Likeness]]:
    named = [Name(each) if isinstance(each, str) else each for each in names]
    return {each.name: (each.people, each.why) for each in look_alikes(named)}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("Ána Ruíz", Likeness.SPELLING, id="accents"),
        pytest.param("ANA RUIZ", Likeness.SPELLING, id="capitals"),
        pytest.param("Ana-Ruiz", Likeness.SPELLING, id="a hyphen"),
        pytest.param("Ana Ruiz.", Likeness.SPELLING, id="a full stop"),
        pytest.param("Ruiz Ana", Likeness.ORDER, id="turned around"),
        pytest.param("Ruiz, Ana", Likeness.ORDER, id="turned around with a comma"),
        pytest.param("Ana Ruiz Ruiz", Likeness.DOUBLED, id="the surname twice"),
        pytest.param("Ana R.", Likeness.INITIAL, id="the surname as an initial"),
        pytest.param("A. Ruiz", Likeness.INITIAL, id="the first name as an initial"),
        pytest.param("Ana", Likeness.FIRST_NAME, id="the first name alone"),
        pytest.param("ana", Likeness.FIRST_NAME, id="the first name in lower case"),
    ],
)
def test_a_name_written_otherwise_is_found(name: str, why: Likeness) -> None:
    assert found(ANA, name) == {name: (("Ana Ruiz",), why)}


@pytest.mark.parametrize(
    ("name", "slip"),
    [
        pytest.param("Tomer Hagay", "Tomer Haggay", id="a letter more"),
        pytest.param("Tomer Hagay", "Tomer Hgaay", id="two letters exchanged"),
        pytest.param("Katarina Oleander", "Katharina Oleandar", id="two slips in a long name"),
        pytest.param("Gunnarsdottir", "Gunarsdottir", id="one word"),
        pytest.param("Ana Ruiz", "Anna Ruiz", id="a letter twice in a short word"),
    ],
)
def test_a_slip_is_found_and_the_name_used_more_is_the_person(name: str, slip: str) -> None:
    assert found(Name(slip, 1), Name(name, 2)) == {slip: ((name,), Likeness.SLIP)}
    assert found(Name(slip, 1, fixed=True), Name(name, 2)) == {name: ((slip,), Likeness.SLIP)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mario Rossi", "Maria Rossi"),
        ("Daniel Ortega", "Daniela Ortega"),
        ("Jan Berg", "Jon Berg"),
        ("Bob", "Rob"),
        ("Petra", "Pedra"),
        ("Studio Alpha1", "Studio Alpha2"),
        ("Tomer Hagay", "Tobias Wren"),
        ("Ana Ruiz", "Ana Sol"),
    ],
)
def test_names_of_two_people_are_left_alone(one: str, other: str) -> None:
    assert found(one, other) == {}


def test_words_that_other_names_hold_as_well_are_no_slips_of_each_other() -> None:
    pair = ("Marlon Okafor", "Marlin Okafor")
    assert found(*pair)
    others = [f"{first} {last}" for first in ("Marlon", "Marlin") for last in ("Brinkhaus", "Tschudi", "Vance")]
    assert found(*pair, *others) == {}


def test_a_first_name_that_fits_two_people_is_told_with_both() -> None:
    people = (Name("Tomer Hagay", 3), Name("Tomer Katz", 2), Name("Tomer"))
    (alike,) = look_alikes(people)
    assert alike == Alike("Tomer", ("Tomer Hagay", "Tomer Katz"), Likeness.FIRST_NAME)
    assert not alike.is_certain


def test_two_spellings_of_one_person_count_as_one_for_a_first_name() -> None:
    assert found(Name("Tomer Hagay", 3), "Tomer Haggay", "Tomer")["Tomer"] == (("Tomer Hagay",), Likeness.FIRST_NAME)


def test_initials_that_fit_two_people_are_told_with_both() -> None:
    assert found("Ana Ruiz", "Ana Rolf", "Ana R.")["Ana R."] == (("Ana Rolf", "Ana Ruiz"), Likeness.INITIAL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jean-Paul Morel", "Jean Paul Morel"),
        ("Søren Bødker", "Soren Bodker"),
        ("Wojciech Łoś", "Wojciech Los"),
        ("Sean O'Neill", "Sean O’Neill"),
    ],
)
def test_a_transliteration_is_the_same_name(one: str, other: str) -> None:
    assert folded_words(one) == folded_words(other)
    assert len(found(one, other)) == 1


def test_an_alias_stands_for_its_person() -> None:
    person = Name("Ana Ruiz", 5, fixed=True, aliases=("Annie Ruizova",))
    assert found(person, "Annie Ruizzova") == {"Annie Ruizzova": (("Ana Ruiz",), Likeness.SLIP)}


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("other", ["Jonathan", "Jonathán", "Johnathan"])
def test_an_alias_of_two_people_makes_them_no_one_person(other: str, *, fixed: bool) -> None:
    ann = Name("Ann Wood", 1, fixed=fixed, aliases=("Jonathan",))
    karl = Name("Karl Berg", fixed=fixed, aliases=(other,))
    assert found(ann, karl) == {}


def test_a_name_spelt_as_an_alias_of_two_people_may_be_either() -> None:
    ann, karl = (Name(name, 1, fixed=True, aliases=("Sam",)) for name in ("Ann Wood", "Karl Berg"))
    assert found(ann, karl, "Sàm") == {"Sàm": (("Ann Wood", "Karl Berg"), Likeness.SPELLING)}


def test_two_people_with_notes_are_told_only_where_just_the_spelling_differs() -> None:
    assert found(ANA, Name("Ána Ruíz", 1, fixed=True))
    assert found(Name("Tomer Hagay", fixed=True), Name("Tomer Haggay", fixed=True)) == {}
    assert found(ANA, Name("Ana", fixed=True)) == {}


WORDS = st.sampled_from(
    ["Ana", "ana", "Ána", "A.", "Ruiz", "Ruis", "Ruizova", "Ruizowa", "Ruizovaa", "Jo", "O'Neill", "-"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(
    st.lists(st.builds(Name, NAMES, st.integers(0, 2), st.booleans()), max_size=12, unique_by=lambda name: name.text)
)
def test_nobody_is_their_own_look_alike_and_the_order_of_reading_makes_no_difference(names: list[Name]) -> None:
    alike = look_alikes(names)
    assert alike == look_alikes(names[::-1])
    joined = {each.name for each in alike if each.is_certain}
    for each in alike:
        assert each.people
        assert each.name not in each.people
        assert not joined & {*each.people}, "whoever is meant is nobody else's other name"


def test_five_thousand_names_are_never_compared_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    distance = OSA.distance

    def counted(one: str, other: str) -> int:
        nonlocal compared
        compared += 1
        return int(distance(one, other))

    monkeypatch.setattr(OSA, "distance", counted)
    syllables = ["ba", "re", "mi", "tor", "lan", "ke", "sho", "du", "ven", "ris"]
    numbers = [f"{number:04}" for number in range(5000)]
    surnames = ["".join(syllables[int(digit)] for digit in number) for number in numbers]
    alike = look_alikes([*(Name(f"Ana {each.title()}") for each in surnames), Name("Ana Barebarre"), Name("Ana B.")])
    assert compared < 20 * len(surnames)
    assert {each.name for each in alike} >= {"Ana Barebarre", "Ana B."}
