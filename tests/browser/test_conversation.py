"""The conversation on the candidate's page: what is attached, steps, waiting, the budget, and replies that mean harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.loopback.script import Answer, Script, When
from tests.loopback.server import Loopback
from tests.product import Product, wait

BUILDER = "playlists/builder.py"
MODELS = "claude-sonnet-5-5,claude-haiku-4-5"


@pytest.fixture
def service() -> Iterator[Loopback]:
    with Loopback("conversation") as running:
        yield running


def start(service: Loopback, folder: Path, mode: str = "edit", models: str = "", budget_tokens: int = 0) -> Product:
    return products.start(
        folder / "data",
        PAIRSIGHT_PROVIDER="anthropic",
        ANTHROPIC_BASE_URL=service.address,
        ANTHROPIC_API_KEY=service.player.script.key,
        PAIRSIGHT_MODE=mode,
        PAIRSIGHT_MODELS=models,
        PAIRSIGHT_BUDGET_TOKENS=str(budget_tokens),
    )


@pytest.fixture
def product(service: Loopback, tmp_path: Path) -> Iterator[Product]:
    running = start(service, tmp_path, mode="agent", models=MODELS)
    yield running
    running.stop()


def box(page: Page) -> str:
    return str(page.locator("#ask-box").input_value())


def chips(page: Page) -> list[str]:
    return [str(words) for words in page.locator(".ask .chip-label").all_inner_texts()]


def select_lines(page: Page, first: int, count: int) -> None:
    """Select whole lines of the open file by keys."""
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Control+Home")
    for _ in range(first - 1):
        page.keyboard.press("ArrowDown")
    for _ in range(count):
        page.keyboard.press("Shift+ArrowDown")
    # Up and down go by what is drawn, which may still be settling.
    page.keyboard.press("Shift+Home")


def test_what_is_attached_by_keys_alone_is_sent_and_shown(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"])
    pages.consent(page)
    pages.open_file(page, BUILDER)
    pages.in_terminal(page, "echo seen-by-nobody; seq 3")
    wait(lambda: len(pages.state(page)["commands"]) == 1, 30)
    pages.run_tests(page)
    select_lines(page, 3, 4)
    page.keyboard.press("Control+Alt+i")
    area = page.locator("#ask-box")
    expect(area).to_be_focused()
    assert chips(page) == ["builder.py 3–6"]

    page.keyboard.type("Why? @")
    listbox = page.get_by_role("listbox", name="Attach")
    expect(listbox).to_be_visible()
    assert area.get_attribute("role") == "combobox"
    assert area.get_attribute("aria-expanded") == "true"
    assert area.get_attribute("aria-activedescendant") == "mention-0"
    groups = listbox.get_by_role("group")
    assert groups.first.get_attribute("aria-label") == "Selection"
    assert {"Files", "Failing tests", "Terminal"} < {group.get_attribute("aria-label") for group in groups.all()}
    page.keyboard.press("ArrowDown")
    expect(listbox.get_by_role("option", selected=True)).to_have_attribute("id", "mention-1")
    shot(page, "mentions-1440")
    # Escape closes it and nothing else.
    page.keyboard.press("Escape")
    expect(listbox).to_be_hidden()
    assert (box(page), area.get_attribute("role")) == ("Why? @", None)

    page.keyboard.type("terminal")
    page.keyboard.press("Enter")
    assert box(page) == "Why? @terminal "
    page.keyboard.type("@reqst")
    expect(listbox.get_by_role("option").first).to_contain_text("playlists/request.py")
    page.keyboard.press("Tab")
    failing = next(test for test in pages.state(page)["runs"][-1]["tests"] if test["outcome"] in ("failed", "error"))[
        "id"
    ]
    page.keyboard.type(f"@{failing.rpartition('::')[2]}")
    page.keyboard.press("Enter")
    attached = chips(page)
    assert len(attached) == 4
    assert attached[1].startswith("Output of echo seen-by-nobody")

    # What will be sent is what is shown; the draft is there after a reload.
    page.reload()
    expect(page.locator("#ask-box")).to_have_value(re.compile("Why"))
    assert chips(page) == attached
    previews = []
    for chip in page.locator(".ask .chip-open").all():
        chip.click()
        previews.append(page.locator(".ask .chip-preview pre").inner_text())
    assert previews[1].split("\n")[1:] == ["seen-by-nobody", "1", "2", "3"]
    shot(page, "attached-1440")

    # A chip goes by a key, and the focus to the next one.
    page.locator(".ask .chip-open").nth(2).focus()
    page.keyboard.press("Delete")
    assert chips(page) == [*attached[:2], attached[3]]
    expect(page.locator(".ask .chip-open").nth(2)).to_be_focused()

    # Text that moved is still what was chosen.
    pages.type_at_start(page, "# one\n# two\n")
    expect(page.locator(".ask .chip-label").first).to_have_text("builder.py 5–8")
    page.locator("#ask-box").focus()
    page.keyboard.press("Enter")
    wait(lambda: [turn["status"] for turn in pages.state(page)["turns"]] == ["finished"])
    sent = pages.state(page)["turns"][0]["mentions"]
    assert [(one["kind"], one["line"], one["end_line"]) for one in sent] == [
        ("selection", 5, 8),
        ("terminal", 0, 0),
        ("failure", 0, 0),
    ]
    assert [one["text"].strip("\n") for one in sent] == [text.strip("\n") for text in [*previews[:2], previews[3]]]
    assert (box(page), chips(page)) == ("", [])

    watch = open_page(product.links["interviewer"])
    for shown in (page, watch):
        first = shown.locator(".said-candidate").first
        assert len(first.locator(".chip-label").all()) == 3
        first.locator(".chip-open").nth(1).click()
        expect(first.locator(".chip-preview pre")).to_contain_text("seen-by-nobody")
    expect(watch.locator(".spent")).to_contain_text("tokens")
    shot(watch, "attached-watched-1440")


def test_a_failure_a_selection_and_a_terminal_ask_about_themselves(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"])
    pages.consent(page)
    pages.open_file(page, BUILDER)
    pages.run_tests(page)
    page.locator(".test-told summary").first.click()
    page.get_by_role("button", name="Ask about this failure").first.click()
    expect(page.locator("#ask-box")).to_be_focused()
    select_lines(page, 1, 2)
    page.get_by_role("button", name="Ask about this", exact=False).filter(has_text="Ctrl").click()
    pages.in_terminal(page, "echo marked")
    wait(lambda: len(pages.state(page)["commands"]) == 1, 30)
    page.locator(".xterm-screen").click(click_count=3, position={"x": 40, "y": 8})
    page.locator("#panel-bottom").get_by_role("button", name="Ask about this", exact=True).click()
    kinds = [chip.get_attribute("aria-label") for chip in page.locator(".ask .chip-open").all()]
    assert [str(kind).split(",")[0] for kind in kinds] == ["Failure", "Selection", "Terminal"]
    expect(page.locator("#ask-box")).to_be_focused()


def test_steps_are_seen_as_they_happen_and_stopped_from_anywhere(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"], width=1024, height=768)
    pages.consent(page)
    expect(page.locator(".terms")).to_contain_text("runs tests and commands on a copy")
    shot(page, "assistant-empty-1024")
    pages.open_file(page, BUILDER)
    page.get_by_role("combobox", name="Model").select_option("claude-haiku-4-5")
    page.locator("#ask-box").fill("Please look into it")
    page.locator("#ask-box").press("Enter")
    steps = page.locator(".steps > li")
    expect(steps).to_have_count(4, timeout=30_000)
    expect(steps.nth(0)).to_contain_text("Searched for LENGTH")
    expect(steps.nth(1)).to_contain_text("Read playlists/builder.py:1–20")
    expect(steps.nth(2)).to_contain_text("did not work")
    expect(steps.nth(3)).to_contain_text(re.compile(r"Running on a copy sleep 3.*\d s", re.DOTALL))
    shot(page, "steps-under-way-1024")
    expect(steps.nth(3)).to_contain_text("Ran on a copy", timeout=60_000)
    steps.nth(3).locator("summary").click()
    expect(steps.nth(3).locator("pre").first).to_contain_text("red")
    assert "\x1b" not in steps.nth(3).inner_text()
    wait(lambda: pages.state(page)["turns"][0]["status"] == "finished")
    # In the order in which it happened.
    told = page.locator(".said-assistant").first.inner_text()
    assert told.index("I will look") < told.index("Searched for") < told.index("That is what I found.")
    shot(page, "steps-1024")
    page.get_by_text("What this took").click()
    expect(page.locator(".spent p")).to_contain_text("claude-haiku-4-5")

    page.locator("#ask-box").fill("Let us talk")
    page.locator("#ask-box").press("Enter")
    wait(lambda: pages.state(page)["turns"][-1]["reply"] != "")
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Control+Alt+.")
    expect(page.get_by_text("Stopped here, before its end.")).to_be_visible()
    expect(page.locator(".editor-host .cm-content")).to_be_focused()
    # What was chosen stays chosen.
    page.reload()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("claude-haiku-4-5")


def test_an_overloaded_service_is_said_at_once(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"])
    pages.consent(page)
    page.locator("#ask-box").fill("Are you busy?")
    page.locator("#ask-box").press("Enter")
    expect(page.locator(".said-waiting")).to_contain_text("overloaded", timeout=2_000)
    expect(page.locator(".said-waiting")).to_contain_text("It is asked again.")
    shot(page, "delayed-1440")
    expect(page.locator(".reply")).to_contain_text("Here I am after all.", timeout=20_000)


def test_a_budget_warns_and_then_says_that_it_is_used_up(service: Loopback, tmp_path: Path, open_page: Open) -> None:
    product = start(service, tmp_path, budget_tokens=1000)
    try:
        page = open_page(product.links["candidate"], width=390, height=844, scheme="dark")
        pages.consent(page)
        page.get_by_role("button", name="Assistant").first.click()
        meter = page.get_by_role("meter", name="The assistant's budget, used")
        assert meter.get_attribute("aria-valuenow") == "0"
        pages.ask(page, "Hello")
        assert meter.get_attribute("aria-valuenow") == "91"
        expect(page.locator(".budget [role=status]")).to_have_text(
            "No more than a fifth of the assistant's budget is left."
        )
        shot(page, "budget-low-390")
        pages.ask(page, "Hello again")
        expect(page.get_by_text("budget for this interview is used up")).to_be_visible()
        expect(page.locator("#ask-box")).to_be_disabled()
        shot(page, "budget-used-up-390")
    finally:
        product.stop()


TARGET = "http://attacker.invalid"
ATTACK = f"""
# Hello <script>window.harmed = 1</script>

