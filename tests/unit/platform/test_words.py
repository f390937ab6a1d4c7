"""What is said: in the reader's language, with the right number, and never as more than it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from jinja2 import Environment
from markupsafe import Markup

from amends_domain.event_codec import encode
from amends_domain.events import (
    CaseClassified,
    CaseEscalated,
    ClosedUnsatisfied,
    ComplaintReceived,
    DeadlineBreached,
    Event,
    FlagsChanged,
    HandOffOffered,
    IncidentOpened,
    Reclassified,
    ReminderIssued,
    ResolutionProposed,
)
from amends_platform.words import LANGUAGES, language_of, message, words
from amends_platform.words.languages import language_of_locale
from amends_platform.words.templates import install

ENGLISH, CHINESE = words("en"), words("zh")
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de, en;q=0.3, zh;q=0.5", "zh"),
        ("ZH-hans", "zh"),
        ("zha, zhx;q=1", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        ("zh;q=nan, en;q=0.1", "en"),
        ("zh;q=7", "en"),
        (",;=;,q" * 100_000 + ",zh", "en"),
    ],
)
def test_a_reader_gets_the_language_they_like_best_of_those_there_are(header: str | None, language: str) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "", "LC_MESSAGES": "zh"}, "zh"),
        ({}, "en"),
    ],
)
def test_a_terminal_speaks_as_its_locale_does(environment: dict[str, str], language: str) -> None:
    assert language_of_locale(environment) == language


def test_a_language_that_there_is_not_is_english() -> None:
    assert {language: words(language).language for language in (*LANGUAGES, "de", "../zh")} == {
        "en": "en",
        "zh": "zh",
        "de": "en",
        "../zh": "en",
    }


def test_a_message_without_a_translation_is_said_in_english() -> None:
    assert CHINESE.text("No such {thing} yet", thing="message") == "No such message yet"
    assert CHINESE.plural("{count} unheard-of", "{count} unheard-ofs", 2) == "2 unheard-ofs"


def test_values_are_put_in_as_they_are_and_never_read_as_a_message() -> None:
    assert ENGLISH.text("Owner {name}", name="{name.__class__} {0}") == "Owner {name.__class__} {0}"
    assert ENGLISH.text("100 {%}") == "100 {%}"
    assert message("later") == "later"


def test_one_is_one_and_chinese_has_no_many() -> None:
    counts = (0, 1, 2, 1_087)
    assert [ENGLISH.plural("{count} day", "{count} days", count) for count in counts] == [
        "0 days",
        "1 day",
        "2 days",
        "1,087 days",
    ]
    assert [CHINESE.plural("{count} day", "{count} days", count) for count in counts] == [
        "0天",
        "1天",
        "2天",
        "1,087天",
    ]


def test_a_code_is_a_term_and_one_that_nobody_knows_is_shown_as_it_is() -> None:
    assert (ENGLISH.term("type", "atm_card_or_cash"), CHINESE.term("cause", "cash_jam")) == (
        "ATM card or cash",
        "卡钞",
    )
    assert CHINESE.term("clock", "our_own-clock") == "our own clock"
    assert CHINESE.term("no such kind", "x") == "x"
    assert CHINESE.term("clock", None) == ""
    assert CHINESE.terms("flag", ["urgent", "vulnerable"]) == "紧急、特殊群体"


def test_the_same_word_of_two_kinds_is_two_words_in_chinese() -> None:
    assert (CHINESE.term("state", "received"), CHINESE.term("event", "complaint-received")) == ("已受理", "受理投诉")
    assert (CHINESE.term("alert", "breach"), CHINESE.term("verdict", "breached")) == ("逾期", "逾期")


def test_a_refusal_is_in_the_services_own_words_or_means_the_same_in_chinese() -> None:
    detail = "The proposal still needs the approval of a supervisor."
    assert ENGLISH.refusal("approval-pending", detail) == detail
    assert CHINESE.refusal("approval-pending", detail) == "方案尚待批准，批准之前不得告知客户。"
    assert CHINESE.refusal("of-a-newer-release", "It says why.") == "It says why."


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.2, "now", "现在"),
        (40, "in 40 seconds", "还有40秒"),
        (3_600 * 3 + 601, "in 3 hours 10 minutes", "还有3小时10分钟"),
        (86_400 + 7_200, "in 1 day 2 hours", "还有1天2小时"),
        (86_400 * 5 + 7_200, "in 5 days", "还有5天"),
        (-60, "1 minute late", "逾期1分钟"),
        (-86_400 * 2, "2 days late", "逾期2天"),
    ],
)
def test_until_then_is_told_as_one_would_say_it(seconds: float, english: str, chinese: str) -> None:
    then = NOW + timedelta(seconds=seconds)
    assert (ENGLISH.until(then, NOW), CHINESE.until(then.isoformat(), NOW.isoformat())) == (english, chinese)


def test_a_length_is_whole_or_short() -> None:
    assert ENGLISH.length(11_400) == "3 hours 10 minutes"
    assert ENGLISH.length(11_400, short=True) == "3 h 10 min"
    assert ENGLISH.length(11_400, units_max=1) == "3 hours"
    assert (CHINESE.length(11_400), CHINESE.length(11_400, short=True)) == ("3小时10分钟", "3小时10分")


@pytest.mark.parametrize(
    ("label", "english", "chinese"),
    [
        ("75%", "at 75%", "时限已过75%"),
        ("24h before", "24 hours before", "提前24小时"),
        ("3bd", "after 3 business days", "开始后3个工作日"),
        ("whenever", "whenever", "whenever"),
    ],
)
def test_a_warning_is_told_in_words(label: str, english: str, chinese: str) -> None:
    assert (ENGLISH.warning(label), CHINESE.warning(label)) == (english, chinese)


def test_times_are_local_and_written_as_the_language_does() -> None:
    at = datetime(2026, 11, 27, 17, 35, 9, tzinfo=UTC)
    assert ENGLISH.instant(at, "Asia/Shanghai") == "28 Nov 2026, 01:35"
    assert CHINESE.instant(at.isoformat(), "Asia/Shanghai") == "2026年11月28日 01:35"
    assert ENGLISH.instant(at, UTC, "second") == "27 Nov 2026, 17:35:09"
    assert (ENGLISH.day(date(2026, 10, 31)), CHINESE.day("2026-10-31", "weekday")) == (
        "31 October 2026",
        "10月31日 周六",
    )
    assert (ENGLISH.month("2026-10"), CHINESE.month(date(2026, 10, 31))) == ("October 2026", "2026年10月")


def test_numbers_keep_their_digits() -> None:
    assert [said.number(1087.5) for said in (ENGLISH, CHINESE)] == ["1,087.5", "1,087.5"]
    assert ENGLISH.number(Decimal("44.97"), 1) == "45.0"
    assert ENGLISH.percent(Decimal("1.8592")) == "185.92%"
    assert (ENGLISH.money("200", "CNY"), CHINESE.money(Decimal("200.5"), "CNY")) == ("200.00 CNY", "¥200.50")


def told(event: Event) -> dict[str, object]:
    clear, _ = encode(event)
    return {"type": event.TYPE, "data": clear, "occurred_at": NOW.isoformat(), "recorded_at": NOW.isoformat()}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ComplaintReceived("phone", "城西支行", "C-1", "s-1"), "城西支行受理投诉（电话）"),
        (ResolutionProposed("refund", "200", "CNY", "s-1"), "提出处理方案：退款 ¥200.00"),
        (
            ResolutionProposed("refund", "900", "CNY", "s-1", "department_head"),
            "提出处理方案：退款 ¥900.00，须经部门负责人批准",
        ),
        (HandOffOffered("s-1", "s-2"), "拟移交s-2；对方接收前责任人不变"),
        (
            CaseClassified(type="atm_card_or_cash", desired_outcomes=("respect", "never_again")),
            "登记分类——类型：自助设备吞卡卡钞；客户诉求：得到尊重、不再发生",
        ),
        (Reclassified("complaint", "inquiry", 1), "第1项承诺未兑现，由咨询转为投诉"),
        (FlagsChanged(("repeat",), earlier_case="1"), "标记为重复投诉：该客户此前有过同类投诉"),
        (ClosedUnsatisfied(("甲", "乙"), "丙"), "客户仍不满意，经甲、乙批准办结；后续仍由丙负责"),
        (
            CaseEscalated("vice_president", "deadline", "apology", 1, 2, NOW, NOW, 5_000),
            "升级至分管领导：致歉应于T前完成，现已逾期，迟5秒发现",
        ),
        (
            IncidentOpened("卡钞", "cause", "cash_jam", "*", "policy", automatic=True),
            "认定群体性投诉：卡钞（原因：卡钞，全部网点），同类投诉集中，系统按政策自动认定",
        ),
        (ReminderIssued("statutory", 1, 0, "2d before", NOW, NOW), "催办提醒：法定处理决定（提前2天），应于T前完成"),
        (DeadlineBreached("callback", 1, NOW), "逾期：回电应于T前完成"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_an_event_is_told_in_chinese(event: Event, said: str) -> None:
    assert CHINESE.sentence(told(event), lambda _: "T") == said


def test_an_incident_that_the_policy_opened_is_called_in_words() -> None:
    title = "10 complaints with cause process_too_slow within 24h"
    assert ENGLISH.incident_title(title) == "10 complaints with cause process too slow within 24 hours"
    assert CHINESE.incident_title(title) == "24小时内10件同类投诉（原因：业务流程慢）"
    assert CHINESE.incident_title("ATM down 24h") == "ATM down 24h"


def test_what_is_gone_is_told_in_chinese_too() -> None:
    assert list(CHINESE.quoted({"personal": {"customer": {"name": "陈女士"}}, "personal_missing": None})) == [
        "姓名 陈女士"
    ]
    assert list(CHINESE.quoted({"personal_missing": "erased"})) == ["［已删除：密钥已销毁］"]


# in templates


def rendered(template: str, language: str = "en", **values: object) -> str:
    environment = Environment(autoescape=True)
    install(environment, words(language))
    return environment.from_string(template).render(values)


def test_a_template_speaks_the_language_of_its_environment() -> None:
    template = '{{ language }} {{ "received" | term("state") }} {{ _("all branches") }} {{ "x" | term("y") | capital }}'
    assert rendered(template) == "en received all branches X"
    assert rendered(template, "zh") == "zh 已受理 全部网点 X"
    assert rendered('{% macro m() %}{{ _("now") }}{% endmacro %}{{ m() }} {{ 60 | lasting(short=true) }}', "zh") == (
        "现在 1分"
    )


def test_what_people_wrote_is_escaped_in_a_message_and_markup_of_ours_is_not() -> None:
    assert rendered('{{ _("Merged: it goes on as {reference}", reference=r) }}', r="<b>") == (
        "Merged: it goes on as &lt;b&gt;"
    )
    link = Markup("<a>X</a>")
    assert rendered('{{ _("{kind}: {link}", kind="<i>", link=link) }}', link=link) == "&lt;i&gt;: <a>X</a>"
