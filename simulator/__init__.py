"""Interviews that nobody gave: logs in the real format, made from skills, a style and a seed, to try scores on."""
