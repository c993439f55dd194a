"""`Gardener`: plans a life. It keeps a belief about the user, and gives up minutes for days."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.recoworld.base import LifeAgent
from recosim.agents.recoworld.belief import Belief, Items, Manners, Spread, applies, obeys
from recosim.envs.recoworld.lives import Lives
from recosim.envs.recoworld.maths import sigma
from recosim.errors import OptionError
from recosim.kernels.compiling import cached, kernel

__all__ = ["Gardener"]

# Variance of what a consumed item adds to disappointment; mean and variance of the tolerance of
# users for it.
UNSURE = 0.06
TOLERANCE = (1.0, 0.05)


class Gardener(LifeAgent):
    """Shows what a user will be glad to have had, and stops where more would be too much.

    What brings users back is the value of their sessions: what consumed items gave them, less the
    disappointment and the minutes that they did not mean to spend. From its `Belief` it takes, for
    each candidate, the chance of a click and what it is worth once consumed, and fills a list with
    the items of the highest `chance * (gain - disappointment)`, where

    - items that break an instruction in force come last, and those that meet a wish first until the
      wish is fulfilled; scopes and conditions are heard (`recosim.agents.recoworld.heed`);
    - attributes that the list holds already count against an item, as they will bore;
    - what is not known of an item's worth counts for it, the less the more is known;
    - items that would do harm are left out; where the whole list would, or where the user has
      stayed as long as they are likely to mean to, it passes.

    What it assumes of users (`boredom`, `temperature`, `stay`) are arguments; the others are their
    usual values. The arguments were chosen on lives of the valid split.

    Args:
        curiosity: how much doubt about the worth of an item counts for it.
        spacing: how much each attribute that the list holds already counts against an item.
        boredom, temperature: `boredom` and `choice_temperature` of the users.
        stay: minutes that users mean to stay.
        least: value of a list below which it passes.
        wish: what it is worth to do as told, in gain of one item.
        fear: how much it counts that an item may give less than it promises.
        exit: what it costs if the user goes out of disappointment, in gain of one item.
    """

    name = "gardener"
    explores = 0.0  # how much doubt about the quality of an item counts for it

    def __init__(
        self,
        *,
        curiosity: float = 0.3,
        spacing: float = 0.05,
        boredom: float = 0.35,
        temperature: float = 0.25,
        stay: float = 20.0,
        least: float = 0.0,
        wish: float = 1.0,
        fear: float = 0.5,
        exit: float = 8.0,
    ) -> None:
        given = {
            "curiosity": curiosity,
            "spacing": spacing,
            "boredom": boredom,
            "temperature": temperature,
            "stay": stay,
            "least": least,
            "wish": wish,
            "fear": fear,
            "exit": exit,
        }
        for name, value in given.items():
            low = -100.0 if name == "least" else 0.01 if name in ("temperature", "stay") else 0.0
            if not low <= value <= 1000:
                raise OptionError(f"{name} is {value!r}; a number from {low:g} to 1000 is needed.")
        self._given = {name: float(value) for name, value in given.items()}

    def settings(self) -> dict[str, Any]:
        return dict(self._given)

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        rules, given = batch.protocol, self._given
        manners = Manners(
            boredom=given["boredom"],
            temperature=given["temperature"],
            wish=2.0,
            decay=0.8,
            learning=0.1,
            utility_bias=rules.utility_bias,
            rest=rules.rest,
            poor_list=rules.poor_list,
            ignored=rules.ignored,
            hope=rules.hope,
            like_at=rules.like_at,
            regret_weight=rules.regret_weight,
            top_k=float(rules.top_k),
        )
        noise = max(rules.quality_weight**2, 0.01)
        items = Items.of(batch.world, rules.usual_minutes, noise)
        self.belief = Belief(batch.world, manners, items, batch.size, Spread())
        self._told = np.full((batch.size, 8, 5), -1, dtype=np.int32)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        super().reset(rows)
        self.belief.begin(rows, self.batch.arrays["user"])
        self.belief.hear_instructions(self.batch.arrays["given"], rows)

    def act(self) -> Moves:
        a, b = self.batch.arrays, self.belief
        self._told[:] = a["instructions"]
        lists = np.full((self.batch.size, self.batch.protocol.top_k), -1, dtype=np.int32)
        passes = np.zeros(self.batch.size, dtype=np.bool_)
        g = self._given
        plan = (
            self.explores,
            g["curiosity"],
            g["spacing"],
            g["stay"],
            g["least"],
            g["wish"],
            g["fear"],
            g["exit"],
        )
        _plant(
            a["done"], self.pool, self.scores, a["withheld"], self._told, b.items, b.manners,
            plan, b.taste, b.taste_var, b.mood, b.bored, b.session, lists, passes,
        )  # fmt: skip
        moves = Moves.all_of(Verb.RECOMMEND, self.batch.size, lists)
        return moves._replace(verb=np.where(passes, Verb.PASS, moves.verb).astype(np.int8))

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a, b = self.batch.arrays, self.belief
        shown = a["shown"]
        lists = self.lists_in(rows)
        scores = self.scores_of(shown)
        b.hear_list(lists, shown, scores, a["levels"], a["minutes"], self._told)
        # What was said with the move was said of the session that the move was part of.
        said = a["given"].copy()
        said[:, 2] = -1
        b.hear_instructions(said, rows)
        b.pass_round(rows)
        anew = rows & (a["gap"] > 0)
        b.rest(anew, a["gap"])
        b.open_session(anew)
        b.hear_instructions(a["given"][:, 2:], anew)


@kernel
def beyond(minutes: float, stay: float) -> float:
    """Expected minutes beyond what was meant, that being anything from half to 1.5 of `stay`."""
    over = minutes - 0.5 * stay
    if over <= 0.0:
        return 0.0
    return minutes - stay if over >= stay else over * over / (2.0 * stay)


@kernel
def regretted(spent: float, more: float, stay: float, weight: float) -> float:
    """What some minutes more take off the value of a session."""
    return weight * (beyond(spent + more, stay) - beyond(spent, stay)) / stay


@kernel
def after_instructions(told: Any, shown: Any, items: Any, rules: Any, letdown: float) -> float:
    """Disappointment once a list has obeyed or ignored what is in force."""
    for i in range(told.shape[0]):
        if told[i, 0] >= 0:
            did = obeys(told[i], shown, items)
            if did > 0:
                letdown *= rules.hope
            elif did < 0:
                letdown += rules.ignored
    return letdown


@cached(nogil=True, error_model="numpy")
def _plant(
    done: Any, pool: Any, scores: Any, withheld: Any, told: Any, items: Any, rules: Any,
    plan: Any, taste: Any, taste_var: Any, mood: Any, bored: Any, session: Any,
    lists: Any, passes: Any,
) -> None:  # fmt: skip
    explores, curiosity, spacing, stay, least, wish_value, fear, exit_cost = plan
    size, k = pool.shape[1], lists.shape[1]
    n = bored.shape[1]
    value, chance, worth = np.empty(size), np.empty(size), np.empty(size)
    shorts = np.empty(size)
    # Bit i: the item meets wish i of those in force.
    meets = np.empty(size, dtype=np.int64)
    held = np.zeros(n, dtype=np.int64)
    met = np.zeros(told.shape[1], dtype=np.int64)
    for b in range(pool.shape[0]):
        if done[b]:
            continue
        for i in range(size):
            v = pool[b, i]
            value[i] = -np.inf
            if (withheld[b, v >> 6] >> np.uint64(v & 63)) & np.uint64(1):
                continue
            first, last = items.indptr[v], items.indptr[v + 1]
            x = 1.0 / math.sqrt(max(last - first, 1))
            liked, wanted, tired, doubt = 0.0, 0.0, 0.0, 0.0
            for j in range(first, last):
                a = items.indices[j]
                liked += taste[b, a]
                wanted += taste[b, a] + mood[b, a]
                tired += bored[b, a]
                doubt += taste_var[b, a] * x * x
            own = (1.0, items.appeal[v], np.float64(scores[b, i]))
            logit = (wanted - rules.boredom * tired) * x
            gain = rules.utility_bias + liked * x + items.quality[v]
            unsure = items.doubt[v] + doubt
            for j in range(3):
                logit += mood[b, n + j] * own[j]
                gain += taste[b, n + j] * own[j]
            breaks, meets[i] = 0, 0
            for j in range(told.shape[1]):
                if told[b, j, 0] >= 0 and applies(told[b, j], v, items)[1]:
                    if told[b, j, 0] == 0:
                        breaks += 1
                    else:
                        meets[i] |= 1 << j
                    logit += rules.wish if told[b, j, 0] else -rules.wish
            chance[i] = sigma(logit / rules.temperature)
            worth[i] = sigma(gain / math.sqrt(1.0 + 0.3927 * unsure))
            hoped = sigma(rules.utility_bias + wanted * x + mood[b, n + 1] * own[1])
            # What is expected of max(0, hoped - got), got having a deviation of .2 in full doubt.
            short = hoped - worth[i]
            short = 0.5 * (short + math.sqrt(short * short + 0.0256 * min(unsure, 1.0)))
            shorts[i] = short
            value[i] = chance[i] * (2.0 * worth[i] - 1.0 - fear * short)
            value[i] += curiosity * chance[i] * math.sqrt(doubt)
            value[i] += explores * chance[i] * math.sqrt(items.doubt[v])
            value[i] -= 2.0 * wish_value * breaks
        held[:], met[:] = 0, 0
        total, none, spent = 0.0, 1.0, session[b, 2]
        drift, spread = 0.0, 0.0
        place = 0
        for _ in range(k):
            best, most = -1, -np.inf
            for i in range(size):
                if value[i] == -np.inf:
                    continue
                score, v = value[i], pool[b, i]
                time = chance[i] * worth[i] * items.minutes[v]
                score -= regretted(spent, time, stay, rules.regret_weight)
                if meets[i]:
                    for j in range(told.shape[1]):
                        if (meets[i] >> j) & 1 and 2 * met[j] < k:
                            score += wish_value
                first, last = items.indptr[v], items.indptr[v + 1]
                crowd = 0
                for j in range(first, last):
                    crowd += held[items.indices[j]]
                if crowd:
                    score -= spacing * crowd / math.sqrt(last - first)
                if score > most:
                    best, most = i, score
            if best < 0 or (place > 0 and most < 0.0):
                break
            v = pool[b, best]
            lists[b, place] = v
            place += 1
            time = chance[best] * worth[best] * items.minutes[v]
            total += value[best] - regretted(spent, time, stay, rules.regret_weight)
            spent += time
            none *= 1.0 - chance[best]
            drift += chance[best] * (shorts[best] - max(worth[best] - rules.like_at, 0.0))
            spread += chance[best] * UNSURE
            for j in range(items.indptr[v], items.indptr[v + 1]):
                held[items.indices[j]] += 1
            for j in range(told.shape[1]):
                met[j] += (meets[best] >> j) & 1
            value[best] = -np.inf
        if place == 0:
            continue
        letdown = max(session[b, 1] + drift, 0.0) + rules.poor_list * none
        letdown = after_instructions(told[b], lists[b], items, rules, letdown)
        beyond_tolerance = (TOLERANCE[0] - letdown) / math.sqrt(spread + TOLERANCE[1])
        danger = 0.5 * math.erfc(beyond_tolerance / math.sqrt(2.0))
        passes[b] = total - rules.poor_list * none - exit_cost * danger < least
