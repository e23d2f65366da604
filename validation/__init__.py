"""Whether scores can be trusted: the parts of the report that ``pairsight validate`` prints."""
