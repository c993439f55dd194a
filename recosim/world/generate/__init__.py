"""Generated worlds: from the `[generator]` table of a data card to a `World`, without any data.

    settings.py      what a card can set
    build.py         generate_world: the steps, one after the other
    degrees.py       counts along a curve of quantiles
    attributes.py    scenes, circles and the attributes of items
    interactions.py  users, who takes what, friends, splits
    matching.py      pairing with given degrees
    names.py, words.py   a catalogue's names and texts
    statistics.py    the figures that a card can ask for, measured

Importing this package alone is cheap: opening a stored world looks at the version here.
"""

__all__ = ["GENERATOR_VERSION"]

# Goes up when the same settings give another world; worlds in the cache are then built again.
GENERATOR_VERSION = 1
