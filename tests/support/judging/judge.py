"""The judge: every promise, held against one history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from amends_platform.garbage import without_collecting
from tests.support.judging import of_checkpoints, of_clocks, of_commands, of_messages, of_the_log, of_the_read_model
from tests.support.judging.history import History

Promise = Callable[[History], Iterator[str]]

PROMISES: Sequence[Promise] = (
    of_the_log.positions_have_no_gap,
    of_the_log.versions_have_no_gap,
    of_the_log.time_never_runs_back,
    of_the_log.no_event_is_there_twice,
    of_the_log.events_are_what_was_hashed,
    of_the_log.streams_can_be_replayed,
    of_the_log.a_reader_sees_the_log_as_it_is,
    of_commands.what_is_acknowledged_is_in_the_log,
    of_commands.commands_have_one_effect,
    of_commands.what_is_for_a_version_finds_it,
    of_commands.what_is_refused_leaves_no_trace,
    of_commands.refusals_are_foreseen,
    of_commands.repeats_get_the_same_answer,
    of_commands.receipts_say_what_is_recorded,
    of_commands.everything_was_asked_for,
    of_commands.what_was_answered_first_stands_first,
    of_clocks.deadlines_fire_once,
    of_clocks.nothing_fires_that_is_not_due,
    of_clocks.everything_due_has_fired,
    of_clocks.no_timer_is_overdue,
    of_clocks.only_what_was_spoilt_is_quarantined,
    of_messages.everything_gets_out,
    of_messages.the_stream_tells_only_of_the_log,
    of_messages.the_stream_is_in_order,
    of_messages.a_consumer_acts_once_and_in_order,
    of_the_read_model.the_read_model_is_the_log_replayed,
    of_checkpoints.no_checkpoint_is_beyond_the_log,
    of_checkpoints.followers_catch_up,
    of_checkpoints.the_tree_is_as_far_as_its_checkpoint,
    of_checkpoints.what_was_signed_is_true,
    of_checkpoints.what_was_announced_was_signed,
    of_checkpoints.our_own_tools_find_nothing,
)

# A broken promise is broken for many at once, and the first few tell as much.
_OF_EACH_MAX = 20


class Violation(NamedTuple):
    """A promise that was broken, and the evidence: which case, command, position, version."""

    promise: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.promise.replace('_', ' ')}: {self.evidence}"


def judge(history: History) -> list[Violation]:
    """Every promise that the history breaks, the first cases of each; none when all were kept."""
    # Of a few hundred thousand events hardly anything becomes garbage, and looking for it takes half of the time.
    with without_collecting():
        return [
            Violation(promise.__name__, evidence)
            for promise in PROMISES
            for evidence in islice(promise(history), _OF_EACH_MAX)
        ]
