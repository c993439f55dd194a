"""PettingZoo is an extra: nothing needs it but what plays with it."""

from __future__ import annotations

import subprocess
import sys


def test_a_missing_pettingzoo_is_named_with_its_extra():
    code = """
import sys
sys.modules["pettingzoo"] = None
import recosim
from recosim.errors import MissingExtraError
try:
    from recosim.multi import pair_v0
except MissingExtraError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "recosim.multi.pair_v0 needs the package 'pettingzoo'" in run.stdout
    assert "pip install 'recosim[marl]'" in run.stdout
