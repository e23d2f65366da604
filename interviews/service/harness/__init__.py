"""Hidden tests against a program that they never share a process, a user, a disk or a container with.

Owns the way between two fresh sandboxes. The *grader* holds the hidden tests and ``inside/``; the *subject* holds a copy
of the submitted files and nothing else; ``relay`` (ours, outside both) runs in the subject what the grader asks for.
Invariant: expected values never leave the grader, and only the grader's word counts; what the subject says counts as the
answer of the program under test. Leaves out when and how often is graded (``service.grading``).
"""
