"""The built-in policies: what each owes, where it comes from, and several of them on one policy."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from amends_domain.durations import parse_duration
from amends_domain.policy import CORRECTIVE_ACTION, PROMISE, ClockRule, ExtendTo, Given
from amends_platform.demo.samples import sample_complaints
from amends_platform.policy import files
from amends_platform.policy.files import LoadedPolicy, PolicyFileError, built_in_policies, load_policy, restore_policy
from amends_platform.policy.yaml_text import read_yaml
from tests.support.policy_documents import GOOD_FILE, changed

PACKS = ("au-rg271", "eu-psd2", "telecom-cn", "uk-disp", "us-cfpb", "us-reg-e")


WITHOUT_NAMES_OF_BANK_CN = changed("  callback:", "  call_back:").replace("  apology:", "  sorry:")


def rule(pack: str, name: str) -> ClockRule:
    found = load_policy(pack).policy.clock(name)
    assert found is not None, name
    return found


def including(directory: Path, *packs: str, more: str = "") -> LoadedPolicy:
    file = directory / "policy.yaml"
    file.write_text(GOOD_FILE + f"include: [{', '.join(packs)}]\n" + more, encoding="utf-8")
    return load_policy(file)


@pytest.mark.parametrize("name", built_in_policies())
def test_every_built_in_policy_is_good_and_carries_its_name(name: str) -> None:
    loaded = load_policy(name)
    assert loaded.policy.name == name
    assert "must be checked" in loaded.document or "CHECK CURRENT LAW" in loaded.document


@pytest.mark.parametrize("name", built_in_policies())
def test_every_clock_of_a_built_in_policy_says_where_its_rule_comes_from(name: str) -> None:
    written = read_yaml(load_policy(name).document).value["clocks"]
    for clock in written:
        assert rule(name, clock).source, clock


def test_what_is_built_in() -> None:
    assert set(built_in_policies()) == {"bank-cn", "demo", *PACKS}


@pytest.mark.parametrize(
    ("pack", "clock", "due"),
    [
        ("bank-cn", "apology", "24h"),
        ("bank-cn", "callback", "agreed"),
        ("bank-cn", "statutory", "15d"),
        ("bank-cn", "cash_jam", "5bd"),
        ("bank-cn", "refund_call", "same_day"),
        ("bank-cn", "retained_card", "3bd"),
        ("bank-cn", "hand_off", "1bd"),
        ("bank-cn", "promise", "promised"),
        ("bank-cn", "corrective_action", "promised"),
        ("bank-cn", "follow_up", "3bd"),
        ("telecom-cn", "telecom_reply", "15d"),
        ("uk-disp", "disp_summary_resolution", "3bd"),
        ("uk-disp", "disp_final_response", "56d"),
        ("eu-psd2", "psd2_reply", "15bd"),
        ("us-cfpb", "cfpb_response", "15d"),
        ("us-reg-e", "reg_e_investigation", "10bd"),
        ("au-rg271", "rg271_acknowledgement", "24h"),
        ("au-rg271", "rg271_response", "30d"),
    ],
)
def test_the_terms_are_those_of_the_rules(pack: str, clock: str, due: str) -> None:
    assert str(rule(pack, clock).due) == due


@pytest.mark.parametrize(
    ("pack", "clock", "longer"),
    [
        ("bank-cn", "statutory", [("30d", "complex", None, None), ("60d", None, "department_head", None)]),
        ("eu-psd2", "psd2_reply", [("35bd", None, None, "holding_reply_sent")]),
        ("uk-disp", "disp_payment_response", [("35bd", None, None, "holding_reply_sent")]),
        ("us-cfpb", "cfpb_response", [("60d", None, None, "in_progress_marked")]),
        (
            "us-reg-e",
            "reg_e_investigation",
            [("45d", None, None, "provisional_credit"), ("90d", "reg_e_90_days", None, None)],
        ),
    ],
)
def test_the_longer_terms_are_those_of_the_rules(
    pack: str, clock: str, longer: list[tuple[str, str | None, str | None, str | None]]
) -> None:
    assert rule(pack, clock).extend == tuple(
        ExtendTo(parse_duration(to), flag, approval, action) for to, flag, approval, action in longer
    )


@pytest.mark.parametrize(
    ("pack", "zone", "country", "part"),
    [
        ("bank-cn", "Asia/Shanghai", "CN", None),
        ("telecom-cn", "Asia/Shanghai", "CN", None),
        ("uk-disp", "Europe/London", "GB", "ENG"),
        ("eu-psd2", "Europe/Amsterdam", "NL", None),
        ("us-cfpb", "America/New_York", "US", None),
        ("us-reg-e", "America/New_York", "US", None),
        ("au-rg271", "Australia/Sydney", "AU", "NSW"),
    ],
)
def test_each_pack_counts_by_the_calendar_of_its_country(pack: str, zone: str, country: str, part: str | None) -> None:
    loaded = load_policy(pack)
    assert str(loaded.policy.calendar.timezone) == zone
    assert (loaded.calendar["country"], loaded.calendar["subdivision"]) == (country, part)


def test_a_retained_card_is_the_customers_own_time_and_no_one_at_the_bank_is_told_when_it_lapses() -> None:
    card = rule("bank-cn", "retained_card")
    assert (card.owed_by, card.from_event, card.stop) == (
        "customer",
        "action:customer_told",
        frozenset({"action:card_collected"}),
    )
    assert [warning.label for warning in card.warnings] == ["1bd before"]
    assert card.ladder == ()


def test_the_ladder_of_the_desk_goes_up_to_the_head_office() -> None:
    for clock in ("apology", "callback", "promise", "hand_off", "statutory"):
        steps = [(str(step.after), step.to) for step in rule("bank-cn", clock).ladder]
        assert steps == [
            ("0h", "service_admin"),
            ("1bd", "department_manager"),
            ("2bd", "vice_president"),
            ("5bd", "head_office"),
        ]


def test_a_summary_resolution_that_is_missed_breaks_no_rule_and_tells_nobody(tmp_path: Path) -> None:
    policy = including(tmp_path, "uk-disp", more="ladder: [{after: 0h, to: service_admin}]\n").policy
    missed = policy.clock("disp_summary_resolution")
    final = policy.clock("disp_final_response")
    assert missed is not None
    assert final is not None
    assert missed.ladder == ()
    assert [step.to for step in final.ladder] == ["service_admin"]


def test_the_default_policy_has_a_playbook_for_every_type_of_the_samples_in_english_and_chinese() -> None:
    playbooks = load_policy("bank-cn").policy.playbooks
    assert set(playbooks) == {sample["type"] for sample in sample_complaints().values() if sample.get("type")}
    for name, languages in playbooks.items():
        assert set(languages) == {"en", "zh"}, name
        for playbook in languages.values():
            assert len(playbook.ask) >= 3, name
            assert len(playbook.avoid) >= 3, name
        # A line that YAML folds gets a space, which Chinese does not have.
        assert " " not in languages["zh"].first_words + languages["zh"].times, name


def test_the_demo_differs_from_the_default_only_in_its_times() -> None:
    demo, bank = load_policy("demo").policy, load_policy("bank-cn").policy
    assert (demo.grades, demo.authority, demo.closure_approvals) == (
        bank.grades,
        bank.authority,
        bank.closure_approvals,
    )
    for quick, slow in zip(demo.clocks, bank.clocks, strict=True):
        assert (quick.name, quick.from_event, quick.stop) == (slow.name, slow.from_event, slow.stop)
        assert (quick.when, quick.owed_by) == (slow.when, slow.owed_by)
        assert len(quick.warnings) == len(slow.warnings)
        assert [step.to for step in quick.ladder] == [step.to for step in slow.ladder]
        limit = quick.at_most if isinstance(quick.due, Given) else quick.due
        assert limit is None or limit.unit == "s"


# Several packs on one policy


def test_several_packs_run_on_one_policy_each_clock_by_its_own_calendar(tmp_path: Path) -> None:
    policy = including(tmp_path, *PACKS).policy
    # Friday 22 May 2026, noon in London: Monday is a holiday in England and in the United States.
    start = datetime.fromisoformat("2026-05-22T11:00+00:00")
    due = {}
    for clock in policy.clocks:
        time = clock.due_after(start, (), policy.calendar_of(clock))
        due[clock.name] = time and time.at.astimezone(policy.calendar_of(clock).timezone).isoformat()
    assert due == {
        "apology": "2026-05-23T19:00:00+08:00",
        "callback": "2026-05-29T19:00:00+08:00",
        "cfpb_response": "2026-06-06T07:00:00-04:00",
        "corrective_action": None,
        "disp_acknowledgement": "2026-06-01T17:00:00+01:00",
        "disp_final_response": "2026-07-17T12:00:00+01:00",
        "disp_payment_response": "2026-06-15T17:00:00+01:00",
        "disp_summary_resolution": "2026-05-28T17:00:00+01:00",
        "promise": None,
        "psd2_reply": "2026-06-15T17:00:00+02:00",
        "reg_e_correction": "2026-05-26T17:00:00-04:00",
        "reg_e_investigation": "2026-06-08T17:00:00-04:00",
        "reg_e_result": "2026-05-28T17:00:00-04:00",
        "rg271_acknowledgement": "2026-05-23T21:00:00+10:00",
        "rg271_response": "2026-06-21T21:00:00+10:00",
        "telecom_reply": "2026-06-06T19:00:00+08:00",
    }
    assert {clock.pack for clock in policy.clocks} == {None, *PACKS}


def test_a_clock_says_which_pack_it_came_with(tmp_path: Path) -> None:
    policy = including(tmp_path, "us-reg-e").policy
    own, came = policy.clock("apology"), policy.clock("reg_e_investigation")
    assert own is not None
    assert came is not None
    assert (own.pack, own.calendar) == (None, None)
    assert came.pack == "us-reg-e"
    assert came.calendar == load_policy("us-reg-e").policy.calendar
    assert came in policy.clocks_from["complaint-received"]


def test_a_pack_brings_its_clocks_and_nothing_else(tmp_path: Path) -> None:
    alone = load_policy(_written(tmp_path, GOOD_FILE)).policy
    with_bank = load_policy(_written(tmp_path, WITHOUT_NAMES_OF_BANK_CN + "include: [bank-cn]\n")).policy
    assert (with_bank.grades, with_bank.authority) == (alone.grades, alone.authority)
    assert (with_bank.playbooks, with_bank.mass, with_bank.name) == ({}, None, "north")


def test_a_packs_own_ladder_goes_with_its_clocks(tmp_path: Path) -> None:
    policy = load_policy(
        _written(tmp_path, WITHOUT_NAMES_OF_BANK_CN + "include: [bank-cn]\nladder: [{after: 0h, to: boss}]\n")
    ).policy
    ladders = {clock.name: [step.to for step in clock.ladder] for clock in policy.clocks}
    assert ladders["sorry"] == ["boss"]
    assert ladders["apology"] == ["service_admin", "department_manager", "vice_president", "head_office"]


def test_the_promises_of_a_pack_count_where_the_policy_has_none_of_its_own(tmp_path: Path) -> None:
    policy = load_policy(_written(tmp_path, WITHOUT_NAMES_OF_BANK_CN + "include: [bank-cn]\n")).policy
    promise = policy.clock(PROMISE)
    assert promise is not None
    assert (promise.pack, len(promise.warnings)) == ("bank-cn", 1)
    assert [clock.name for clock in policy.clocks].count(CORRECTIVE_ACTION) == 1


def test_the_policys_ladder_may_name_a_clock_of_a_pack(tmp_path: Path) -> None:
    step = "ladder: [{before: 2bd, to: compliance, when: {clock: [reg_e_investigation]}}]\n"
    policy = including(tmp_path, "us-reg-e", more=step).policy
    told = {clock.name: [step.to for step in clock.ladder] for clock in policy.clocks if clock.ladder}
    assert told == {"reg_e_investigation": ["compliance"]}
    came = policy.clock("reg_e_investigation")
    assert came is not None
    # Wednesday to Tuesday over Thanksgiving, by the pack's calendar and not by that of the policy.
    due = datetime.fromisoformat("2026-12-01T17:00-05:00")
    assert came.ladder[0].at(due, policy.calendar_of(came)) == datetime.fromisoformat("2026-11-27T17:00-05:00")


def test_the_hash_covers_the_packs_texts_and_days(tmp_path: Path) -> None:
    loaded = including(tmp_path, "us-reg-e")
    assert loaded.policy.hash != load_policy(_written(tmp_path, GOOD_FILE)).policy.hash

    def changed_pack(part: str, change: dict[str, str]) -> str:
        packs = json.loads(json.dumps(loaded.calendar))
        pack = packs["packs"]["us-reg-e"]
        if part == "calendar":
            pack["calendar"]["holidays"].update(change)
        else:
            [(old, new)] = change.items()
            assert pack["document"].count(old) == 1
            pack["document"] = pack["document"].replace(old, new)
        return restore_policy(loaded.document, packs).hash

    assert changed_pack("calendar", {"2026-07-06": "a day more"}) != loaded.policy.hash
    assert changed_pack("document", {"due: 10bd": "due: 11bd"}) != loaded.policy.hash
    assert changed_pack("document", {"# us-reg-e:": "# Regulation E:"}) == loaded.policy.hash


def test_a_policy_with_packs_is_restored_though_later_releases_ship_other_packs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = including(tmp_path, "us-reg-e", "uk-disp")
    through_the_database = json.loads(json.dumps(loaded.calendar))
    later = tmp_path / "packs of a later release"
    later.mkdir()
    monkeypatch.setattr(files, "_PACKS", later)
    restored = restore_policy(loaded.document, through_the_database)
    assert restored == loaded.policy
    assert restored.hash == loaded.policy.hash
    with pytest.raises(PolicyFileError, match="unknown pack"):
        load_policy(_written(tmp_path, loaded.document))


def test_no_two_packs_share_a_clock(tmp_path: Path) -> None:
    policy = including(tmp_path, *PACKS).policy
    names = [clock.name for clock in policy.clocks]
    assert len(names) == len(set(names))


def test_the_days_of_a_pack_cover_the_years_of_the_policy_around_it(tmp_path: Path) -> None:
    file = _written(tmp_path, changed("2026-01-01", "2032-01-01") + "include: [uk-disp]\n")
    policy = load_policy(file).policy
    came = policy.clock("disp_final_response")
    assert came is not None
    assert came.calendar is not None
    assert came.calendar.known_from == date(2031, 1, 1)


def _written(directory: Path, text: str) -> Path:
    file = directory / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file
