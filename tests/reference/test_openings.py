"""What requests name ("Openings" in docs/protocols.md) on the world of six items, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from reference.cpr import ReferenceConversation
from reference.six_items import TABLES, WORLD, conversation, with_status
from reference.tables import WorldTables
from reference.wishes import Standing

from recosim.acts import Outcome

# Unless said otherwise the target is item 1, which has 0, 1, 3; the user took items 4 and 5.


def opened(names: str, **options: Any) -> tuple[ReferenceConversation, tuple[int, ...]]:
    """A conversation, and the attributes that its request named."""
    target, user = options.get("target", 1), options.get("user", 0)
    conv = conversation(opening=None, names=names, **options)
    return conv, conv.open(user, target, options.get("split", ()))


def liking(*train: int) -> WorldTables:
    """The world, in which user 0 took some items."""
    tables = WorldTables(WORLD)
    tables.train = [list(train), []]
    return tables


# ---------------------------------------------------------------- several


def test_several_names_one_or_two_further_attributes_of_the_target() -> None:
    draws = {("opening", 0): 0, ("several", 0): 0, ("further", 0): 1}  # of 1, 3
    conv, named = opened("several", draws=draws)
    assert (named, conv.candidates, conv.status[1]) == ((0, 3), {0, 1}, 0)
    conv, named = opened("several", draws=draws | {("several", 0): 1, ("further", 1): 0})
    assert (named, conv.candidates) == ((0, 3, 1), {1})
    assert with_status(conv, 1) == {0, 1, 3}
    assert conv.opening_item is None


def test_several_names_fewer_where_there_are_no_more() -> None:
    draws = {("opening", 0): 0, ("several", 0): 1, ("further", 0): 0}
    assert opened("several", target=0, draws=draws)[1] == (0, 3)


def test_several_under_facets_names_what_is_in_no_opening_facet() -> None:
    draws = {("opening", 0): 0, ("several", 0): 1, ("further", 0): 0}
    conv, named = opened("several", question="facet", draws=draws)
    assert (named, conv.candidates, with_status(conv, -1)) == ((0, 1, 3), {1}, {2})
    assert (conv.facets_asked, conv.legal_asks()) == ({0}, {1})  # facet 1 was not asked
    assert conv.ask(1).accepted == (3,)
    assert opened("several", target=3, question="facet", draws=draws)[1] == (0, 2, 5)


def test_several_of_those_who_like_names_what_weighs_most() -> None:
    # 0 and 3 weigh 2; the lots of the opening are 0, 0, 1, 3, 3.
    draws = {("opening", 0): 2, ("several", 0): 0}
    options: dict[str, Any] = {"weighting": "liking", "tables": liking(0)}
    assert opened("several", draws=draws, **options)[1] == (1, 0)
    assert opened("several", draws=draws | {("several", 0): 1}, **options)[1] == (1, 0, 3)


def test_what_is_named_counts_for_all_that_is_chosen_after_it() -> None:
    draws = {("opening", 0): 0, ("several", 0): 0, ("further", 0): 1, ("target", 0): 0}
    conv, named = opened("several", targets=2, split=(0, 2), acceptable=32, draws=draws)
    assert (named, conv.targets, conv.rule_user.acceptable) == ((0, 3), [1, 0], [])
    # The instruction would be about 1, which the user's only one with 0 has; it is named now.
    draws |= {("further", 0): 0}
    conv, named = opened("several", standing="session", tables=liking(1), draws=draws)
    assert named == (0, 1)
    assert conv.rule_user.standing == Standing(3, wanted=True, condition=None, holds=True)
    assert conv.candidates == {1}


# ---------------------------------------------------------------- an item


def test_item_that_shares_most_with_the_target_is_named_and_no_attribute() -> None:
    conv, named = opened("item")  # item 4 shares 1, 3, item 5 shares 0
    assert (conv.opening_item, named) == (4, ())
    assert with_status(conv, 0) == {0, 1, 2, 3, 4, 5}
    assert (conv.candidates, conv.legal_asks()) == ({0, 1, 2, 3, 5}, {0, 1, 2, 3, 4, 5})
    assert opened("item", tables=liking(2, 0))[0].opening_item == 0  # the smallest id on ties
    assert opened("item", tables=liking(1, 5))[0].opening_item == 5  # the target aside
    assert opened("item", target=3, tables=liking(1, 4))[0].opening_item == 1
    assert opened("item", target=5)[0].opening_item == 4  # it shares nothing


def test_user_without_an_item_names_an_attribute() -> None:
    for names, tables in (("item", liking()), ("item", liking(1)), ("item_attribute", liking(1))):
        conv, named = opened(names, tables=tables, draws={("opening", 0): 1})
        assert (conv.opening_item, named, conv.candidates) == (None, (1,), {1, 2, 4})


def test_item_may_be_named_with_an_attribute_or_a_facet() -> None:
    conv, named = opened("item_attribute", draws={("opening", 0): 1})
    assert (conv.opening_item, named, conv.candidates) == (4, (1,), {1, 2})
    conv, named = opened("item_attribute", question="facet", draws={("opening", 0): 1})
    assert (conv.opening_item, named, conv.facets_asked) == (4, (3,), {1})
    assert conv.candidates == {0, 1}
    conv, _ = opened("item_attribute", draws={("opening", 0): 1}, tables=liking(0))
    assert (conv.opening_item, conv.candidates) == (0, {1, 2, 4})  # it was none


@pytest.mark.parametrize(
    ("names", "candidates", "acceptable", "targets"),
    [
        ("nothing", {0, 1, 2, 3, 4, 5}, [0, 2, 4, 3, 5], [1, 4, 5]),
        ("item", {0, 1, 2, 3, 5}, [0, 2, 3, 5], [1, 5]),
    ],
)
def test_item_that_is_named_is_chosen_nowhere(
    names: str, candidates: set[int], acceptable: list[int], targets: list[int]
) -> None:
    conv, _ = opened(names, acceptable=32)
    assert (conv.candidates, conv.rule_user.acceptable) == (candidates, acceptable)
    draws = {("target", 0): 0, ("target", 1): 0}
    conv, _ = opened(names, targets=3, split=(4, 5), draws=draws)
    assert conv.targets == targets


def test_nobody_changes_their_mind_to_the_item_that_they_named() -> None:
    draws = {("drift", 2): 0.0, ("wish", 2): 0}
    conv, _ = opened("item", tables=liking(0), drift=0.5, draws=draws)
    conv.ask(3)
    assert (conv.opening_item, conv.candidates) == (0, {1, 4})
    assert conv.ask(5).outcome is Outcome.YES  # item 4 has it
    assert conv.targets == [4]


def test_vector_of_the_item_is_added_in_scores_alone() -> None:
    # Items score v for this user, and <item 4, v> is 4 v.
    conv, _ = opened("item")
    assert conv.scores() == {v: 5.0 * v for v in (0, 1, 2, 3, 5)}
    assert conv.user_vector.tolist() == [1.0] + [0.0] * 7
    assert conversation().scores() == {v: float(v) for v in (0, 1, 2, 3, 5)}


def test_nothing_that_the_item_has_is_accepted() -> None:
    conv, _ = opened("item")
    assert conv.ask(5).outcome is Outcome.NO  # item 4 has it, the target has not
    assert conv.ask(1).outcome is Outcome.YES


# ---------------------------------------------------------------- nothing


@pytest.mark.parametrize(("names", "item"), [("nothing", None), ("item", 4)])
def test_where_no_attribute_is_named_all_items_are_candidates(names: str, item: int | None) -> None:
    conv, named = opened(names, musts=2)
    assert (named, conv.opening_item, conv.rule_user.musts) == ((), item, [0, 1])
    assert conv.candidates == {0, 1, 2, 3, 4, 5} - {item}
    assert conv.ask(0).outcome is Outcome.YES
    conv, named = opened(names, question="facet")
    assert (named, conv.facets_asked, conv.legal_asks()) == ((), set(), {0, 1})


def test_further_targets_need_the_musts_alone_then() -> None:
    draws = {("target", 0): 1}
    options: dict[str, Any] = {"targets": 2, "split": (2, 3, 4), "draws": draws}
    assert opened("nothing", **options)[0].targets == [1, 3]
    draws[("target", 0)] = 0
    assert opened("nothing", musts=2, **options)[0].targets == [1, 2]
    options["split"] = (3, 4)
    assert opened("nothing", musts=2, **options)[0].targets == [1]


def test_instruction_for_this_conversation_needs_an_attribute_that_is_named() -> None:
    assert opened("nothing", standing="session", tables=liking(1))[0].rule_user.standing is None
    conv, _ = opened("nothing", standing="always", tables=liking(2, 4), on_reject="remove")
    assert conv.rule_user.standing == Standing(0, wanted=False, condition=1, holds=False)
    assert len(conv.candidates) == 6


def test_item_that_shares_nothing_is_worth_nothing() -> None:
    conv, _ = opened("nothing", target=0, acceptable=32)  # item 0 has 0, 3
    assert conv.rule_user.acceptable == [1, 2, 3, 4, 5]
    assert [conv.rule_user.utility(v) for v in (0, 1, 3)] == [1.0, 1.0, 0.5]
    conv, _ = opened("nothing", target=5, acceptable=32)  # 0, 2, 4 against 1, 3, 5
    assert conv.rule_user.utility(4) == 0.0
    assert conv.rule_user.acceptable == [2, 3, 0, 1]
    assert conv.recommend([4]).outcome is Outcome.MISS


def test_utility_is_defined_for_a_new_target_without_attributes() -> None:
    tables = WorldTables(WORLD)
    tables.item_attributes[5] = set()
    draws = {("drift", 2): 0.0, ("wish", 2): 4}  # of 0, 2, 3, 4, 5
    conv, _ = opened("nothing", tables=tables, drift=0.5, acceptable=1, draws=draws)
    conv.ask(0)
    conv.status[0], conv.candidates = 2, {0, 1, 2, 3, 4, 5}  # nothing was said
    assert conv.recommend([0]).outcome is Outcome.MISS  # it has nothing in common with the target
    assert (conv.targets, conv.rule_user.acceptable) == ([5], [])
    assert [conv.rule_user.utility(v) for v in (0, 5)] == [0.0, 1.0]


# ---------------------------------------------------------------- given


@pytest.mark.parametrize("names", ["several", "item", "item_attribute", "nothing"])
def test_opening_that_is_given_is_named_and_nothing_else(names: str) -> None:
    conv = conversation(opening=3, names=names)
    assert (with_status(conv, 1), conv.opening_item) == ({3}, None)
    assert conv.candidates == {0, 1, 4}
    conv = conversation(opening=0, names=names, question="facet")
    assert (with_status(conv, 1), with_status(conv, -1)) == ({0, 1}, {2})


def test_tables_are_as_they_were() -> None:
    assert TABLES.train == [[4, 5], []]
