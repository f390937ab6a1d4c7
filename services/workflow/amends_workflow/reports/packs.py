"""Month-end packs, made when they are asked for: the same bytes each time, for nothing that comes later is in them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple

import structlog

from amends_domain.measures.contribution import Sum
from amends_domain.measures.months import Month
from amends_domain.measures.pack import Covering, Cut, Pack, of_branch, pack_of
from amends_platform.evidence.tree_head import checkpoint_at_or_after
from amends_platform.http.problems import Problem
from amends_platform.policy.book import PolicyBook
from amends_workflow.reports.cutting import Settled, cut_of, months
from amends_workflow.reports.reading import summed
from amends_workflow.view import View

log = structlog.get_logger()

_KEPT_MAX: Final = 4
# Longer than a checkpoint takes to come, unless the operator made that long too.
_WAIT_SECONDS_MAX: Final = 15.0
_LOOK_AGAIN_SECONDS: Final = 0.25


class Made(NamedTuple):
    """A month's pack of all branches, and the sum that it was made from."""

    pack: Pack
    total: Sum
    cut: Cut

    def seen_by(self, branch: str | None) -> Pack:
        """As one branch sees it; None: all of it. Raises a 404 problem where nothing is known of the branch."""
        if branch is None:
            return self.pack
        if branch not in self.total.branches and all(one.branch != branch for one in self.pack.branches):
            raise Problem(404, "no-such-branch", "No branch is called so: nothing was ever recorded of it.")
        return of_branch(self.pack, branch, self.total, self.cut)


class Packs:
    """Makes packs, one at a time, and remembers the last few: what is frozen need not be made twice."""

    def __init__(
        self,
        view: View,
        tenant: str,
        policies: PolicyBook,
        *,
        is_signing: bool,
        patience_seconds: float = _WAIT_SECONDS_MAX,
        settled: Settled | None = None,
    ) -> None:
        """`patience_seconds`: how long who asks waits for a checkpoint that covers the month."""
        self._view = view
        self._tenant = tenant
        self._policies = policies
        self._is_signing = is_signing
        self._patience_seconds = patience_seconds
        self._kept: OrderedDict[tuple[Month, str, int], Made] = OrderedDict()
        self._lock = asyncio.Lock()
        self._settled = settled or Settled()
        # Whoever else asks while a writer is waited for holds no connection.
        self._cutting = asyncio.Lock()

    async def months(self) -> list[Month]:
        """Every month since the log began, the last of which goes on. Raises UnknownPolicy."""
        return await months(self._view, self._tenant, self._policies)

    async def of(self, month: Month) -> Made:
        """The pack of a month that is over. Raises UnknownPolicy, StoreUnavailable, and Problem: 404, 409, or 503 until
        it is signed.
        """
        async with self._cutting, self._view.session() as conn:
            cut = await cut_of(conn, self._tenant, self._policies, month, self._settled)
        checkpoint = await self._checkpoint(cut.position)
        key = month, cut.policy.hash, cut.position
        # Who asks for what is there does not wait while another month is made.
        made = self._remembered(key, checkpoint)
        if made is not None:
            return made
        async with self._lock:
            made = self._remembered(key, checkpoint)
            if made is None:
                made = self._kept[key] = await self._made(cut, checkpoint)
                self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return made

    def _remembered(self, key: tuple[Month, str, int], checkpoint: Covering | None) -> Made | None:
        made = self._kept.get(key)
        if made is None or made.pack.checkpoint != checkpoint:
            return None
        self._kept.move_to_end(key)
        return made

    async def _made(self, cut: Cut, checkpoint: Covering | None) -> Made:
        async with self._view.session() as conn:
            total, logged, cases = await summed(conn, self._tenant, self._policies, cut, Sum())
        # A second's work, where there are many branches.
        pack = await asyncio.to_thread(pack_of, total, cut, self._policies.known, logged, cases, checkpoint)
        if not pack.reconciles:
            wrong = [each.name for each in pack.reconciliations if not each.holds]
            log.error("the totals of a month do not reconcile", month=pack.month, equations=wrong)
        return Made(pack, total, cut)

    async def _checkpoint(self, position: int) -> Covering | None:
        """The first that covers the cut: it stays the first. None where nothing is signed here."""
        waited = 0.0
        while True:
            found = await checkpoint_at_or_after(self._view, position)
            if found is not None:
                return Covering(found.tree_size, found.root_hash.hex(), found.signed_at, found.note)
            if not self._is_signing:
                return None
            if waited >= self._patience_seconds:
                raise Problem(
                    503,
                    "not-yet-proven",
                    f"No signed checkpoint covers position {position} of the log yet, where the month ends. Ask again.",
                    headers={"Retry-After": "5"},
                )
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            waited += _LOOK_AGAIN_SECONDS
