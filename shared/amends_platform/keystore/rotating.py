"""Another master key: every data key is wrapped anew, while services run, and the old one is of no use any more."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from amends_platform.failures import Failure
from amends_platform.keystore.key_file import KeyFile
from amends_platform.keystore.master_keys import MasterKeys


def rotate_master(path: Path, master_key_file: Path, *, on_progress: Callable[[int, int], None]) -> int:
    """Wrap all keys of the store by a new master key, which replaces the one in the file; how many were wrapped anew.

    Cut off anywhere, it leaves every key readable, and is finished by doing it again: the new master key is on the
    disk before it wraps anything, the old one is there until it wraps nothing any more, and each row tells by which it
    is wrapped. Services look for a master key they do not know in both files. `on_progress` is told (done, of all).

    Raises Failure, KeyStoreUnavailable, CannotUnseal, MasterKeyError.
    """
    if not path.exists():
        raise Failure(f"There is no key store {path}.")
    masters = MasterKeys(master_key_file)
    masters.current()
    directory = master_key_file.parent
    if not os.access(directory, os.W_OK):
        raise Failure(f"{directory} cannot be written, and the new master key has to be put there.")
    with _alone(directory), closing(KeyFile(path, masters)) as file:
        # It must open before anything is changed.
        file.master()
        replacement = masters.make_replacement()
        file.wrap_from_now_on_by(replacement)
        done, total = 0, file.count_wrapped_by_others(replacement)
        for count in file.rewrap(replacement):
            done += count
            on_progress(done, total)
        # What was wrapped by the old one must not linger either.
        file.empty_write_ahead_log()
        if left := file.count_wrapped_by_others(replacement):
            raise Failure(f"{left} keys are wrapped by the old master key still; nothing is lost. Do it again.")
        masters.replace()
        return done


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two at once would replace each other's master key."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("The master key is being replaced by somebody else just now.") from None
        yield
    finally:
        os.close(handle)
