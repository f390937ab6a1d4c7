"""References: short, unique, read over the phone without mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.reference import ALPHABET, BadReference, position_of, reference_of

POSITIONS = st.integers(1, 31**7 - 1)


@given(POSITIONS)
def test_a_reference_leads_back_to_its_position(position: int) -> None:
    assert position_of(reference_of(position)) == position


@given(POSITIONS, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(position: int, index: int, letter: str) -> None:
    right = reference_of(position).replace("-", "")
    wrong = right[:index] + letter + right[index + 1 :]
    if wrong != right:
        with pytest.raises(BadReference):
            position_of(wrong)


@given(POSITIONS, st.integers(0, 7), st.integers(0, 7))
def test_two_swapped_characters_are_noticed(position: int, first: int, second: int) -> None:
    letters = list(reference_of(position).replace("-", ""))
    letters[first], letters[second] = letters[second], letters[first]
    swapped = "".join(letters)
    if swapped != reference_of(position).replace("-", ""):
        with pytest.raises(BadReference):
            position_of(swapped)


@pytest.mark.parametrize(("position", "reference"), [(1, "5MAY-X6NW"), (2, "87KW-VB9B"), (10**9, "KGSJ-EDAW")])
def test_a_reference_once_given_never_changes(position: int, reference: str) -> None:
    assert reference_of(position) == reference


def test_it_is_eight_characters_that_nobody_mishears() -> None:
    reference = reference_of(1)
    assert len(reference.replace("-", "")) == 8
    assert not set(reference) & set("01OIL")


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    reference = reference_of(4_246)
    assert position_of(f" {reference.lower().replace('-', ' ')} ") == 4_246


@pytest.mark.parametrize("text", ["", "K7M2", "K7M2-P9Q0", "K7M2-P9QX-2", "日本語日本語日本"])
def test_anything_else_is_no_reference(text: str) -> None:
    with pytest.raises(BadReference):
        position_of(text)
