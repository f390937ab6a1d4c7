"""What is promised of those who follow: none is further than the log, and what was signed of it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amends_platform.evidence.notes import BadNote
from amends_platform.evidence.tree_head import head_of
from amends_store.merkle import join_subtrees, node_hash
from amends_store.tiles import TILE_HASHES
from tests.support.judging.history import History

FOLLOWERS = ("read-model", "notifier")


def no_checkpoint_is_beyond_the_log(history: History) -> Iterator[str]:
    """Of those that follow the log, of the tree over it, and of what was signed."""
    head = len(history.log)
    for name, position in history.checkpoints.items():
        if position > head:
            yield f"the checkpoint of {name} is {position}, and the log ends at {head}"
    if history.tiled > head:
        yield f"the tree holds {history.tiled} events, and the log ends at {head}"
    for signed in history.signed:
        if signed.tree_size > head:
            yield f"{signed.tree_size} events were signed, and the log ends at {head}"


def followers_catch_up(history: History) -> Iterator[str]:
    """Once all is quiet, the read model and the notifier stand at the end of the log."""
    if not history.is_quiet:
        return
    head = len(history.log)
    for name in FOLLOWERS:
        if history.checkpoints.get(name, 0) < head:
            yield f"the checkpoint of {name} is {history.checkpoints.get(name, 0)}, and the log ends at {head}"


def the_tree_is_as_far_as_its_checkpoint(history: History) -> Iterator[str]:
    """What the sealer's checkpoint has passed is in the rows of the tree, and nothing else is."""
    sealed = history.checkpoints.get("sealer", 0)
    if history.tiled != sealed // TILE_HASHES * TILE_HASHES:
        yield f"the checkpoint of the sealer is {sealed}, and the tree holds {history.tiled} events"


def what_was_signed_is_true(history: History) -> Iterator[str]:
    """The root in every signed checkpoint is that over the log's first events."""
    roots = dict(_roots([event.leaf_hash for event in history.log], {signed.tree_size for signed in history.signed}))
    for signed in history.signed:
        root = roots.get(signed.tree_size)
        if root is not None and root != signed.root_hash:
            yield f"of {signed.tree_size} events {signed.root_hash.hex()} was signed, and by the log it is {root.hex()}"


def what_was_announced_was_signed(history: History) -> Iterator[str]:
    """Every checkpoint that was published is one of those that were signed; and what the announcer has passed was
    published."""
    signed = {each.tree_size: each.root_hash for each in history.signed}
    announced: set[int] = set()
    for message in history.announced:
        try:
            said = head_of(str(message.said["note"]))
        except (BadNote, ValueError, KeyError) as error:
            yield f"message {message.sequence} is of no checkpoint: {error!r}"
            continue
        announced.add(said.tree_size)
        # What is larger than all that were signed was signed after the moment that the history is of.
        if said.tree_size <= max(signed, default=0) and signed.get(said.tree_size) != said.root_hash:
            yield f"message {message.sequence} announces {said.tree_size} events, and what was signed says otherwise"
    passed = history.checkpoints.get("announcer", 0)
    for size in sorted(signed):
        if size <= passed and size not in announced:
            yield f"the checkpoint of {size} events is not in the stream; the announcer's is {passed}"


def our_own_tools_find_nothing(history: History) -> Iterator[str]:
    """`amends verify` and whatever else of ours was run over it."""
    for said in history.said:
        if said.status != 0:
            yield f"{said.command} ended with {said.status}: {said.output[-1000:]}"


def _roots(leaves: Sequence[bytes], sizes: set[int]) -> Iterator[tuple[int, bytes]]:
    """The root over the first so many leaves, for each of the sizes; each leaf is looked at once."""
    subtrees: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(leaves, 1):
        height, root = 0, leaf
        while subtrees and subtrees[-1][0] == height:
            root = node_hash(subtrees.pop()[1], root)
            height += 1
        subtrees.append((height, root))
        if size in sizes:
            yield size, join_subtrees([each for _, each in subtrees])
