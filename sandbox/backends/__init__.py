"""One way to start the agent per file; see ``sandbox.registry``."""
