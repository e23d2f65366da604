"""OpenAI's Chat Completions API on 127.0.0.1, as its many imitators speak it too."""
