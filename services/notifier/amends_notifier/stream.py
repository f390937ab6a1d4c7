"""The JetStream stream that keeps every message: how it is made, and what is said when it is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

STREAM: Final = "AMENDS"
SUBJECTS: Final = ("amends.v1.>",)
# A notifier that died after publishing and before its checkpoint moved repeats itself when it is started again:
# it has this long for the server to drop the repeats.
DUPLICATE_WINDOW_SECONDS: Final = 600


class NoLeader(nats.errors.Error):
    """Too few of the broker's servers answer: the stream is known, and takes nothing."""

    def __str__(self) -> str:
        return "the stream has no leader: too few of the servers that keep it answer"


def wanted(replicas: int) -> StreamConfig:
    """The stream as we make it: on disk, never forgetting, refusing to be deleted from."""
    return StreamConfig(
        name=STREAM,
        description="Every event of every complaint, as Amends publishes it",
        subjects=list(SUBJECTS),
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        deny_delete=True,
        deny_purge=True,
    )


class Found(NamedTuple):
    """The stream as it is met. `made`: there was none until now. `is_blank`: it never had a message, whoever made it.
    `differences`: what about it puts messages at risk.
    """

    made: bool
    is_blank: bool
    differences: list[str]


async def ensure_stream(js: JetStreamContext, replicas: int) -> Found:
    """Make the stream unless there is one.

    One that is there is left alone: whoever set it up otherwise may have had reasons, and a stream is not to be
    changed by a service that merely starts. Raises NoLeader, nats.errors.Error.
    """
    config = wanted(replicas)
    try:
        found = await led_stream(js)
    except NotFoundError:
        # Asked for once more all the same: a server that has just joined the others may not know of it yet.
        return Found(True, is_blank(await js.add_stream(config)), [])
    return Found(False, is_blank(found), list(differences(found.config, config)))


def is_blank(stream: StreamInfo) -> bool:
    """Whether it never had a message. (One that has forgotten all it had still knows how many they were.)"""
    return bool(stream.state.last_seq == 0)


async def led_stream(js: JetStreamContext) -> StreamInfo:
    """The stream as it is, if it takes messages just now. Raises NoLeader, NotFoundError, nats.errors.Error.

    In a cluster any server tells of a stream, also one that is cut off from all the others.
    """
    info = await js.stream_info(STREAM)
    if info.cluster is not None and not info.cluster.leader:
        raise NoLeader
    return info


def differences(found: StreamConfig, config: StreamConfig) -> Iterator[str]:
    """What about a stream puts messages at risk, one sentence each."""
    missing = [subject for subject in SUBJECTS if subject not in (found.subjects or ())]
    if missing:
        yield f"it does not keep {', '.join(missing)}: messages cannot be published"
    if found.storage != StorageType.FILE:
        yield "it is kept in memory: a restart of the broker loses messages"
    if found.retention != RetentionPolicy.LIMITS:
        yield f"its retention is {found.retention}: messages go as they are consumed, or without being consumed"
    if (found.num_replicas or 1) < (config.num_replicas or 1):
        yield f"it has {found.num_replicas or 1} replicas, not {config.num_replicas}"
    if found.duplicate_window < DUPLICATE_WINDOW_SECONDS:
        yield f"it tells repeats for {found.duplicate_window:g} s only, not {DUPLICATE_WINDOW_SECONDS} s"
    if not (found.deny_delete and found.deny_purge):
        yield "messages can be deleted from it"
    if found.no_ack:
        yield "it acknowledges nothing: messages cannot be published"
    limits = (found.max_msgs, found.max_bytes, found.max_msgs_per_subject)
    if any((limit or 0) > 0 for limit in limits) and found.discard == DiscardPolicy.NEW:
        yield "it refuses messages once it is full"
