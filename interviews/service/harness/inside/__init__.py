"""What runs inside: ``grader`` beside the hidden tests, ``call.py`` and ``call.mjs`` beside the program under test.

Invariant: the standard library and pytest only; nothing here is imported by the server.
"""
