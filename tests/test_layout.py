"""How the code is laid out: layers, what an import costs, what is public."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import os
import pkgutil
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

import recosim
from recosim.family import families

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "recosim"

# Every layer imports only from its own line and from those above it.
LAYERS = [
    {
        "errors",
        "acts",
        "family",
        "metrics",
        "trace",
        "cards",
        "schema",
        "checked",
        "files",
        "progress",
        "cluster",
        "spread",
        "arrays",
        "standing",
        "terminal",
    },
    {"kernels"},
    {"world"},
    {"chat"},
    {"language"},
    {"users", "estimators", "retrieval"},
    {"envs"},
    {"agents"},
    {"multi"},
    {"bench"},
    {"audit"},
    {"cli"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

# Too slow to be part of `import recosim`; they come with whoever needs them.
HEAVY = [
    "numba", "llvmlite", "torch", "pyarrow", "scipy", "matplotlib", "stable_baselines3", "pandas",
    "networkx", "pydantic", "rich", "typer", "openai", "httpx2", "pettingzoo", "ray",
]  # fmt: skip

SOURCES = sorted(path for path in PACKAGE.rglob("*.py"))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache  # of the names alone: the trees of all files would fill the memory of a worker
def imported(path):
    """Every module that a file imports, anywhere in it (functions and type checking included)."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def layer_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "recosim" and len(parts) > 1 and parts[1] in RANK else None


def test_every_module_belongs_to_a_layer():
    names = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()}
    assert names - set(RANK) <= {"__init__", "__main__", "__pycache__", "py", "_cards"}


def test_layers_import_only_downwards():
    for path in SOURCES:
        own = layer_of(module_name(path))
        if own is None:  # the package itself, which looks names up in all layers
            continue
        for module in imported(path):
            layer = layer_of(module)
            assert layer is None or RANK[layer] <= RANK[own], f"{path} imports {module}"


# What serves every family: it reads `Family` records and knows none of them.
FAMILY_BLIND = sorted(
    path
    for path in SOURCES
    if module_name(path).startswith(("recosim.bench", "recosim.cli", "recosim.audit"))
    or module_name(path).removeprefix("recosim.agents.")
    in ("base", "learner", "training", "checkpoints", "registry", "usual")
)
FAMILIES = ("cpr", "critique", "recoworld", "convsim")
# Words that mean something in one family alone: its columns and metrics, as texts in the code ...
COLUMNS_OF_ONE = {
    "target", "targets", "asked", "asked_facet", "accepted", "standing", "supported", "candidates",
    "n_candidates", "hit_move", "SR",
}  # fmt: skip
# ... and its choices and methods, as attributes.
NAMES_OF_ONE = {
    "question", "first_turn", "last_turn_acts", "openings", "openings_of", "check_pair", "pool",
}  # fmt: skip


@pytest.mark.parametrize("path", FAMILY_BLIND, ids=module_name)
def test_what_serves_all_families_names_none(path):
    for module in imported(path):
        parts = module.split(".")
        assert not set(parts[2:]) & set(FAMILIES), f"{path} imports {module}"
    for node in ast.walk(parsed(path)):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value.lower() not in FAMILIES, f"{where} names the family {node.value!r}"
            assert node.value not in COLUMNS_OF_ONE, f"{where}: {node.value!r} is of one family"
        if isinstance(node, ast.Attribute):
            assert node.attr not in NAMES_OF_ONE, f"{where}: {node.attr!r} is of one family"


@cache
def folders_of_families():
    """(layer, folder) of every family inside the layers that have some."""
    found = {"/".join(path.parts[-2:]) for path in (PACKAGE / "envs").iterdir() if path.is_dir()}
    return sorted(name.split("/")[1] for name in found if not name.endswith("__pycache__"))


def test_no_family_imports_another_but_the_one_it_stands_on():
    known = {name: set(record.lineage()) for name, record in families().items()}
    for path in SOURCES:
        parts = module_name(path).split(".")
        if len(parts) < 4 or parts[1] not in ("envs", "agents"):
            continue
        for module in imported(path):
            there = module.split(".")
            ours = len(there) > 2 and there[0] == "recosim" and there[1] in ("envs", "agents")
            if ours and there[2] in folders_of_families() and there[2] != parts[2]:
                assert there[2] in known.get(parts[2], ()), f"{path} imports {module}"


def test_what_families_share_imports_none_of_them():
    """`registration` alone names those that come with RecoSim."""
    for layer in ("envs", "agents"):
        for path in (PACKAGE / layer).glob("*.py"):
            if path.name == "registration.py":
                continue
            for module in imported(path):
                there = module.split(".")
                known = len(there) > 2 and there[1] in ("envs", "agents")
                assert not (known and there[2] in folders_of_families()), f"{path}: {module}"


