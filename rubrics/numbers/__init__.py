"""Posteriors on grids, in whole numbers: the same bytes on every machine."""
