"""What it costs that replies are recorded, watched and acted upon, and what the prepared assistant understands.

Owns those figures. The service is the loopback Messages API, in a process of its own; the product asks it through Anthropic's SDK.
First words stand beside the bare SDK behind a bare route, many streams beside one, a large proposal beside a small one, and what
the prepared assistant has never heard beside what it was tuned with.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page

from bench.measure import RUNS, Row, p95, row
from bench.parts.answers import LINES, PARAPHRASES, answer_ms, rates
from bench.parts.asking import accept, ask, asking_page, open_files, sandbox_files
from bench.parts.chromium import chromium
from bench.parts.crowd import sit_down
from bench.parts.serve import served
from bench.parts.service import HUNKS, STORY, changed, proposing, service
from bench.parts.streams import stream

ASKED = 20
ACCEPTED = 8
STREAMS = 50
LOOKED_UP = 200
PROVIDER = "anthropic"
Environ = Mapping[str, str]


def first_words(folder: Path, browser: Browser, environ: Environ) -> Row:
    """Beside the bare route: what the product adds, not a ratio, for that is what a person waits longer."""
    values, baselines = [], []
    with ExitStack() as stack:
        bare = stack.enter_context(served("relay", folder / "bare", environ=environ))
        product = stack.enter_context(served("product", folder / "product", RUNS, provider=PROVIDER, environ=environ))
        for links in product.links:
            with (
                asking_page(browser, bare.address, candidate=False) as bare_page,
                asking_page(browser, links["candidate"], candidate=True) as page,
            ):
                # What a server and a page do once in their lives belongs to no reply.
                ask(bare_page, STORY)
                ask(page, STORY)
                taken = [(ask(bare_page, STORY), ask(page, STORY)) for _ in range(ASKED)]
            beside, ours = p95([one for one, _ in taken]) * 1000, p95([one for _, one in taken]) * 1000
            baselines.append(beside)
            values.append(ours - beside)
    what = "p95 from Enter to a reply's first words on the screen, what the product adds to the bare SDK behind a bare Flask route"
    return row(what, "ms", values, baselines, target=60.0, bound="value")


def streams(folder: Path, environ: Environ) -> Iterator[Row]:
    with served("product", folder / "streams", STREAMS, provider=PROVIDER, environ=environ) as product:
        taken = stream(product.address, [candidate for candidate, _ in sit_down(product)], RUNS)
    lags = [(p95(one.lags) * 1000, p95(many.lags) * 1000) for one, many in taken]
    many = f"{STREAMS} replies at once at 50 tokens a second each, one process, beside one"
    what = f"p95 from a token's sending to its arrival on a socket, recorded: {many}"
    yield row(what, "ms", [ours for _, ours in lags], [one for one, _ in lags], target=200.0, bound="value")
    came = [(one.came, many.came) for one, many in taken]
    yield row(
        f"tokens that came, in order and in the recorded reply, the worst run: {many}", "%", [min(ours for _, ours in came)] * RUNS,
        [min(one for one, _ in came)] * RUNS, target=100.0, better="higher", bound="value",
    )  # fmt: skip


def accepting(folder: Path, browser: Browser, environ: Environ) -> Row:
    """Each run in an interview of its own; there and back again, so that the files stay what they were."""
    many, taken = sum(HUNKS.values()), list[dict[int, float]]()
    with served("sandboxed", folder / "sandboxed", RUNS, provider=PROVIDER, environ=environ) as product:
        for links in product.links:
            with (
                asking_page(browser, links["candidate"], candidate=True) as page,
                sandbox_files(product.address, page.url.split("/interviews/")[1].split("/")[0]) as on_disk,
            ):
                open_files(page, list(changed(many, back=False)))
                taken.append({count: p95(list(_accepted(page, count, on_disk))) * 1000 for count in (1, many)})
    what = f"p95 from accepting {many} hunks in {len(HUNKS)} files at once until log, editor and sandbox have them, beside one hunk"
    return row(what, "ms", [one[many] for one in taken], [one[1] for one in taken], target=300.0, bound="value")


def _accepted(page: Page, count: int, on_disk: Callable[[str], bytes]) -> Iterator[float]:
    for _, back in itertools.product(range(ACCEPTED // 2), (False, True)):
        ask(page, proposing(count, back))
        yield accept(page, count, changed(count, back), on_disk)


def prepared() -> Iterator[Row]:
    """Of the scripted assistant; it answers the same each time, so its shares need no second run."""
    few = LINES // 10
    taken = [(p95(answer_ms(LOOKED_UP, few)), p95(answer_ms(LOOKED_UP))) for _ in range(RUNS)]
    what = f"p95 of finding the scripted answer among {LINES} lines, beside {few}"
    yield row(what, "ms", [ours for _, ours in taken], [one for one, _ in taken], target=20.0, bound="value")
    unseen, tuned = rates(PARAPHRASES), rates(PARAPHRASES.with_stem(f"{PARAPHRASES.stem}-tuning"))
    beside = "by someone who has not seen the lines, beside those it was tuned with"
    for what, ours, one, target in (
        ("answered rightly", unseen.right, tuned.right, 85.0),
        ("off the topic and left unanswered", unseen.abstained, tuned.abstained, 90.0),
    ):
        what = f"paraphrases {what}, {beside}"
        yield row(what, "%", [100 * ours], [100 * one], target=target, better="higher", bound="value")


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, service(Path(name)) as environ:
        folder = Path(name)
        # While no browser is open beside them.
        streamed = list(streams(folder, environ))
        with chromium() as browser:
            return [first_words(folder, browser, environ), *streamed, accepting(folder, browser, environ), *prepared()]
