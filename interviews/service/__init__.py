"""The use cases of an interview: what a person or the clock can make happen.

``interview`` owns the running interview, ``room`` its course and ``registry`` keeps the rooms; ``editing``, ``disk``,
``terminals`` (with ``stream``, ``flood`` and ``marks``), ``runs``, ``pairing`` (with ``mentions`` and ``reply``), ``proposals``,
``workbench`` and ``grading`` each own one kind of act, ``clock``, ``files``, ``terms`` and ``background`` what several of them
need. Everything they do ends as events in the log.
"""
