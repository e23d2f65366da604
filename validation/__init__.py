"""Whether scores can be trusted: the parts of the report that ``pairsight validate`` prints."""

REAL = "real-data"
NAMES = ("recovery", "coverage", "style", "gaming", "invariance", REAL)
