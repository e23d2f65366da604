"""Figures about Pairsight, each beside a bare baseline measured in the same run.

A benchmark is one file in this folder with a module-level ``rows``; its file name is its name; ``parts/`` holds what several share.
The product never imports them. What the figures mean: ``docs/benchmarks.md``.
"""
