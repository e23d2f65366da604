"""What a log tells, read for the signals: facts, and what in words, runs and files counts as what."""
