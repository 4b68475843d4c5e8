"""Which letter stands for which phonemes: alignment by expectation maximisation.

Each letter x_i of a word takes a tag z_i: zero, one or two phonemes. The model is

    p(y, z | x) = prod_i theta[x_i, z_i],    sum_k theta[x, k] = 1,

over all tag sequences whose phonemes, joined, are the pronunciation y = y_1 .. y_m.

E step. With n letters and m phonemes, let y(j, s) be the tag of the s phonemes that end at j:

    alpha[0, 0] = 1,    alpha[i, j] = sum_s alpha[i-1, j-s] theta[x_i, y(j, s)],    s = 0, 1, 2,
    beta[n, m]  = 1,    beta[i-1, j] = sum_s theta[x_i, y(j+s, s)] beta[i, j+s],
    p(y | x)    = alpha[n, m],
    gamma[i, j, s] = alpha[i-1, j-s] theta[x_i, y(j, s)] beta[i, j] / p(y | x),

where gamma is the probability that letter i takes the s phonemes that end at j. M step:

    theta[x, k] = C[x, k] / sum_k' C[x, k'],    C[x, k] = sum of the gamma of letter x and tag k.

All words with the same n and m are processed at once, as arrays (N, n+1, m+1). Each row
alpha[i, :] and beta[i, :] is scaled to sum to 1, so that long words do not underflow.

Source: S. Jiampojamarn, G. Kondrak and T. Sherif, Applying many-to-many alignments and hidden
Markov models to letter-to-phoneme conversion, NAACL-HLT 2007; here with one letter per tag.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unrolled.tasks.pronunciation.dictionary import SILENT, Pronunciation

Pair = tuple[str, Pronunciation]  # a word and one of its pronunciations
ITERATIONS = 10
DOUBLE_START = 0.1  # the weight of a pair of phonemes at the start; 1 for all other tags
RARE = 50_000  # a tag of two phonemes stays if it takes at least one letter in this many
_CELLS = 1 << 20  # the most cells (N, n, m) processed at once


@dataclass(frozen=True)
class Aligner:
    """A fitted model of which letter stands for which phonemes.

    Args:
        letters: the rows of `theta`.
        tags: its columns: "-", then the single phonemes, then pairs of phonemes.
        theta: p(tag | letter). Shape: (letters, tags).
        log_likelihood: of the words, before each iteration and after the last.
    """

    letters: tuple[str, ...]
    tags: tuple[str, ...]
    theta: np.ndarray
    log_likelihood: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls, pairs: Sequence[Pair], iterations: int = ITERATIONS, rare: int = RARE
    ) -> "Aligner":
        """Fit theta by expectation maximisation, then drop rare tags.

        Every letter starts alike. A pair of phonemes starts at a tenth of the weight of the other
        tags, so that it needs evidence.

        "-" and the single phonemes are always kept. A pair of phonemes is kept if the best
        alignments use it for at least one letter in `rare`; in a dictionary with fewer letters
        than that, one use is enough.

        Args:
            pairs: the training words, one entry for each pronunciation.
            iterations: the number of E and M steps.
            rare: see above.
        """
        aligner, likelihoods = cls._start(pairs), []
        groups = list(aligner.groups(pairs))
        for _ in range(iterations):
            counts, likelihood = aligner.expect(groups)
            likelihoods.append(likelihood)
            totals = counts.sum(1, keepdims=True)
            theta = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
            aligner = cls(aligner.letters, aligner.tags, theta)
        likelihoods.append(aligner.expect(groups)[1])
        return aligner._without_rare_tags(groups, rare, tuple(likelihoods))

    @classmethod
    def _start(cls, pairs: Sequence[Pair]) -> "Aligner":
        letters = tuple(sorted({letter for word, _ in pairs for letter in word}))
        singles = sorted({p for _, phonemes in pairs for p in phonemes})
        doubles = sorted({pair for _, phonemes in pairs for pair in pairwise(phonemes)})
        tags = (SILENT, *singles, *map(" ".join, doubles))
        start = np.array([1.0] * (1 + len(singles)) + [DOUBLE_START] * len(doubles))
        return cls(letters, tags, np.tile(start / start.sum(), (len(letters), 1)))

    def _without_rare_tags(
        self, groups: list["_Group"], rare: int, likelihoods: tuple[float, ...]
    ) -> "Aligner":
        used = np.zeros(len(self.tags))
        for group in groups:
            best = group.viterbi(self.theta)
            used += np.bincount(best[best >= 0], minlength=len(self.tags))
        stays = used >= max(1, used.sum() / rare)
        stays |= np.array([" " not in tag for tag in self.tags])
        tags = tuple(tag for tag, keep in zip(self.tags, stays, strict=True) if keep)
        return Aligner(self.letters, tags, self.theta[:, stays], likelihoods)

    def expect(self, groups: Sequence["_Group"]) -> tuple[np.ndarray, float]:
        """The E step: expected counts C (letters, tags) and the log-likelihood of all words."""
        counts, likelihood = np.zeros_like(self.theta), 0.0
        for group in groups:
            likelihood += group.expect(self.theta, counts)
        return counts, likelihood

    def align(self, pairs: Sequence[Pair]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The most probable tags of each word (Viterbi).

        Words with more than two phonemes per letter are skipped. A word with letters or phonemes
        that were not in the fitted words cannot be aligned.

        Shape: yields, for all words with the same numbers of letters n and phonemes, their places
            in `pairs` (N,) and their tags (N, n), a row of -1 where there is no alignment.
        """
        for group in self.groups(pairs):
            yield group.places, group.viterbi(self.theta)

    def groups(self, pairs: Sequence[Pair]) -> Iterator["_Group"]:
        """The words by numbers of letters and phonemes, without those with too many phonemes."""
        letter_ids = {letter: i for i, letter in enumerate(self.letters)}
        tag_ids = {tag: i for i, tag in enumerate(self.tags)}
        by_shape: dict[tuple[int, int], list[int]] = {}
        for place, (word, phonemes) in enumerate(pairs):
            by_shape.setdefault((len(word), len(phonemes)), []).append(place)
        for (n, m), all_places in sorted(by_shape.items()):
            if m > 2 * n:
                continue
            step = max(1, _CELLS // (n * (m + 1)))
            for start in range(0, len(all_places), step):
                places = all_places[start : start + step]
                chosen = [pairs[place] for place in places]
                x = [[letter_ids.get(letter, -1) for letter in word] for word, _ in chosen]
                y1 = [[tag_ids.get(p, -1) for p in phonemes] for _, phonemes in chosen]
                y2 = [[tag_ids.get(" ".join(p), -1) for p in pairwise(y)] for _, y in chosen]
                yield _Group(
                    np.array(places),
                    np.array(x, dtype=np.intp).reshape(len(chosen), n),
                    np.array(y1, dtype=np.intp).reshape(len(chosen), m),
                    np.array(y2, dtype=np.intp).reshape(len(chosen), max(m - 1, 0)),
                )


@dataclass(frozen=True)
class _Group:
    """Words of one shape: places (N,), letters x (N, n), phonemes y1 (N, m), pairs y2 (N, m-1)."""

    places: np.ndarray
    x: np.ndarray
    y1: np.ndarray
    y2: np.ndarray

    def emissions(self, theta: np.ndarray) -> list[np.ndarray]:
        """theta[x_i, y(j, s)] for s = 0, 1, 2; 0 for letters and tags not in theta.

        Shape: (N, n, 1), (N, n, m), (N, n, m-1); the columns of the last two end at j = s, s+1, ..
        """
        x = self.x[:, :, None]
        tags = [np.zeros((1, 1, 1), np.intp), self.y1[:, None, :], self.y2[:, None, :]]
        return [np.where((x >= 0) & (y >= 0), theta[x, y], 0.0) for y in tags]

    def forward(self, emissions: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """alpha, each row scaled to sum to 1, and log p(y | x), -inf if there is no alignment.

        Shape: (N, n+1, m+1) and (N,).
        """
        (size, n), m = self.x.shape, self.y1.shape[1]
        alpha, scales = np.zeros((size, n + 1, m + 1)), np.ones((size, n))
        alpha[:, 0, 0] = 1
        for i in range(n):
            for s, emission in enumerate(emissions):
                if s <= m:
                    alpha[:, i + 1, s:] += alpha[:, i, : m + 1 - s] * emission[:, i]
            scales[:, i] = _rescale(alpha[:, i + 1])
        with np.errstate(divide="ignore"):
            return alpha, np.log(scales).sum(1) + np.log(alpha[:, n, m])

    def backward(self, emissions: list[np.ndarray]) -> np.ndarray:
        """beta, each row scaled to sum to 1. Shape: (N, n+1, m+1)."""
        (size, n), m = self.x.shape, self.y1.shape[1]
        beta = np.zeros((size, n + 1, m + 1))
        beta[:, n, m] = 1
        for i in reversed(range(n)):
            for s, emission in enumerate(emissions):
                if s <= m:
                    beta[:, i, : m + 1 - s] += emission[:, i] * beta[:, i + 1, s:]
            _rescale(beta[:, i])
        return beta

    def posteriors(self, theta: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """The gamma for s = 0, 1, 2, each (N, n, m+1-s), and log p(y | x) (N,)."""
        emissions = self.emissions(theta)
        (alpha, log_p), beta = self.forward(emissions), self.backward(emissions)
        m = self.y1.shape[1]
        gamma = [
            alpha[:, :-1, : m + 1 - s] * emission * beta[:, 1:, s:]
            for s, emission in enumerate(emissions)
            if s <= m
        ]
        totals = sum(g.sum(2, keepdims=True) for g in gamma)  # (N, n, 1)
        ok = (totals > 0) & np.isfinite(log_p)[:, None, None]
        return [np.divide(g, totals, out=np.zeros_like(g), where=ok) for g in gamma], log_p

    def expect(self, theta: np.ndarray, counts: np.ndarray) -> float:
        """Add the expected counts of these words to `counts`; return their log-likelihood."""
        gamma, log_p = self.posteriors(theta)
        x = self.x[:, :, None]
        tags = [np.zeros((1, 1, 1), np.intp), self.y1[:, None, :], self.y2[:, None, :]]
        for g, y in zip(gamma, tags, strict=False):
            cells = np.broadcast_to(x * counts.shape[1] + y, g.shape)
            counts += np.bincount(cells.ravel(), g.ravel(), counts.size).reshape(counts.shape)
        return float(log_p[np.isfinite(log_p)].sum())

    def viterbi(self, theta: np.ndarray) -> np.ndarray:
        """The most probable tags, -1 where there is no alignment; ties go to fewer phonemes.

        Shape: (N, n).
        """
        (size, n), m = self.x.shape, self.y1.shape[1]
        with np.errstate(divide="ignore"):
            logs = [np.log(emission) for emission in self.emissions(theta)]
        best = np.full((size, m + 1), -np.inf)
        best[:, 0] = 0
        steps = np.zeros((size, n, m + 1), np.intp)  # how many phonemes letter i takes, ending at j
        for i in range(n):
            options = np.full((3, size, m + 1), -np.inf)
            for s in range(min(3, m + 1)):
                options[s, :, s:] = best[:, : m + 1 - s] + logs[s][:, i]
            steps[:, i], best = options.argmax(0), options.max(0)
        return self._trace(steps, np.isfinite(best[:, m]))

    def _trace(self, steps: np.ndarray, possible: np.ndarray) -> np.ndarray:
        (size, n), rows = self.x.shape, np.arange(len(self.x))
        tags, j = np.full((size, n), -1, np.int32), np.full(size, self.y1.shape[1])
        sources = [np.zeros((size, 1), np.intp), self.y1, self.y2]
        for i in reversed(range(n)):
            step = steps[rows, i, j]
            for s, source in enumerate(sources):
                chosen = np.flatnonzero(possible & (step == s))
                tags[chosen, i] = source[chosen, j[chosen] - s] if s else 0
            j = j - np.where(possible, step, 0)
        return tags


def _rescale(rows: np.ndarray) -> np.ndarray:
    """Divide each row (N, m+1) by its sum, in place; return the sums (N,). A row of 0 stays."""
    sums: np.ndarray = rows.sum(1)
    rows /= np.where(sums > 0, sums, 1)[:, None]
    return sums
