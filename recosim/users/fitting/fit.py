"""`fit_users`: settings of users, with their spread, from what a log tells."""

from __future__ import annotations

from recosim.errors import OptionError
from recosim.users.behaviour import SETTINGS
from recosim.users.fitting.estimates import Findings
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.leaving import fit_leaving
from recosim.users.fitting.lists import fit_lists
from recosim.users.fitting.occasions import Log
from recosim.users.fitting.rates import fit_cooperativeness, fit_rate
from recosim.users.fitting.sessions import fit_clicks, fit_shifted
from recosim.users.fitting.shares import fit_feedback, fit_opening, fit_takes

__all__ = ["fit_users"]

# Kinds of occasions whose chance is a setting.
RATES = {
    kind.name: kind.settings[0]
    for kind in KINDS.values()
    if len(kind.settings) == 1 and kind.name not in ("opens", "goes_on")
}

NO_SUCH = "no kind of log tells of it"


def fit_users(log: Log) -> Findings:
    """Fit every setting that a log tells of, by maximum likelihood.

    Settings are fitted apart from one another where their likelihood is a product: each kind of
    occasions hangs on its own settings (`recosim.users.fitting.kinds`).

    Raises:
        OptionError: the log tells of no setting at all.
    """
    own = log.occasions
    parts = [fit_rate(setting, own.get(kind)) for kind, setting in RATES.items()]
    parts += [
        fit_cooperativeness(own.get("adds")),
        fit_lists(own.get("takes_it")),
        fit_leaving(own.get("leaves")),
        fit_opening(own.get("opens")),
        fit_takes(own.get("goes_on")),
        fit_shifted("stops", own.get("stops")),
        fit_shifted("returns", own.get("returns")),
        fit_clicks(own.get("clicks")),
    ]
    found = Findings.joined(*parts)
    unsure = found.estimates.get("dont_know")
    silence = unsure.figures[0].value if unsure is not None else 0.0
    found = Findings.joined(found, fit_feedback(own.get("feeds_back"), silence))
    # What the log itself says of a setting is more than that it had no occasion.
    unknown = {**found.unknown, **{k: v for k, v in log.silent.items() if k in found.unknown}}
    for name in SETTINGS:
        if name not in found.estimates and name not in unknown:
            unknown[name] = log.silent.get(name, NO_SUCH)
    if not found.estimates:
        reasons = "; ".join(dict.fromkeys(unknown.values()))
        raise OptionError(
            f"{log.source} tells of no setting of users: {reasons}. Needed are answers to "
            "questions, replies to lists, lists with what was taken or sessions, at least ten of a "
            "kind."
        )
    return Findings(found.estimates, {name: unknown[name] for name in SETTINGS if name in unknown})
