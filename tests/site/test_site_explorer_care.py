"""The explorer with care: odd words, missing files, no JavaScript, and every reader."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from explorer_page import CHAPTER, LIVE, NARROW, PAGE, WIDE, come, opened, shown, write
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def explorer(chromium: Browser, address: str) -> Iterator[Page]:
    with opened(chromium, address) as page:
        yield page


def test_one_summary_of_each_word_is_announced(explorer: Page) -> None:
    write(explorer, "")
    explorer.wait_for_timeout(800)
    explorer.evaluate("""() => {
        window.heard = [];
        const live = document.querySelectorAll("unrolled-explorer [aria-live]");
        if (live.length !== 1) window.heard.push(`${live.length} live regions`);
        new MutationObserver(() => window.heard.push(live[0].textContent))
          .observe(live[0], {childList: true, characterData: true, subtree: true});
    }""")
    explorer.get_by_label("Your word").press_sequentially("hate", delay=40)
    explorer.get_by_role("button", name="Back by one letter").click()
    explorer.wait_for_timeout(900)
    (heard,) = explorer.evaluate("window.heard")
    assert heard.startswith("hate. Basic LSTM: HH AE T silent. Stacked LSTM: HH AE T silent.")
    assert "Attention LSTM: HH EY T silent." in heard


@pytest.mark.parametrize(
    ("word", "letters", "answer"),
    [
        ("", 0, "Type a word"),
        ("  \t ", 0, "Type a word"),
        ("a" * 10_000, 50, "Only the first 50 letters are read; the word has 10,000."),
        ("café", 4, "The models do not know"),
        ("👍🏽", 2, "The models know none of these letters"),
        ("👩‍👧", 3, "The models know none of these letters"),
        ("שלום", 4, "in the order in which they are written"),
        ("new york", 8, "This is read as one word. The models do not know the space."),
        ("<img src=x>", 11, "The models do not know"),
        ("constructor", 11, "Step back through the word"),  # JavaScript has one of its own
    ],
    ids=[
        "empty",
        "blank",
        "long",
        "accent",
        "emoji",
        "joined",
        "right-to-left",
        "signs",
        "markup",
        "own",
    ],
)
def test_whatever_is_typed_gets_a_calm_answer(
    explorer: Page, word: str, letters: int, answer: str
) -> None:
    write(explorer, word)
    expect(explorer.locator(".explorer-sentence")).to_contain_text(answer)
    assert explorer.locator(".explorer-letter").count() == letters
    assert {len(tags) for tags in shown(explorer).values()} <= {letters}
    assert explorer.locator(".explorer-figure").is_visible() == bool(letters)
    assert explorer.locator(".explorer-live img").count() == 0
    unknown = explorer.locator(".explorer-letter.unknown")
    for one in unknown.all()[:3]:
        assert "unknown letter" in one.get_attribute("aria-label")
    assert explorer.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_word_is_said_letter_by_letter_where_one_has_to_be_named(explorer: Page) -> None:
    write(explorer, "new york")
    expect(explorer.locator("[aria-live]")).to_contain_text("n e w space y o r k.")
    write(explorer, "a" * 60)
    expect(explorer.locator(".explorer-progress")).to_contain_text("The first 50 letters are read.")


def test_the_link_can_be_copied_twice(explorer: Page) -> None:
    write(explorer, "hat")
    explorer.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = explorer.get_by_role("button", name="copy link")
    shown_while = explorer.get_by_role("button", name="copied")
    copy.click()
    shown_while.click()
    expect(copy).to_be_visible()
    assert explorer.evaluate("navigator.clipboard.readText()").endswith("#word=hat")
    explorer.wait_for_timeout(2200)  # until the second click's time is over
    expect(copy).to_be_visible()


def test_a_model_whose_weights_are_missing_says_so(page: Page, address: str) -> None:
    page.route("**/stacked-lstm.safetensors", lambda route: route.abort())
    come(page, address + PAGE)
    expect(page.locator(".explorer-fault")).to_have_text(
        re.compile(r"This model cannot be shown: .*stacked-lstm\.safetensors.*\.")
    )
    by_model = shown(page)
    assert by_model.pop("Stacked LSTM") == []
    assert [len(tags) for tags in by_model.values()] == [4, 4, 4]
    page.get_by_label("Your word").fill("hat")
    assert len(shown(page)["Basic LSTM"]) == 3


def test_no_weights_at_all_leave_a_page_that_works(page: Page, address: str) -> None:
    page.route("**/weights/**", lambda route: route.abort())
    come(page, address + PAGE)
    assert page.locator(".explorer-fault").count() == 4
    page.get_by_label("Your word").fill("hat")
    assert page.locator(".explorer-letter").count() == 3


def test_without_javascript_a_picture_stands_there(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PAGE)
    picture = page.locator("unrolled-explorer svg[role=img]")
    expect(picture).to_be_visible()
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "Basic LSTM: h HH 97%, a AE 47%" in picture.get_attribute("aria-label")
    expect(page.locator("unrolled-explorer dt").first).to_be_visible()
    expect(page.locator(".explorer-note")).to_contain_text("make serve")
    context.close()


def test_a_page_from_the_disk_keeps_the_picture(page: Page, site) -> None:
    page.goto((site / PAGE).as_uri())
    page.wait_for_timeout(300)
    expect(page.locator("unrolled-explorer svg[role=img]")).to_be_visible()
    expect(page.locator(".explorer-note")).to_contain_text("make serve")
    assert page.locator(LIVE).count() == 0


def test_paper_gets_the_picture(explorer: Page) -> None:
    explorer.emulate_media(media="print")
    expect(explorer.locator(".explorer-live")).to_be_hidden()
    expect(explorer.locator(".explorer-prepared svg[role=img]")).to_be_visible()
    explorer.emulate_media(media="screen")
    expect(explorer.locator(".explorer-prepared")).to_be_hidden()


def test_nothing_is_fetched_before_the_reader_comes_near(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split(address)[-1]))
    page.goto(address + CHAPTER)
    page.wait_for_load_state("load")
    page.wait_for_timeout(500)
    ours = [url for url in asked if url.startswith("live/")]
    wanted = ["explorer.css", "figure.css", "loader.mjs"]
    assert sorted(ours) == [f"live/explorer/{name}" for name in wanted]
    page.locator("unrolled-explorer").scroll_into_view_if_needed()
    page.wait_for_selector(LIVE)
    weights = [url for url in asked if "/weights/" in url]
    assert weights == ["live/weights/basic-elman.safetensors"]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_moves_when_it_comes_to_life(page: Page, address: str, size: dict) -> None:
    page.set_viewport_size(size)
    page.add_init_script("""window.moved = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((one) => {
          const ours = one.sources.some(({node}) => node?.parentElement?.closest("article"));
          if (ours) window.moved += one.value;
        })).observe({type: "layout-shift", buffered: true});""")
    page.goto(address + PAGE)
    before = page.evaluate("document.querySelector('unrolled-explorer').offsetHeight")
    page.wait_for_selector(LIVE)
    page.wait_for_timeout(300)
    after = page.evaluate("document.querySelector('unrolled-explorer').offsetHeight")
    assert page.evaluate("window.moved") < 0.02
    assert abs(after - before) < 40


def test_motion_is_reduced_on_request(explorer: Page) -> None:
    write(explorer, "hate")
    durations = """() => [...new Set([...document.querySelectorAll("unrolled-explorer *")]
        .map((one) => getComputedStyle(one))
        .flatMap((style) => [style.transitionDuration, style.animationDuration]))]"""
    assert len(explorer.evaluate(durations)) > 1
    explorer.emulate_media(reduced_motion="reduce")
    assert explorer.evaluate(durations) == ["0s"]
    explorer.emulate_media(reduced_motion="no-preference")


def test_the_keyboard_reaches_everything_and_gets_out(explorer: Page) -> None:
    write(explorer, "hat")
    explorer.get_by_label("Your word").focus()
    reached = []
    for _ in range(40):
        explorer.keyboard.press("Tab")
        inside, name = explorer.evaluate("""() => {
            const at = document.activeElement;
            const label = at.getAttribute("aria-label") ?? at.closest("label")?.textContent.trim();
            return [!!at.closest("unrolled-explorer"), label ?? at.textContent];
        }""")
        if not inside:
            break
        reached.append(name)
    assert not inside
    wanted = ["copy link", "hat", "Back by one letter", "h, letter 1", "Letters read"]
    places = [reached.index(name) for name in [*wanted, "Show the gates", "Show as a table"]]
    assert places == sorted(places)
    assert "a, letter 2" not in reached  # one stop for the group, arrows within it


def test_targets_are_large_enough(explorer: Page) -> None:
    write(explorer, "hat")
    small = explorer.evaluate("""() => [...document.querySelectorAll(".explorer-live " +
        ":is(button, input:not([type=checkbox]), label:has([type=checkbox]), summary)")]
        .map((one) => [one.className || one.tagName, one.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)""")
    assert small == []


def grave(page: Page) -> list[str]:
    violations = Axe().run(page, context="unrolled-explorer").response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_grave(explorer: Page, scheme: str, size: dict) -> None:
    explorer.emulate_media(color_scheme=scheme)
    explorer.set_viewport_size(size)
    write(explorer, "naïve")
    assert grave(explorer) == []
    explorer.get_by_label("Show the gates").check()
    explorer.get_by_text("Show as a table").click()
    explorer.get_by_role("button", name="Back by one letter").click()
    explorer.get_by_role("button", name="n, letter 1").click()
    assert grave(explorer) == []
    assert explorer.evaluate("document.documentElement.scrollWidth <= innerWidth")
    explorer.get_by_label("Show the gates").uncheck()
    explorer.get_by_text("Show as a table").click()
    explorer.emulate_media(color_scheme="light")
    explorer.set_viewport_size(WIDE)


def test_axe_would_find_it(explorer: Page) -> None:
    write(explorer, "hat")
    head = explorer.locator(".explorer-head")
    head.evaluate("one => one.removeAttribute('aria-label')")
    assert [fault.split(":")[0] for fault in grave(explorer)] == ["label"]
    head.evaluate("one => one.setAttribute('aria-label', 'Letters read')")
