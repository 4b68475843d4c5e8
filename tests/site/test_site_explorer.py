"""The explorer, used in a browser as a reader uses it."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import torch
from explorer_page import CHAPTER, LIVE, PAGE, SHOWN, TITLES, come, opened, shown, write
from playwright.sync_api import Browser, Page, expect
from unrolled.experiments import store

NAMES = ("basic-lstm", "stacked-lstm", "bidirectional-lstm", "attention-bidirectional-lstm")
ONE_WAY = TITLES[:2]


@pytest.fixture(scope="module")
def explorer(chromium: Browser, address: str) -> Iterator[Page]:
    with opened(chromium, address) as page:
        yield page


@pytest.fixture(scope="module")
def models():
    return {title: store.model(name) for title, name in zip(TITLES, NAMES, strict=True)}


def by_pytorch(model, word: str) -> list[tuple[str, str]]:
    """What PyTorch says of each letter, in the words of the page."""
    p = model.probabilities(model.letters.encode(word)[None])[0]
    tags = model.tags.decode(p.argmax(axis=-1))
    sure = [">99\u00a0%" if top >= 0.995 else f"{100 * top:.0f}\u00a0%" for top in p.max(axis=-1)]
    return [("silent" if tag == "-" else tag, how) for tag, how in zip(tags, sure, strict=True)]


@pytest.mark.parametrize("word", ["hate", "Psychology", "unrolled", "o'brien", "frobnicate"])
def test_what_is_shown_is_what_pytorch_says(explorer: Page, models, word: str) -> None:
    write(explorer, word)
    displayed = explorer.evaluate(SHOWN)
    assert list(displayed) == list(TITLES)
    for title, model in models.items():
        wanted = by_pytorch(model, word)
        assert [tag for tag, _ in displayed[title]] == [tag for tag, _ in wanted], title
        for (_, percent), (_, right) in zip(displayed[title], wanted, strict=True):
            assert abs(int(percent.strip("<>%\u00a0")) - int(right.strip("<>%\u00a0"))) <= 1


def test_the_word_is_typed_letter_by_letter(explorer: Page) -> None:
    write(explorer, "")
    for n, letter in enumerate("knight", 1):
        explorer.get_by_label("Your word").press_sequentially(letter)
        assert {len(tags) for tags in shown(explorer).values()} == {n}


def test_a_step_never_changes_what_one_direction_has_said(explorer: Page) -> None:
    write(explorer, "nation")
    whole = shown(explorer)
    head = explorer.get_by_role("slider", name="Letters read")
    head.focus()
    explorer.keyboard.press("Home")
    for read in range(1, 7):
        expect(head).to_have_attribute("aria-valuetext", re.compile(f"^{read} of 6: n"))
        waits = ["?"] * read + ["·"] * (6 - read)
        for title, tags in shown(explorer).items():
            begun = whole[title][:read] + ["·"] * (6 - read)
            assert tags == (begun if title in ONE_WAY or read == 6 else waits), (title, read)
        unread = explorer.locator(".explorer-letter.unread")
        assert unread.count() == 6 - read
        if read < 6:
            expect(explorer.locator(".explorer-progress")).to_contain_text(
                "A model in two directions waits: its backward half begins at the last letter."
            )
            assert explorer.locator(".explorer-waiting").count() == 3  # and the attention
        explorer.keyboard.press("ArrowRight")
    explorer.keyboard.press("Home")
    explorer.keyboard.press("End")
    assert shown(explorer) == whole


def test_buttons_step_too_and_stop_at_the_ends(explorer: Page) -> None:
    write(explorer, "hat")
    back, on, whole = (
        explorer.get_by_role("button", name=name)
        for name in ("Back by one letter", "Read the next letter", "Whole word")
    )
    expect(on).to_have_attribute("aria-disabled", "true")
    for read in (2, 1, 1):
        back.click(force=True)  # it is pressed once more at the first letter
        expect(explorer.locator(".explorer-progress")).to_contain_text(f"{read} of 3 letters read")
    expect(back).to_have_attribute("aria-disabled", "true")
    on.click()
    expect(explorer.locator(".explorer-progress")).to_contain_text("2 of 3 letters read")
    whole.click()
    expect(explorer.locator(".explorer-progress")).to_contain_text("All 3 letters are read.")


def test_arrow_keys_step_on_the_buttons(explorer: Page) -> None:
    write(explorer, "hat")
    explorer.get_by_role("button", name="Back by one letter").focus()
    for key, place in (("ArrowLeft", "2 of 3"), ("ArrowLeft", "1 of 3"), ("ArrowRight", "2 of 3")):
        explorer.keyboard.press(key)
        expect(explorer.locator(".explorer-progress")).to_contain_text(place)


def test_each_sound_has_an_everyday_word(explorer: Page) -> None:
    key = explorer.locator(".explorer-phonemes")
    write(explorer, "hate")
    expect(key).to_have_text("HH as in hand, AE cat, T table, EY day; \N{EN DASH} is silent")
    explorer.get_by_role("button", name="Back by one letter").click()
    expect(key).to_have_text("HH as in hand, AE cat, T table")  # what is decided
    write(explorer, "fixed")
    expect(key).to_contain_text("K king, S sun")  # both of the x


def test_letters_where_models_differ_are_marked_and_named(explorer: Page) -> None:
    write(explorer, "hate")
    letters = explorer.locator(".explorer-letter")
    assert [
        ("differs" in c) for c in letters.evaluate_all("all => all.map((x) => x.className)")
    ] == [
        False,
        True,
        False,
        False,
    ]
    mark = letters.nth(1).locator(".explorer-mark")
    assert "differ" in mark.evaluate("one => getComputedStyle(one, '::after').content")
    expect(explorer.locator(".explorer-progress")).to_contain_text(
        "The models differ at a (letter 2)."
    )
    cells = explorer.locator(".explorer-cells li.differs")
    assert cells.count() == 4
    for cell in cells.all():
        expect(cell).to_contain_text("the models differ")
    write(explorer, "hat")
    assert explorer.locator(".differs").count() == 0
    expect(explorer.locator(".explorer-progress")).to_contain_text(
        "The models agree on every letter."
    )


def test_prepared_words_say_what_to_look_at(explorer: Page) -> None:
    write(explorer, "")
    buttons = explorer.get_by_role("group", name="Words to try").get_by_role("button")
    terms = explorer.locator("unrolled-explorer dt").all_text_contents()
    assert buttons.all_text_contents() == terms
    assert {"hat", "hate", "cough", "through", "though", "read", "colonel"} <= set(terms)
    for button, word in zip(buttons.all(), terms, strict=True):
        button.click()
        expect(explorer.get_by_label("Your word")).to_have_value(word)
        expect(button).to_have_attribute("aria-pressed", "true")
        definition = explorer.locator("dt", has_text=re.compile(f"^{word}$")).locator("+ dd")
        sentence = explorer.locator(".explorer-sentence")
        assert sentence.text_content().split() == definition.text_content().split()
    write(explorer, "hatter")
    assert explorer.locator(".explorer-word[aria-pressed=true]").count() == 0


def test_prepared_words_are_held_against_the_dictionary(explorer: Page) -> None:
    write(explorer, "hate")
    expect(explorer.locator(".explorer-progress")).to_contain_text(
        "The dictionary says HH EY T (a training word)."
    )
    verdicts = explorer.locator(".explorer-compared").all_text_contents()
    assert verdicts == ["✗ not as in the dictionary"] * 2 + ["✓ as in the dictionary"] * 2
    write(explorer, "read")
    expect(explorer.locator(".explorer-progress")).to_contain_text("says R EH D or R IY D (a")
    write(explorer, "knight")
    expect(explorer.locator(".explorer-progress")).to_contain_text("(held out from training).")
    write(explorer, "frobnicate")
    expect(explorer.locator(".explorer-progress")).not_to_contain_text("dictionary")
    write(explorer, "hatter")
    expect(explorer.locator(".explorer-progress")).to_contain_text(
        "The dictionary is here for the words above only."
    )
    assert set(explorer.locator(".explorer-compared").all_text_contents()) == {""}


def forget_gates(model, word: str) -> list[str]:
    """The mean of the forget gate after each letter, in one layer and one direction."""
    letters = torch.from_numpy(model.letters.encode(word)[None])
    with torch.no_grad():
        x = model.model.embedding(letters)[0]
        h = torch.cat([torch.zeros(1, 98), model.model.recurrent(x[None])[0][0][:-1]])
        kept = model.predictor.weights()
        parts = (kept[f"recurrent.{name}"][98:196] for name in ("weight_ih", "weight_hh", "bias"))
        w, u, b = map(torch.as_tensor, parts)
        f = torch.sigmoid(x @ w.T + h @ u.T + b)
    return [f"{mean:.2f}" for mean in f.mean(dim=1)]


def test_gates_are_shown_on_request(explorer: Page, models) -> None:
    write(explorer, "hate")
    gates = explorer.get_by_label("Show the gates")
    assert explorer.locator(".explorer-row.gate").count() == 0
    gates.check()
    counted = [
        explorer.get_by_role("group", name=title, exact=True).locator(".gate").count()
        for title in TITLES
    ]
    assert counted == [3, 9, 6, 6]  # input, forget and output gate of each layer and direction
    forget = explorer.locator(".explorer-row.gate", has_text="forget gate f").first
    means = forget.locator(".explorer-means .column").all_text_contents()
    assert means == forget_gates(models["Basic LSTM"], "hate")
    key = explorer.locator(".explorer-key").last
    expect(key).to_contain_text("In a gate each square is one unit")
    gates.uncheck()
    expect(key).not_to_contain_text("In a gate")
    assert explorer.locator(".explorer-row.gate").count() == 0


def test_lines_of_attention_are_those_of_pytorch(explorer: Page, models) -> None:
    model = models["Attention LSTM"]
    letters = torch.from_numpy(model.letters.encode("knight")[None])
    with torch.no_grad():
        weights = model.model.eval().attention_weights(letters)[0].numpy()
    write(explorer, "knight")
    lines = explorer.locator(".explorer-fan path")
    drawn = lines.evaluate_all("all => all.map((line) => Number(line.dataset.from))")
    assert [drawn.count(t) for t in range(6)] == [int((row >= 0.03).sum()) for row in weights]
    label = explorer.locator(".explorer-fan").get_attribute("aria-label")
    assert re.search(r"g looks at h >99\s%;.* t looks at h >99\s%$", label)


def test_a_letter_pressed_has_its_lines_alone(explorer: Page) -> None:
    write(explorer, "knight")
    explorer.mouse.move(0, 0)
    k = explorer.get_by_role("button", name="k, letter 1")
    k.focus()
    explorer.keyboard.press("ArrowRight")
    explorer.keyboard.press("Enter")
    n = explorer.get_by_role("button", name="n, letter 2")
    expect(n).to_be_focused()
    expect(n).to_have_attribute("aria-pressed", "true")
    bright = explorer.locator(".explorer-fan path.looked")
    assert set(bright.evaluate_all("all => all.map((line) => line.dataset.from)")) == {"1"}
    assert explorer.locator("li.looked").count() == 4
    explorer.keyboard.press("Enter")
    assert explorer.locator(".looked").count() == 0
    explorer.keyboard.press("End")
    expect(explorer.get_by_role("button", name="t, letter 6")).to_be_focused()


def test_the_figures_stand_in_a_table(explorer: Page) -> None:
    write(explorer, "hate")
    explorer.get_by_text("Show as a table").click()
    table = explorer.get_by_role("table", name="What the models say of each letter, 4 of 4 letters")
    expect(table).to_be_visible()
    assert table.locator("thead th[scope=col]").all_text_contents() == ["letter", *TITLES]
    assert table.locator("tbody th[scope=row]").all_text_contents() == list("hate")
    cells = table.locator("tbody tr").nth(1).locator("td").all_text_contents()
    assert cells[0].startswith("AE 47\u00a0%, AA 22\u00a0%")
    assert "looks at a" in cells[3]
    explorer.get_by_role("button", name="Back by one letter").click()
    last = explorer.locator(".explorer-table tbody tr").nth(3).locator("td")
    assert set(last.all_text_contents()) == {"not yet read"}
    explorer.get_by_text("Show as a table").click()


def test_the_address_carries_the_word(page: Page, address: str) -> None:
    come(page, f"{address}{PAGE}#word=knight")
    box = page.get_by_label("Your word")
    expect(box).to_have_value("knight")
    page.evaluate("location.hash = '#word=caf%C3%A9'")
    expect(box).to_have_value("café")
    before = page.evaluate("history.length")
    box.fill("naïve 2")
    page.wait_for_url(f"{address}{PAGE}#word={quote('naïve 2')}")
    assert page.evaluate("history.length") == before
    page.reload()
    page.wait_for_selector(LIVE)
    expect(page.get_by_label("Your word")).to_have_value("naïve 2")
    page.evaluate("location.hash = '#word=%E0%A4%A'")  # not an encoded word
    page.get_by_label("Your word").fill("hat")
    assert len(shown(page)["Basic LSTM"]) == 3


def test_other_anchors_of_a_page_are_left_alone(page: Page, address: str) -> None:
    come(page, f"{address}{CHAPTER}#why-it-must-fail")
    expect(page.get_by_label("Your word")).to_have_value("hate")
    page.get_by_label("Your word").fill("mope")
    page.wait_for_timeout(900)
    assert page.evaluate("location.hash") == "#why-it-must-fail"
