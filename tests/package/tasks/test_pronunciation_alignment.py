"""Alignment by expectation maximisation, against enumeration."""

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.tasks.pronunciation import Aligner

# A small dictionary in which every sound can be placed.
WORDS = {
    "hate": "HH EY T", "hat": "HH AE T", "fate": "F EY T", "fat": "F AE T", "fax": "F AE K S",
    "box": "B AA K S", "fox": "F AA K S", "bob": "B AA B", "hot": "HH AA T", "tax": "T AE K S",
    "that": "DH AE T", "bath": "B AE TH", "bat": "B AE T", "bate": "B EY T", "tot": "T AA T",
    "both": "B OW TH", "thaw": "TH AO", "saw": "S AO", "sat": "S AE T", "sob": "S AA B",
}  # fmt: skip
PAIRS = [(word, tuple(phonemes.split())) for word, phonemes in WORDS.items()]


def enumerate_alignments(aligner: Aligner, word: str, phonemes: tuple[str, ...]):
    """Every row of tags that spells `phonemes`, with its probability."""
    letters = [aligner.letters.index(letter) for letter in word]
    for sizes in product(range(3), repeat=len(word)):
        if sum(sizes) != len(phonemes):
            continue
        ends = np.cumsum(sizes)
        names = [
            " ".join(phonemes[end - size : end]) or "-"
            for end, size in zip(ends, sizes, strict=True)
        ]
        if all(name in aligner.tags for name in names):
            tags = [aligner.tags.index(name) for name in names]
            yield tags, math.prod(aligner.theta[x, k] for x, k in zip(letters, tags, strict=True))


def random_aligner(pairs: list, seed: int) -> Aligner:
    """The model of these words before training, with random parameters."""
    aligner = Aligner.fit(pairs, iterations=0)
    singles = {p for _, phonemes in pairs for p in phonemes}
    doubles = {" ".join(p) for _, phonemes in pairs for p in pairwise(phonemes)}
    tags = ("-", *sorted(singles), *sorted(doubles))
    theta = np.random.default_rng(seed).dirichlet(np.ones(len(tags)), len(aligner.letters))
    return Aligner(aligner.letters, tags, theta)


def expected_by_enumeration(aligner: Aligner, pairs: list) -> tuple[np.ndarray, float]:
    counts, log_likelihood = np.zeros_like(aligner.theta), 0.0
    for word, phonemes in pairs:
        rows = list(enumerate_alignments(aligner, word, phonemes))
        total = sum(p for _, p in rows)
        if total == 0:
            continue
        log_likelihood += math.log(total)
        for tags, p in rows:
            for letter, tag in zip(word, tags, strict=True):
                counts[aligner.letters.index(letter), tag] += p / total
    return counts, log_likelihood


