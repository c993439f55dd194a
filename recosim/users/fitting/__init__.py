"""Fitting users to logs: settings with their spread, from what people or users did.

`log_of_dialogues`, `log_of_choices` and `log_of_sessions` make a `Log`, and so does the family of
a trace (`Family.evidence`); `fit_users` fits it, `judge` holds the fit against conversations that
it has not seen, `select` chooses the informative part of a log, `write_card` writes a population.
"""

from recosim.users.fitting.card import card_text, check_card_path, write_card
from recosim.users.fitting.estimates import Estimate, Figure, Findings
from recosim.users.fitting.fit import fit_users
from recosim.users.fitting.from_choices import log_of_choices
from recosim.users.fitting.from_dialogues import log_of_dialogues
from recosim.users.fitting.from_sessions import log_of_sessions
from recosim.users.fitting.judging import MODELS, Held, judge
from recosim.users.fitting.occasions import Gathering, Log, Occasions
from recosim.users.fitting.scoring import Score
from recosim.users.fitting.selecting import Selection, select

__all__ = [
    "MODELS",
    "Estimate",
    "Figure",
    "Findings",
    "Gathering",
    "Held",
    "Log",
    "Occasions",
    "Score",
    "Selection",
    "card_text",
    "check_card_path",
    "fit_users",
    "judge",
    "log_of_choices",
    "log_of_dialogues",
    "log_of_sessions",
    "select",
    "write_card",
]
