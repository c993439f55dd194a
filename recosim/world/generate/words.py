"""The words that names are made of. No real band, business or town is meant by any combination."""

from __future__ import annotations

__all__ = ["ADJECTIVES", "FORENAMES", "NOUNS", "PLURALS", "SURNAMES", "TOWN_ENDS", "TOWN_STARTS"]


def _words(text: str) -> list[str]:
    return text.split()


ADJECTIVES = _words("""
Amber Ashen Autumn Bashful Borrowed Bramble Brisk Candid Cinder Clever Clouded Cobalt Copper
Coral Crooked Curious Dapper Distant Dusky Eager Early Elder Ember Errant Faded Feathered Fickle
Folded Forgotten Frosted Gallant Gentle Gilded Ginger Glass Hazel Hidden Hollow Honest Humble
Hushed Idle Indigo Ivory Jaunty Jovial Juniper Kindred Lanky Lantern Late Lilac Linen Little
Lively Lofty Lonesome Lucky Marbled Maroon Meadow Mellow Merry Midday Minted Misty Modest Mossy
Muted Nimble Northern Oaken Ochre Open Opal Paper Patient Pebble Pepper Pewter Plaid Plucky
Polished Prairie Quiet Quilted Rambling Ready Restless Russet Rusty Saffron Salted Sandy Scarlet
Secret Shaded Silken Silver Sleepy Slow Smoky Snowy Solemn Southern Spare Spotted Stray Sunlit
Tawny Tender Tidal Timber Tin Trusty Twilight Umber Unhurried Upland Velvet Violet Wandering
Warm Western Whistling Wicker Wild Willow Windy Woven Yonder Zesty
""")

NOUNS = _words("""
Acorn Alder Anchor Anvil Apron Arbor Badger Barley Barrel Basket Beacon Bellow Birch Bobbin
Bonnet Bough Bucket Button Candle Canoe Canopy Cedar Chestnut Chimney Clover Comet Compass
Cottage Cricket Crumb Cypress Dahlia Dial Dove Drum Elm Falcon Fern Ferry Fiddle Finch Fjord
Flagstone Flute Fox Garden Garland Gate Glider Goose Grove Hammock Harbor Hare Harvest Hawthorn
Hearth Hedgehog Heron Hinge Hopper Island Jackdaw Jasmine Jetty Kestrel Kettle Kite Ladder
Lagoon Larch Lark Latch Laurel Ledger Lemon Lichen Locket Loom Lotus Lynx Magpie Mallard Mango
Maple Marble Marten Meridian Mill Minnow Monsoon Moth Mulberry Nettle Nook Nutmeg Oar Olive
Orchard Oriole Osprey Otter Oxbow Paddle Pantry Parade Parasol Peacock Pear Pelican Pendulum
Perch Pigeon Pilot Pine Plover Pocket Poplar Poppy Porch Prism Puffin Quail Quarry Quince Raft
Raven Reed Ribbon Ridge River Robin Rook Sable Sail Sparrow Spindle Spruce Starling Steeple
Stork Sundial Swallow Tambourine Tansy Teapot Tern Thimble Thistle Thrush Topaz Trellis Trout
Trumpet Tulip Turnip Turret Violin Wagon Walnut Warbler Wharf Wheel Wick Windmill Wren Yarrow
Zephyr
""")

PLURALS = _words("""
Almanacs Atlases Aviators Balconies Ballads Bicycles Bookends Bridges Caravans Carousels
Cartographers Cassettes Chandeliers Chaperones Clockmakers Constellations Corridors Couriers
Daydreams Detours Diaries Ditherers Echoes Elevators Embers Escapades Evenings Excuses Fables
Farewells Ferrymen Footnotes Furnaces Gadgets Gardeners Gondolas Harmonies Headlands Holidays
Hours Houseplants Interludes Intersections Journals Kaleidoscopes Kitchens Lamplighters Letters
Librarians Lighthouses Lullabies Machines Magnets Mariners Matinees Meadows Memories Mornings
Murmurs Neighbours Notebooks Numbers Oarsmen Oddities Outposts Overcoats Pageants Parachutes
Passengers Pastries Pedestrians Periscopes Pilgrims Pinwheels Planets Postcards Promises Puzzles
Questions Radios Railways Raincoats Rehearsals Rooftops Rumours Satellites Seasons Shadows
Signals Sketches Sleepwalkers Snapshots Sparklers Staircases Stowaways Streetlights Strollers
Suitcases Sundays Suspects Tangents Telegrams Tides Tourists Turnstiles Umbrellas Understudies
Vagabonds Verandas Viaducts Voyagers Waiters Whispers Windows Woodcutters Yawns
""")

FORENAMES = _words("""
Ada Alba Amos Anouk Arlo Astrid Basil Beata Bram Cleo Cora Dario Delia Edda Elio Enzo Esme Fenna
Fritz Greta Hugo Ida Ines Ingrid Isak Ivo Jonas Juno Kaia Lars Leni Linus Lotte Luca Mabel Maren
Milo Mina Nadia Nell Nico Noor Odile Olaf Oona Orla Oskar Otis Pia Quentin Rafi Rhea Rosa Rufus
Saskia Selma Silas Sonja Sten Tamsin Tessa Theo Tilda Ugo Vera Viggo Wanda Wim Yara Zelda
""")

SURNAMES = _words("""
Abernook Alderbeck Arkwell Ashgrove Balderry Bellweather Birkenholt Blythewood Brackenridge
Brambleby Calloway-Finch Carrowmere Clearwater-Lund Coldbrook Copperfen Cranmoor Dellacorte
Drummerby Eastlake Elmhurst-Vane Everdell Fairhollow Fallowby Fenwright Foxglove Galloway-Reed
Glenmarrow Goldthorn Greenlaw-Moss Halloran-Pike Harrowgate Hazelwick Heathermoor Hollowell
Islebrook Kestrelmann Kingsley-Rowe Larkspur Lindqvist-Hale Lockmere Maplewood-Thorn Marrowby
Meadowcroft Millbrand Moonstone Northwick Oakhollow Oldacre-Wynn Pemberwick Pinecroft
Quillfeather Ravensby Redfern-Cole Rivermont Rookwood-Lane Sablewright Silverlake Sorrelby
Stonewell Summerford Tamarind Thistlewood Underhill-Grey Valebrook Wainfleet-Moor Westerby
Whitlock-Ames Wildermere Windlebrook Yarrowgate
""")

TOWN_STARTS = _words("""
Albr Arv Bex Brav Calv Cor Dal Dorv Elb Esk Falv Fenn Gar Grel Halv Hesk Iv Jar Kel Korv Lav Lom
Marv Mell Nar Norv Orv Ost Pel Pras Quell Rav Rosk Salv Sorr Tal Torv Ulv Vel Vosk Walv Yel Zarn
""")

TOWN_ENDS = _words("""
adale amere andra aport aquay aridge asola atera avista ehaven eloch endal enmoor erland esund
ewick inbay ingate ivar ombra onfall orel osta ovale undar
""")
