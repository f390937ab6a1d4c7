"""Why a deadline is due, told in Chinese; the English is held to the letter by the tests of the workflow's answers."""

from __future__ import annotations

from amends_domain.runs import Deadline
from amends_platform.words import words
from amends_workflow.parameters import PastParameters
from amends_workflow.timing import timing_of
from amends_workflow.wording import in_words
from tests.support.evidence import a_life

SUBJECT = a_life().subject()


def told(deadline: Deadline, language: str) -> str:
    timing = timing_of(SUBJECT.case, SUBJECT.deadlines, deadline, list(SUBJECT.events))
    policy = SUBJECT.policies[deadline.policy]
    return in_words(words(language), SUBJECT.case, deadline, policy, timing, PastParameters())


def test_a_promise_is_explained_by_who_made_it_and_what_became_of_it() -> None:
    (promise,) = (deadline for deadline in SUBJECT.deadlines if deadline.kind == "promise")
    assert told(promise, "zh") == (
        f"按政策 bank-cn 第{SUBJECT.policies[promise.policy].version}版，"
        f"工单 {SUBJECT.reference} 的“对客承诺（第1项）”时限自“作出承诺”起，至“承诺兑现”止。"
        "于2026-03-02 13:00:00 CST开始计时，"
        "起因：作出承诺（第4条，序号112，a-handler，登记于2026-03-02 13:00:00 CST）。"
        "应于2026-03-02 15:00:00 CST前完成：以承诺的时间为准。"
        "已于2026-03-02 15:00:00 CST逾期，记录为逾期（第5条，序号115，system:timers，发生于2026-03-02 15:00:00 CST，"
        "登记于2026-03-02 17:00:00 CST）。规则来源：银行工作惯例：承诺的时间就是时限。"
    )


def test_every_clock_of_a_life_is_explained_in_chinese() -> None:
    for deadline in SUBJECT.deadlines:
        text = told(deadline, "zh")
        assert text.startswith("按政策 ")
        assert text.endswith("。")
        assert text != told(deadline, "en")
