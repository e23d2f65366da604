"""A model's judgement of a dimension: what it is shown, what it is asked, what of its answers counts, what that may move.

Owns all of it that needs no network, so that a score replays from the log alone. Invariant: what the candidate wrote reaches a
model as data behind a mark that they could not know; an answer counts where code finds its quotes in the log; what it moves is
bounded by the rubric. Leaves out who asks (``assistant.judges``, ``commands.judge``).

``material`` is what is shown, ``prompt`` what is sent, ``answers`` what counts, ``verdict`` what comes of it, ``record`` how it
stands in the log.
"""
