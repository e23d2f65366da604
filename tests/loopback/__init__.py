"""Claude's Messages API on 127.0.0.1, so that the real SDK is what tests run."""
