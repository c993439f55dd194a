"""How far users read a list, and how sure they take what they want: by the places of items taken.

The first wanted item of a list is taken if it is read, which is the less likely the more items are
above it, and if the choice falls on it: an examination model (Richardson et al. 2007) with a logit
choice behind it, whose likelihood is that of docs/protocols.md, "Lists".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recosim.users.fitting.estimates import ENOUGH, Estimate, Figure, Findings
from recosim.users.fitting.kinds import read_and_taken
from recosim.users.fitting.likelihood import (
    Counts,
    Maximum,
    beta_nodes,
    beta_of,
    maximise,
    mixture,
    share_of,
    spread_of,
    upper_end,
)
from recosim.users.fitting.occasions import Occasions
from recosim.users.fitting.rates import DIFFER, SIZES, few, rounded

__all__ = ["fit_lists"]

Floats = NDArray[np.float64]

READS = (-4.0, 11.0)  # logits of examination
HEATS = (np.log(0.05), np.log(50.0))  # logarithms of temperature
COLD, ALL = 0.06, 1 - 5e-5  # below and above: at the end of the range


def fit_lists(own: Occasions | None) -> Findings:
    """Examination and choice temperature from lists that hold something wanted."""
    names = ("examination", "choice_temperature")
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(names, few(own))
    deep = int((own.given["before"] > 0).sum())
    lists = _Lists(Counts.of(own))
    n, users = len(own), len(np.unique(own.user))
    if deep < ENOUGH:
        why = f"in only {deep} lists something stands above what they want"
        found = lists.fit(read=1.0)
        heat = _heat(lists, found, n, users)
        return Findings({heat.setting: heat}, {"examination": why})
    # Both, then each at the end of its range if the optimum lies there.
    found = lists.fit()
    if found.reads[0] > ALL:
        found = lists.fit(read=1.0)
    elif found.heat < COLD:
        found = lists.fit(heat=0.0)
        if found.reads[0] > ALL:
            found = lists.fit(read=1.0, heat=0.0)
    if found.reads[0] < 1.0 and users < n:
        differ = lists.fit(heat=0.0 if found.heat == 0.0 else None, spread=True)
        if 2 * (differ.best.value - found.best.value) > DIFFER:
            found = differ
    estimates = (_reading(lists, found, n, users), _heat(lists, found, n, users))
    return Findings({estimate.setting: estimate for estimate in estimates})


class _Fit:
    """A fit of lists: what is free, and where the optimum lies."""

    def __init__(self, free: tuple[str, ...], fixed: dict[str, float], best: Maximum) -> None:
        self.free, self.fixed, self.best = free, fixed, best

    def value(self, name: str, at: Floats | None = None) -> float:
        """A parameter: "read" (a logit), "size", "heat" (logarithms)."""
        point = self.best.at if at is None else at
        return float(point[self.free.index(name)])

    @property
    def reads(self) -> tuple[float, float | None]:
        """The mean of examination, and a + b of its distribution, None where users are alike."""
        mean = self.fixed["read"] if "read" in self.fixed else share_of(self.value("read"))
        return mean, float(np.exp(self.value("size"))) if "size" in self.free else None

    @property
    def heat(self) -> float:
        return self.fixed["heat"] if "heat" in self.fixed else float(np.exp(self.value("heat")))


class _Lists:
    """The likelihood of lists."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def likelihood(self, reads: Floats, heat: float) -> float:
        """Of users of whom each reads as one of `reads` says."""
        heats = np.full(len(reads), heat)
        return mixture(self.counts.likelihoods(read_and_taken(reads, heats, self.counts.given)))

    def fit(
        self, read: float | None = None, heat: float | None = None, spread: bool = False
    ) -> _Fit:
        """The most likely parameters, some of them given."""
        fixed = {name: v for name, v in (("read", read), ("heat", heat)) if v is not None}
        free = tuple(
            name for name in ("read", "size", "heat") if name not in fixed and
            (name != "size" or spread)
        )  # fmt: skip
        first = {"read": (1.5, 3.5), "size": (np.log(5.0), np.log(40.0)), "heat": (-2.0, -0.7)}
        bounds = {"read": READS, "size": tuple(map(np.log, SIZES)), "heat": HEATS}

        def likelihood(at: Floats) -> float:
            own = dict(zip(free, at.tolist(), strict=True))
            heat_now = fixed.get("heat", np.exp(own.get("heat", 0.0)))
            mean = fixed["read"] if "read" in fixed else share_of(own["read"])
            reads = (
                beta_nodes(*beta_of(mean, float(np.exp(own["size"]))))
                if "size" in own
                else np.array([mean])
            )
            return self.likelihood(reads, float(heat_now))

        starts = [[first[name][k] for name in free] for k in (0, 1)]
        if not free:
            nothing = np.zeros(0)
            return _Fit(free, fixed, Maximum(nothing, likelihood(nothing), np.zeros((0, 0))))
        return _Fit(free, fixed, maximise(likelihood, starts, [bounds[name] for name in free]))


def _reading(lists: _Lists, found: _Fit, n: int, users: int) -> Estimate:
    mean, size = found.reads
    if "read" in found.fixed:
        end = upper_end(lambda d: lists.likelihood(np.array([1 - d]), found.heat), 0.0, 0.9)
        figure = Figure("mean", 1.0, end / 2)
        return Estimate("examination", 1.0, (figure,), n, users, "they read every list to its end")
    k = found.free.index("read")
    error = found.best.error(lambda x: share_of(x[k]))
    if size is None:
        figure = Figure("mean", mean, error)
        (value,) = rounded(mean)
        return Estimate("examination", value, (figure,), n, users, "no sign that users differ")
    j = found.free.index("size")

    def sd(x: Floats) -> float:
        return spread_of(*beta_of(share_of(x[k]), float(np.exp(x[j]))))

    figures = (
        Figure("mean", mean, error),
        Figure("sd over users", sd(found.best.at), found.best.error(sd)),
    )
    beta = rounded(*beta_of(mean, size))
    return Estimate("examination", {"beta": beta}, figures, n, users)


def _heat(lists: _Lists, found: _Fit, n: int, users: int) -> Estimate:
    heat = found.heat
    if heat >= COLD and "heat" in found.free:
        k = found.free.index("heat")
        figure = Figure("mean", heat, found.best.error(lambda x: float(np.exp(x[k]))))
        (value,) = rounded(heat)
        most = heat > 0.95 * np.exp(HEATS[1])
        note = "they leave what they want more often than any temperature says" if most else ""
        return Estimate("choice_temperature", value, (figure,), n, users, note)
    mean, size = found.reads
    reads = np.array([mean]) if size is None else beta_nodes(*beta_of(mean, size))
    end = upper_end(lambda h: lists.likelihood(reads, h), 0.0, 50.0)
    figure = Figure("mean", 0.0, end / 2)
    note = "what they want and read they take"
    return Estimate("choice_temperature", 0.0, (figure,), n, users, note)
