"""Whether two questions that look alike want the same answer; pure, in English and Polish."""

from gateway.cache.verify.compare import contradict, differences, is_volatile
from gateway.cache.verify.facts import Facts, facts_of
from gateway.cache.verify.words import Lexicon

__all__ = ["Facts", "Lexicon", "contradict", "differences", "facts_of", "is_volatile"]
