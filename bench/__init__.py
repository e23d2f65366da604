"""Figures about Pairsight, each beside a bare baseline measured in the same run.

A benchmark is one file in this folder with a module-level ``rows``; its file name is its name. The product never imports them.
"""
