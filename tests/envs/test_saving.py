"""Saved states are taken up by a batch of the same arguments in the same world, and by no other."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest

from recosim.acts import Moves
from recosim.envs.saving import State
from recosim.envs.setup import Setup
from recosim.errors import OptionError, WorldError
from recosim.world.catalog import open_world
from recosim.world.storage import save_world
from recosim.world.world import World, build_world

FAMILIES = {"cpr": "recosim/CPR-LastFM-Small-v0", "recoworld": "recosim/RecoWorld-LastFM-Small-v0"}
families = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(scope="module")
def world() -> World:
    return open_world("lastfm-small")


@pytest.fixture(scope="module")
def other(world: World) -> World:
    """One of the same sizes, whose items are worth something else."""
    parts = {
        name: getattr(world, name)
        for name in ("name", "item_attributes", "train", "valid", "test", "friends", "n_attributes",
                     "attribute_facet", "facet_names", "attribute_names", "item_names")
    }  # fmt: skip
    return build_world(**parts, item_quality=world.item_quality[::-1])


def played(family: str, world: World, size: int = 3, **settings: object):
    """A batch in the middle of its episodes."""
    batch = Setup.prepare(family, world=world, **settings).batch(size, threads=1)
    batch.open(seeds=np.arange(size))
    rows = batch.legal_actions()
    batch.step(
        Moves.from_flat(
            rows.argmax(1), batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons
        )
    )
    return batch


@families
def test_a_state_of_another_world_is_refused_with_both_named(family, world, other):
    vectors = Setup.prepare(family, world=world).vectors
    saved, batch = played(family, world).state(), played(family, other, estimator=vectors)
    before = batch.state()
    with pytest.raises(WorldError) as refused:
        batch.set_state(saved)
    text = str(refused.value)
    assert world.fingerprint[:12] in text
    assert other.fingerprint[:12] in text
    assert "reset(seed=...)" in text
    for name, array in batch.state().items():  # nothing was taken over
        assert array.tobytes() == before[name].tobytes()


@families
def test_a_state_goes_on_in_the_same_world(family, world):
    one, two = played(family, world), played(family, world)
    saved = pickle.loads(pickle.dumps(one.state()))
    assert isinstance(saved, State)
    assert (saved.world, saved.fingerprint) == (world.name, world.fingerprint)
    two.set_state(saved)
    two.set_state(dict(saved))  # plain arrays say nothing of their world, and are taken
    for name, array in two.state().items():
        assert array.tobytes() == saved[name].tobytes(), name


@families
def test_arrays_of_another_batch_are_refused(family, world):
    batch = played(family, world)
    before = batch.state()
    with pytest.raises(
        OptionError, match=r"seed is uint64 \(4,.* in this state, and uint64 \(3,.*number of rows"
    ):
        batch.set_state(played(family, world, 4).state())
    with pytest.raises(OptionError, match=r"shown is int32 \(3, 7\) in this state"):
        batch.set_state({**before, "shown": np.zeros((3, 7), dtype=np.int32)})
    with pytest.raises(OptionError, match="lacks mask, user;"):
        batch.set_state({k: v for k, v in before.items() if k not in ("mask", "user")})
    with pytest.raises(OptionError, match="has the unknown moods;"):
        batch.set_state({**before, "moods": np.zeros(3)})
    for name, array in batch.state().items():
        assert array.tobytes() == before[name].tobytes(), name


@families
def test_an_environment_wakes_up_in_its_own_world_alone(family, world, other, tmp_path):
    folder = tmp_path / "w"
    save_world(world, folder)
    vectors = Setup.prepare(family, world=world).vectors
    env = gym.make(FAMILIES[family], world=str(folder), estimator=vectors).unwrapped
    env.reset(seed=3)
    asleep = pickle.dumps(env)
    awake = pickle.loads(asleep)
    action = int(np.flatnonzero(env.batch.legal_actions()[0])[0])
    assert awake.step(action)[1:4] == env.step(action)[1:4]
    save_world(other, folder)
    with pytest.raises(WorldError, match=rf"saved in the world .*{world.fingerprint[:12]}"):
        pickle.loads(asleep)
