"""The ``pairsight`` command's subcommands, a module for each kind; ``app`` puts them together.

Only ``app`` imports them, and ``run``, which starts it, is there.
"""
