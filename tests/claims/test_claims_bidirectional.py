"""The sentences of practice/bidirectional-rnn that claim an effect, held against the record.

What the page says of letters is tested with the kept weights, on the validation words.
"""

import re
from functools import partial
from itertools import product

import claims
import numpy as np
import pytest
from unrolled import models
from unrolled.experiments import statistics, store
from unrolled.models import parity
from unrolled.tasks import pronunciation

says = partial(claims.says, "practice/bidirectional-rnn")
ONE, DEEP, LATE, TWO, BOTH = (
    "basic-lstm",
    "stacked-lstm",
    "look-ahead-lstm",
    "bidirectional-lstm",
    "stacked-bidirectional-lstm",
)


def wers(name, framework="pytorch"):
    """WER of each recorded run, in percent. Shape: (S,)."""
    return 100 * (store.scores(name, framework)["distances"] > 0).mean(axis=1)


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


@pytest.fixture(scope="module")
def wrong(data):
    """By model, which letters of the validation words its kept run reads wrong."""
    references = pronunciation.reference_tags(data, data.valid)
    return {
        name: pronunciation.wrong_letters(references, data, store.model(name).predict)
        for name in (ONE, LATE, TWO)
    }


@pytest.fixture(scope="module")
def by_delay():
    names = {0: ONE, 3: LATE, **{k: f"look-ahead-delay-{k}" for k in (1, 2, 4, 5)}}
    return {k: wers(names[k]).mean() for k in range(6)}


@pytest.mark.parametrize("framework", models.FRAMEWORKS)
def test_less_than_half_as_many_words_are_misread(framework):
    says("It misreads less than half as many words as a one-directional network")
    assert wers(TWO, framework).mean() < 0.5 * wers(ONE, framework).mean()
    assert wers(TWO, framework).max() < wers(ONE, framework).min() - 35


def test_the_interval_is_narrow_beside_the_gain():
    says("it is narrow beside the gain")
    gain = statistics.difference(store.scores(ONE), store.scores(TWO))
    assert gain.high - gain.low < 0.1 * gain.difference
    assert gain.odds > 10


def test_the_models_have_about_as_many_parameters():
    says("have one direction and about as many parameters as the one with two")
    table = store.table("matched")
    names = "|".join((ONE, DEEP, LATE, TWO))
    sizes = table[table["run"].str.match(rf"({names})-(pytorch|keras)-\d+$")]["parameters"]
    assert sizes.max() < 1.02 * sizes.min()


def test_depth_in_one_direction_does_nothing():
    says("More depth in one direction does nothing")
    assert wers(DEEP).mean() > wers(ONE).mean() - 0.5


def test_the_frameworks_end_at_the_same_place():
    says("of PyTorch and Keras are at most")
    for name in (ONE, DEEP, LATE, TWO):
        assert abs(wers(name).mean() - wers(name, "keras").mean()) < 1


def test_plain_cells_do_as_well_in_two_directions():
    says("The cell matters little, as long as its learning rate fits.")
    assert abs(wers("bidirectional-elman").mean() - wers(TWO).mean()) < 1.5
    says("GRUs stand at", "but at the rate that was tuned for the LSTM")
    assert wers("bidirectional-gru").mean() > wers(TWO).mean() + 2


def test_most_of_the_gain_is_a_few_letters_of_the_future(by_delay):
    says("Nine tenths of that comes from seeing the letters to the right", "four letters late")
    gain = by_delay[0] - wers(TWO).mean()
    assert 0.85 < (by_delay[0] - by_delay[4]) / gain < 0.95


def test_the_curve_of_the_delays_is_flat_at_the_end(by_delay):
    says("Then the curve is flat", "at five letters nothing more is gained")
    assert by_delay[0] - by_delay[1] > 20
    assert by_delay[1] - by_delay[2] > 5
    assert max(by_delay[k] for k in (3, 4, 5)) - min(by_delay[k] for k in (3, 4, 5)) < 1.5
    assert by_delay[5] > by_delay[4] - 0.3


def test_no_delay_reaches_two_directions(by_delay):
    says("are not in reach of any delay here")
    assert min(by_delay.values()) > wers(TWO).mean() + 2
    assert statistics.difference(store.scores(LATE), store.scores(TWO)).low > 1


def ending(name, pattern, data, framework="pytorch"):
    """The errors on the test words that match."""
    matches = [bool(re.search(pattern, word)) for word in data.test]
    return store.scores(name, framework).take(matches)


@pytest.mark.parametrize("framework", models.FRAMEWORKS)
def test_the_delay_wins_at_ed_and_es(data, framework):
    says("Words in *-ed* are misread more often with two directions", "and *-es* likewise")
    rates = {
        (name, pattern): (ending(name, pattern, data, framework)["distances"] > 0).mean()
        for name, pattern in product((LATE, TWO, BOTH), ("ed$", "es$", "ing$"))
    }
    assert rates[TWO, "ed$"] > rates[LATE, "ed$"] + 0.01
    assert rates[TWO, "es$"] > rates[LATE, "es$"] + 0.005
    assert rates[TWO, "ing$"] < rates[LATE, "ing$"] - 0.02
    says("So can a second layer, whose cells read both directions of the first")
    assert rates[BOTH, "ed$"] < rates[TWO, "ed$"] - 0.05
    assert rates[BOTH, "es$"] < rates[TWO, "es$"] - 0.05


