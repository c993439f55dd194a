"""Users: who answers, and how wanting turns into acting."""

from recosim.users.behaviour import Behaviour
from recosim.users.llm_settings import LLMSettings
from recosim.users.population import (
    Population,
    population,
    population_names,
    users_of_family,
)

__all__ = [
    "Behaviour",
    "LLMSettings",
    "Population",
    "population",
    "population_names",
    "users_of_family",
]
