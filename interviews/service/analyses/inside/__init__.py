"""What runs inside: ``tests.py`` beside the program under test, ``sources.py`` where no program ever ran.

Both are handed in as ``python3 -I -B -c`` at every call, so that nothing of them is on a disk that the program could write, and
speak JSON. Invariant: the standard library, pytest, coverage.py and mutmut's operators only; the server imports nothing of it.
"""