<img src="{TARGET}/a.png" onerror="window.harmed = 2"><svg onload="window.harmed = 3"><style>@import "{TARGET}/b.css"</style>
<iframe src="{TARGET}/c"></iframe><form action="{TARGET}/d"><input name=q autofocus onfocus="window.harmed = 4"></form>
<a href="javascript:window.harmed = 5" id="app" class="button-primary" style="position:fixed;inset:0">Submit</a>
<link rel="prefetch" href="{TARGET}/e"><meta http-equiv="refresh" content="0;url={TARGET}/f"><base href="{TARGET}/">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.harmed=6&gt;">
<!-- a comment --><div ping="{TARGET}/g" data-focus="1" aria-label="x">div</div><video src="{TARGET}/h" autoplay></video>

![remote]({TARGET}/i.png) ![data](data:image/png;base64,AAAA) ![script](javascript:alert(1))

[good](https://docs.python.org/3/) [https://bank.example]({TARGET}/j?x=1) [mail](mailto:someone@example.org)
[js](javascript:window.harmed=7) [JS](JaVaScRiPt:window.harmed=8) [vb](vbscript:x) [data](data:text/html,<script>x</script>)
[file](file:///etc/passwd) [relative](/submit) [tab](java&#9;script:window.harmed=9) [spoof](https://good.example@attacker.invalid/)
<{TARGET}/k> [x]({TARGET}/l "onmouseover=1") [\u202emoc.elgoog](https://attacker.invalid/m)

```python onload=1 class=x
if role != "user\u202e \u2066# admin\u2069 \u2066":
    admin\u200b = True
```

~~~" onclick="window.harmed=10
x
~~~

- [x] done
"""
ALLOWED = re.compile(
    "(DIV|BUTTON|SPAN|BDI|H[1-6]|P|UL|OL|LI|CODE|PRE|EM|STRONG|DEL|A|BLOCKQUOTE|TABLE|THEAD|TBODY|TR|TH|TD|HR|BR)"
)
LOOK = """() => [...document.querySelectorAll(".reply, .reply *")].map((element) => ({
    tag: element.tagName, text: element.textContent,
    attributes: Object.fromEntries([...element.attributes].map(({name, value}) => [name, value])),
}))"""


def test_a_reply_that_means_harm_does_none_even_without_a_policy(chromium: Browser, tmp_path: Path) -> None:
    rules = (
        Answer(when=When(prompt="Attack"), say=ATTACK),
        Answer(when=When(prompt="One line"), say="_a" * 50_000),
        Answer(when=When(prompt="Many rows"), say=("_a" * 2_000 + "\n") * 25),
        Answer(when=When(prompt="Deep"), say="> " * 2_000 + "\n\n" + "- " * 2_000 + "\n\n" + "[" * 4_000),
        Answer(when=When(prompt="Huge"), say=("_a" * 200 + " **b** ") * 320),
    )
    with Loopback(Script(about="attacks", answers=rules)) as service:
        product = start(service, tmp_path)
        context = chromium.new_context(bypass_csp=True, viewport={"width": 1024, "height": 900})
        try:
            page = context.new_page()
            asked: list[str] = []
            context.on("request", lambda request: asked.append(request.url))
            page.goto(product.links["candidate"])
            pages.consent(page)
            pages.ask(page, "Attack")
            seen = page.evaluate(LOOK)
            shot(page, "attack-1024")
            assert "a comment" in seen[0]["text"]
            assert [one["tag"] for one in seen if not ALLOWED.fullmatch(one["tag"])] == []
            for one in seen:
                names, element = one["attributes"], one["tag"]
                assert names.keys() <= {"class", "href", "rel", "target", "title", "type"}, one
                if element == "A":
                    assert re.match("(https?|mailto):", names["href"]), one
                    assert (names["rel"], names["target"]) == ("noopener noreferrer nofollow", "_blank")
                else:
                    assert "href" not in names
            drawn = page.evaluate(
                "() => document.querySelector('.reply') && [...document.querySelectorAll('.reply')].map("
                "(root) => document.createTreeWalker(root, NodeFilter.SHOW_COMMENT).nextNode()).filter(Boolean).length"
            )
            assert drawn == 0
            links = {one["attributes"]["href"]: one["text"] for one in seen if one["tag"] == "A"}
            assert links["https://docs.python.org/3/"] == "good (docs.python.org)"
            assert links[f"{TARGET}/j?x=1"] == "https://bank.example (attacker.invalid)"
            assert links["https://good.example@attacker.invalid/"].endswith("(attacker.invalid)")
            assert links["mailto:someone@example.org"] == "mail (someone@example.org)"
            whole = seen[0]["text"]
            assert "[image from attacker.invalid, not loaded: remote]" in whole
            for sign in ("U+202E", "U+2066", "U+200B"):
                assert sign in whole
            assert page.evaluate("() => document.querySelector('.reply pre').textContent.includes('\\u202e')") is False
            page.locator(".reply a").first.hover()

            # The page is never held up for long while long replies are drawn.
            page.evaluate(
                "() => { window.held = 0; new PerformanceObserver((list) => { for (const task of list.getEntries()) "
                "window.held = Math.max(window.held, task.duration); }).observe({type: 'longtask'}); }"
            )
            for words in ("One line", "Many rows", "Deep", "Huge"):
                pages.ask(page, words)
            expect(page.locator(".reply").last).to_contain_text("_a_a_a")
            assert page.evaluate("window.held") < 2_500
            assert page.evaluate("window.harmed") is None
            assert [
                url for url in asked if not url.startswith((product.address, product.address.replace("http", "ws")))
            ] == []
        finally:
            context.close()
            product.stop()
