"""As little as can stand between an assistant's SDK and a page.

Owns the bare side of a reply: a page with a box, and a route that hands on what Anthropic's SDK streams. Invariant: it keeps
nothing and checks nothing; its page has the names and classes by which ``asking`` finds the product's box and replies.
"""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
from flask import Flask, Response, request

from assistant.providers.anthropic import MODEL

PAGE = """<!doctype html><title>Bare</title><textarea aria-label="Ask the assistant"></textarea><script>
const box = document.querySelector("textarea");
window.answering = false;
box.addEventListener("keydown", async (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  answering = true;
  const said = document.body.appendChild(document.createElement("p"));
  said.className = "prose-dense";
  const answer = await fetch("/ask", { method: "POST", body: box.value });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) said.append(piece.value);
  answering = false;
});
</script>"""


def relay() -> Flask:
    """The server, led to the service by the environment as the SDK reads it."""
    app, client = Flask("relay"), anthropic.Anthropic(max_retries=0)

    def ask() -> Response:
        prompt = request.get_data(as_text=True)

        def pieces() -> Iterator[str]:
            with client.messages.stream(
                model=MODEL, max_tokens=1_000, messages=[{"role": "user", "content": prompt}]
            ) as stream:
                yield from stream.text_stream

        return Response(pieces(), mimetype="text/plain")

    app.add_url_rule("/", "page", lambda: PAGE)
    app.add_url_rule("/ask", "ask", ask, methods=["POST"])
    return app