def test_the_page_shows_the_imports_that_there_are():
    """`make docs` draws docs/architecture.md anew."""
    spec = importlib.util.spec_from_file_location("drawn", ROOT / "docs" / "architecture.py")
    drawn = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawn)

    def arrows(text):
        rows = re.findall(r"^\| `(.+?)` \|[^|]*\|[^|]*\| (.*) \|$", text, flags=re.M)
        return {
            (box, re.sub(r" \d+", "", there))
            for box, named in rows
            for there in re.split(r"(?<=\d), ", named)
        }

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = page.split("<!-- drawn -->")[1].split("<!-- end drawn -->")[0]
    assert arrows(shown) == arrows(drawn.table())


def test_the_rules_know_nothing_of_gymnasium():
    adapters = {"env.py", "critique_env.py", "spaces.py", "observer.py"}
    folder = PACKAGE / "envs" / "cpr"
    rules = [path for path in folder.glob("*.py") if path.name not in adapters]
    assert len(rules) > 5
    for path in rules:
        for module in imported(path):
            outside = module.split(".")[0]
            assert outside not in ("gymnasium", "pettingzoo", "stable_baselines3"), path
            assert not module.startswith(("recosim.envs.cpr.env", "recosim.envs.gym_vector")), path


def test_only_the_bridge_imports_stable_baselines3():
    bridges = {
        PACKAGE / "envs" / "sb3.py",
        PACKAGE / "envs" / "conformance.py",
        PACKAGE / "agents" / "sb3_learner.py",
    }
    for path in SOURCES:
        if path not in bridges:
            assert not any(
                m.startswith(("stable_baselines3", "sb3_contrib")) for m in imported(path)
            )


def test_importing_recosim_is_light():
    code = "import sys, json, recosim; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout))
    assert "gymnasium" in loaded
    # What gymnasium itself brings along is not ours to spare.
    alone = subprocess.run(
        [sys.executable, "-c", code.replace("recosim", "gymnasium")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not loaded & set(HEAVY) - set(json.loads(alone.stdout))


def test_importing_recosim_builds_and_writes_nothing(tmp_path):
    environment = {**os.environ, "RECOSIM_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", "import recosim"], env=environment, check=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folder", ["envs", "agents", "data", "users"])
def test_card_folders_hold_no_code(folder):
    # An editable installation puts the root on sys.path: a module there would be importable.
    assert not list((ROOT / folder).rglob("*.py"))


def test_public_names_resolve_to_things_of_their_own_modules():
    assert len(set(recosim.__all__)) == len(recosim.__all__)
    for name in recosim.__all__:
        thing = getattr(recosim, name)
        assert thing.__name__ == name
        assert thing.__module__.startswith("recosim.")
        assert thing.__doc__
    assert set(recosim.__all__) <= set(dir(recosim))


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Wrold'"):
        _ = recosim.Wrold


def test_the_public_surface_is_this():
    """Adding or removing a name here is a decision, not an accident."""
    assert sorted(recosim.__all__) == [
        "Agent", "Behaviour", "CPREnv", "CPRVectorEnv", "Estimator", "LLMSettings", "Moves",
        "Population", "Protocol", "RecosimError", "Setup", "Trace", "Vectors", "Verb", "World",
        "fit_or_load", "make_agent", "open_world", "prepare_env", "register_family",
        "run_bench", "train",
    ]  # fmt: skip


def test_every_module_says_what_it_is():
    for path in SOURCES:
        assert ast.get_docstring(parsed(path)), f"{path} has no docstring"


def test_what_modules_export_exists():
    players = find_spec("pettingzoo") is not None  # the extra [marl]
    for info in pkgutil.walk_packages(recosim.__path__, "recosim."):
        if info.name in ("recosim.__main__", "recosim.envs.sb3"):
            continue
        if info.name.startswith("recosim.multi.") and not players:
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{info.name} exports {name}, which does not exist"


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_is_stated_once():
    """`pyproject.toml` reads that of the package; what cites RecoSim names the same."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in pyproject
    assert 'path = "recosim/__init__.py"' in pyproject
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {recosim.__version__}\n" in citation


def test_no_module_of_worlds_imports_one_that_imports_it():
    """Worlds know how to be a graph, and graphs nothing of worlds."""
    own = {module_name(path): set(imported(path)) for path in (PACKAGE / "world").glob("*.py")}
    for name, modules in own.items():
        for other in modules & own.keys():
            assert name not in own[other], f"{name} and {other} import each other"
