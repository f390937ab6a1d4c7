"""Which version of a case a form is for that was made a while ago."""

from __future__ import annotations

from amends_domain.events import CaseEscalated, FlagsChanged
from amends_workflow.console.acting.looking import version_meant
from tests.support.lives import APOLOGY, life, receive


def test_what_clocks_did_by_themselves_does_not_make_a_page_old() -> None:
    looked = life().does(receive())
    alarmed = looked.later(days=2).fired()
    assert alarmed.told.version > looked.told.version
    assert version_meant(alarmed.told, looked.told.version, "apologize") == alarmed.told.version


def test_what_somebody_did_does() -> None:
    looked = life().does(receive())
    moved_on = looked.does(APOLOGY).later(days=2).fired()
    assert version_meant(moved_on.told, looked.told.version, "apologize") == looked.told.version


def test_so_do_a_persons_escalation_and_what_became_known_by_itself() -> None:
    looked = life().does(receive())
    escalated = looked.happened(CaseEscalated(to="head_office", cause="asked"))
    repeated = looked.happened(FlagsChanged(added=("repeat",)), actor="system:workflow")
    for moved_on in (escalated, repeated):
        assert version_meant(moved_on.told, looked.told.version, "apologize") == looked.told.version


def test_a_clocks_escalation_makes_a_form_to_escalate_old_for_it_would_tell_the_one_after_next() -> None:
    looked = life().does(receive())
    climbed = looked.happened(CaseEscalated(to="supervisor", cause="deadline"), actor="system:workflow")
    assert version_meant(climbed.told, looked.told.version, "apologize") == climbed.told.version
    assert version_meant(climbed.told, looked.told.version, "escalate") == looked.told.version


def test_a_form_without_a_version_is_for_whatever_there_is() -> None:
    assert version_meant(life().does(receive()).told, None, "apologize") is None
