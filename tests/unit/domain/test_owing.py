"""What a case still owes, in the order in which it does."""

from __future__ import annotations

from amends_domain.commands import Act, Withdraw
from amends_domain.owing import still_owed
from tests.support.lives import APOLOGY, HANDLER, Life, life, receive


def owes(told: Life) -> list[str]:
    return [deadline.kind for deadline in still_owed(told.told, told.deadlines())]


def test_what_has_run_out_comes_before_what_runs_until_it_is_done() -> None:
    late = life().does(receive()).later(hours=25).fired()
    assert owes(late) == ["apology", "callback", "statutory"]
    assert owes(late.does(APOLOGY)) == ["callback", "statutory"]


def test_a_case_that_is_over_owes_nothing_that_it_broke() -> None:
    withdrawn = life().does(receive()).later(hours=25).fired().does(Withdraw("phone", "It is settled."))
    assert owes(withdrawn) == []


def test_a_breach_that_the_log_has_yet_to_tell_is_owed_too() -> None:
    assert owes(life().does(receive()).later(hours=25)) == ["apology", "callback", "statutory"]


def test_the_customers_own_time_is_over_once_it_has_lapsed() -> None:
    told = life().does(receive(type="atm_card_or_cash", cause="card_retained")).does(APOLOGY)
    waiting = told.does(Act("customer_told", None), HANDLER)
    assert "retained_card" in owes(waiting)
    assert "retained_card" not in owes(waiting.later(days=6).fired())