def test_over_both_endings_it_is_more(data):
    says("over both it is", "points more, with an interval from", "wide for so few words")
    lost = statistics.difference(*(ending(name, "e[ds]$", data) for name in (TWO, LATE)))
    assert lost.difference > 1.5
    assert lost.low > -1
    assert lost.high - lost.low > 3


def test_at_the_letter_itself_it_is_plain(wrong):
    says("At the letter itself it is plain.", "although they know every letter that matters")
    late, two = (pronunciation.count(wrong[name], "e(?=d$)").wrong for name in (LATE, TWO))
    assert two > 2 * late


def test_a_second_layer_pays_in_two_directions_and_not_in_one():
    says("That is one reason why a second layer pays here, and none does in one direction.")
    assert wers(BOTH).mean() < wers(TWO).mean() - 1
    assert min(wers(n).mean() for n in (DEEP, "stacked-2-layers")) > wers(ONE).mean() - 0.7


def test_the_sum_moves_every_future_alike():
    says("it changes by the same amount before every future")

    def step(name, future):
        model = store.model(name)
        words = (model.letters.encode(f"ra{middle}e{future}")[None] for middle in "tk")
        t, k = (parity.logits(model.model, word)[0, 3] for word in words)
        return t - k

    assert np.abs(step(TWO, "d") - step(TWO, "r")).max() < 1e-4
    for name in (LATE, BOTH):
        assert np.abs(step(name, "d") - step(name, "r")).max() > 1


def percent(wrong, name, pattern):
    return pronunciation.count(wrong[name], pattern).percent


def test_the_vowels_gain_most(wrong):
    says("The vowels *a e i o u* make up", "belong to *c s n t g p*")

    def mended(pattern):
        one, two = (pronunciation.count(wrong[name], pattern).wrong for name in (ONE, TWO))
        return one - two

    assert 0.6 < mended("[aeiou]") / mended(".") < 0.75
    assert 0.2 < mended("[csntgp]") / mended(".") < 0.35
    assert mended("[aeioucsntgp]") > 0.9 * mended(".")


def test_some_letters_gain_nothing(wrong):
    says("*v*, *k* and *b* are seldom wrong even with one direction")
    assert max(percent(wrong, ONE, letter) for letter in "vkb") < 2
    says("*j* and *x* err as often with two")
    one, two = (pronunciation.count(wrong[name], "[jx]").percent for name in (ONE, TWO))
    assert two > one - 2


def test_one_direction_bets_on_the_more_frequent_sound(wrong):
    says("So it reads the *k* of *cake* right and the *k* of *knee* wrong.")
    assert percent(wrong, ONE, "(?<!^)k") < 1
    assert percent(wrong, ONE, "^k(?=n)") > 80
    assert percent(wrong, TWO, "^k(?=n)") < 20


def test_most_of_these_errors_vanish(wrong):
    says("Two directions look at the next letter, and most of these errors vanish.")
    for pattern in ("c(?=[eiy])", "c(?=k)", "s(?=h)", "p(?=h)", "t(?=ion)", "n(?=g)", "^w(?=r)"):
        assert percent(wrong, TWO, pattern) < 0.3 * percent(wrong, ONE, pattern)


def test_some_letters_need_no_future(wrong):
    says("Some letters need only the letters before them")
    assert percent(wrong, ONE, "(?<=[cspt])h") < 3
    says("and still little is gained")
    one, two, late = (percent(wrong, name, "e(?=s$)") for name in (ONE, TWO, LATE))
    assert one - two < 6
    assert late < two / 2


def test_a_part_of_what_is_more_falls_where_both_know_the_same(wrong):
    says("There a second reader is simply the better place", "The larger part falls on letters")
    more = {}
    for name, pattern in {"same": ".(?=.{0,3}$)", "further": ".(?=.{4})"}.items():
        late, two = (pronunciation.count(wrong[model], pattern).wrong for model in (LATE, TWO))
        more[name] = late - two
    assert 0.1 < more["same"] / sum(more.values()) < 0.5


def test_every_run_is_complete():
    says("eight epochs each, with several seeds in each framework")
    for suite, framework in product(("matched", "ablations"), models.FRAMEWORKS):
        for row in store.rows(suite):
            if row["framework"] == framework and store.name(row) in (ONE, DEEP, LATE, TWO, BOTH):
                assert row["recipe"]["epochs"] == 8
                assert row["recipe"]["sample"] is None
    assert len(wers(TWO)) >= 3
    assert len(wers(TWO, "keras")) >= 3
