"""Names that people type: ids, names, parts of names, lists of them."""

from __future__ import annotations

import pytest

from recosim.errors import OptionError, UnknownNameError
from recosim.language.names import find, find_all


def test_a_name_is_found_by_id_name_or_part() -> None:
    names = ["red", "dark red", "blue", "1980", "7"]
    assert find("1", names, "attribute") == 1
    assert find("A2", names, "attribute") == 2
    assert find("[a2]", names, "attribute") == 2
    assert find(" Red ", names, "attribute") == 0
    assert find("dark", names, "attribute") == 1
    assert find("bl", names, "attribute") == 2
    assert find("1980", names, "attribute") == 3
    assert find("7", names, "attribute") == 4
    assert find("1", names, "attribute", among=[1, 2]) == 1
    with pytest.raises(OptionError, match=r"fits 2 .*red \[a0\] and dark red \[a1\]"):
        find("re", names, "attribute")
    with pytest.raises(UnknownNameError, match="none of these"):
        find("0", names, "attribute", among=[1, 2])


def test_lists_of_names_keep_names_that_hold_a_comma_or_an_and() -> None:
    names = ["red", "medium, or so", "black and white", "blue"]
    assert find_all("0 3", names, "attribute") == [0, 3]
    assert find_all("a0,3", names, "attribute") == [0, 3]
    assert find_all("red and blue", names, "attribute") == [0, 3]
    assert find_all("black and white", names, "attribute") == [2]
    assert find_all("black and white, red", names, "attribute") == [2, 0]
    assert find_all("medium, or so", names, "attribute") == [1]
    with pytest.raises(OptionError, match="named twice"):
        find_all("red, red", names, "attribute")
