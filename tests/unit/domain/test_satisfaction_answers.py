"""A follow-up may ask the customer more than the one number: what the policy's satisfaction index names."""

from __future__ import annotations

import pytest

from amends_domain.commands import Confirm, FollowUp, Propose
from amends_domain.events import FollowedUp
from amends_domain.policy_measures import indicators_of
from tests.support.lives import APOLOGY, FINDING, HEAD, Life, life, receive
from tests.support.policy_documents import build

INDEX = {"manner": {"weight": 60, "of": {"listened": 3, "explained": 2}}, "speed": 40}


def confirmed(**sections: object) -> Life:
    policy = build(**sections)
    proposed = life(policy).does(receive()).does(APOLOGY).does(FINDING).does(Propose("apology", "A letter."))
    return proposed.does(Confirm("phone"))


def test_answers_to_the_indicators_are_kept_with_the_one_number() -> None:
    told = confirmed(satisfaction_index=INDEX)
    [followed_up] = told.means(FollowUp(True, 9, answers={"speed": 7, "listened": 10}), HEAD)
    assert followed_up == FollowedUp(9, {"listened": 10, "speed": 7})


def test_nobody_has_to_be_asked_more_than_the_one_number() -> None:
    assert confirmed(satisfaction_index=INDEX).means(FollowUp(True, 9)) == (FollowedUp(9),)


def test_what_is_asked_are_the_leaves_of_the_tree() -> None:
    assert indicators_of({"satisfaction_index": INDEX}) == {"listened", "explained", "speed"}
    assert indicators_of({}) == frozenset()


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (FollowUp(True, 9, answers={"manner": 7}), "no-such-indicator", "explained, listened, speed"),
        (FollowUp(True, 9, answers={"speed": 11}), "no-such-answer", "speed"),
        (FollowUp(False, 2, answers={"speed": 7}), "answers-too-early", "carried out"),
    ],
)
def test_answers_that_mean_nothing_are_refused(command: FollowUp, code: str, says: str) -> None:
    assert says in confirmed(satisfaction_index=INDEX).refuses(command, code)


def test_a_policy_without_an_index_asks_for_nothing_more() -> None:
    assert "no satisfaction index" in confirmed().refuses(FollowUp(True, 9, answers={"speed": 7}), "no-such-indicator")
