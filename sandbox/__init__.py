"""Where candidates' code runs: the port, the agent inside, one backend a file."""