tiny_pairs = st.lists(
    st.tuples(
        st.text("abc", min_size=1, max_size=4),
        st.lists(st.sampled_from(["P", "Q", "R"]), min_size=1, max_size=6).map(tuple),
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(pairs=tiny_pairs, seed=st.integers(0, 99))
def test_the_e_step_equals_enumeration(pairs: list, seed: int) -> None:
    aligner = random_aligner(pairs, seed)
    counts, log_likelihood = aligner.expect(list(aligner.groups(pairs)))
    expected_counts, expected = expected_by_enumeration(aligner, pairs)
    np.testing.assert_allclose(counts, expected_counts, atol=1e-12)
    assert log_likelihood == pytest.approx(expected, abs=1e-10)


@settings(deadline=None, max_examples=60)
@given(pairs=tiny_pairs, seed=st.integers(0, 99))
def test_viterbi_equals_enumeration(pairs: list, seed: int) -> None:
    aligner = random_aligner(pairs, seed)
    aligned = {}
    for places, tags in aligner.align(pairs):
        aligned |= dict(zip(places.tolist(), tags.tolist(), strict=True))
    for place, (word, phonemes) in enumerate(pairs):
        rows = list(enumerate_alignments(aligner, word, phonemes))
        if not rows:
            assert place not in aligned
        else:
            probability = {tuple(tags): p for tags, p in rows}
            best = max(probability.values())
            assert probability[tuple(aligned[place])] == pytest.approx(best, rel=1e-9)


def test_one_m_step_by_hand() -> None:
    """ab -> P: a and b each say P half of the time, so theta is 1/2 everywhere."""
    aligner = Aligner.fit([("ab", ("P",))], iterations=1)
    assert aligner.tags == ("-", "P")
    np.testing.assert_allclose(aligner.theta, [[0.5, 0.5], [0.5, 0.5]])
    # Two of four rows of tags spell P: before, with theta = 1/2, and after alike.
    assert aligner.log_likelihood == pytest.approx((math.log(0.5), math.log(0.5)))


def test_the_likelihood_never_falls() -> None:
    likelihood = Aligner.fit(PAIRS, iterations=25).log_likelihood
    assert len(likelihood) == 26
    assert all(after >= before - 1e-9 for before, after in pairwise(likelihood))
    assert likelihood[-1] > likelihood[0] + 50


@pytest.mark.parametrize(
    ("word", "tags"),
    [
        ("hate", "HH EY T -"),
        ("hat", "HH AE T"),
        ("box", "B AA K_S"),
        ("tax", "T AE K_S"),
    ],
)
def test_known_alignments(word: str, tags: str) -> None:
    aligner = Aligner.fit(PAIRS)
    ((_, aligned),) = aligner.align([(word, tuple(WORDS[word].split()))])
    assert [aligner.tags[k] for k in aligned[0]] == [tag.replace("_", " ") for tag in tags.split()]


def test_alignments_spell_the_word_and_sum_to_one() -> None:
    aligner = Aligner.fit(PAIRS)
    for places, tags in aligner.align(PAIRS):
        for place, row in zip(places, tags, strict=True):
            spelled = [p for k in row for p in aligner.tags[k].split() if p != "-"]
            assert tuple(spelled) == PAIRS[place][1]
    assert (aligner.theta.sum(1) <= 1 + 1e-12).all()


def test_rare_pairs_go_and_single_phonemes_stay() -> None:
    often = Aligner.fit(PAIRS, rare=10**9)
    seldom = Aligner.fit(PAIRS, rare=1)
    assert "K S" in often.tags
    assert not any(" " in tag for tag in seldom.tags)
    assert set(seldom.tags) == {"-"} | {p for _, phonemes in PAIRS for p in phonemes}
    ((_, aligned),) = seldom.align([("box", ("B", "AA", "K", "S"))])
    assert (aligned == -1).all(), "three letters cannot stand for four single phonemes"


def test_what_cannot_be_aligned() -> None:
    aligner = Aligner.fit(PAIRS)
    assert not list(aligner.align([("x", ("K", "S", "K"))])), "three phonemes, one letter"
    for strange in [("q", ("K",)), ("b", ("Q",))]:
        ((_, aligned),) = aligner.align([strange])
        assert (aligned == -1).all()


def test_any_alphabet() -> None:
    pairs = [("щи", ("ɕː", "i")), ("ящик", ("j", "æ", "ɕː", "ɨ", "k")), ("як", ("j", "æ", "k"))]
    aligner = Aligner.fit(pairs)
    rows = {pairs[p[0]][0]: [aligner.tags[k] for k in t[0]] for p, t in aligner.align(pairs)}
    assert rows["як"] == ["j æ", "k"]
    assert rows["ящик"] == ["j æ", "ɕː", "ɨ", "k"]


def test_very_long_words_do_not_underflow() -> None:
    long = [("ab" * 500, ("P", "Q") * 500), ("ab", ("P", "Q")), ("a", ("P",))]
    aligner = Aligner.fit(long)
    assert all(math.isfinite(value) for value in aligner.log_likelihood)
    rows = {len(tags[0]): tags[0] for _, tags in aligner.align(long)}
    spelled = " ".join(aligner.tags[k] for k in rows[1000] if k)
    assert spelled.split() == ["P", "Q"] * 500
