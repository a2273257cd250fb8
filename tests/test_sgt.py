import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sgt import SGT
from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.vectors.encodings import embed_sgt
from visgen.genetics.vectors.sgt import transform_fast, transform_with_package

FORAMINIFERA = (
    Path(__file__).parents[2] / "shared" / "data" / "foram_rdna" / "endless_forams_32.csv"
)
needs_foraminifera = pytest.mark.skipif(
    not FORAMINIFERA.exists(), reason=f"real data not there: {FORAMINIFERA.name}"
)
OPTIONS = {
    "engine": "fast",
    "letters": 2,
    "symbols": "overlapping",
    "kappa": 1.0,
    "length_sensitive": False,
    "scaling": "none",
}
ENGINES = pytest.mark.parametrize("transform", [transform_fast, transform_with_package])
SENSITIVE = pytest.mark.parametrize("length_sensitive", [False, True])


def by_slow_loop(codes, n_symbols, kappa, length_sensitive):
    weights, pairs = Counter(), Counter()
    for first in range(len(codes)):
        for second in range(first + 1, len(codes)):
            if codes[first] >= 0 and codes[second] >= 0:
                pair = codes[first], codes[second]
                weights[pair] += math.exp(-kappa * (second - first))
                pairs[pair] += 1
    expected = np.zeros((n_symbols, n_symbols))
    for pair, weight in weights.items():
        number = pairs[pair] / len(codes) if length_sensitive else pairs[pair]
        expected[pair] = (weight / number) ** (1 / kappa)
    return expected


def foraminifera():
    with FORAMINIFERA.open(encoding="utf-8") as file:
        rows = [
            Sequence(row["accession"], row["genus"], row["sequence"].upper())
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda sequence: len(sequence.bases))


@ENGINES
def test_four_places_equal_the_sums_by_hand(transform):
    psi = transform(np.array([0, 1, 1, 0]), 3, kappa=2.0, length_sensitive=False)
    one, two, three = (math.exp(-2 * lag) for lag in (1, 2, 3))
    expected = [
        [math.sqrt(three), math.sqrt((one + two) / 2), 0],
        [math.sqrt((two + one) / 2), math.sqrt(one), 0],
        [0, 0, 0],
    ]
    np.testing.assert_allclose(psi, expected, rtol=1e-14)


@ENGINES
def test_length_sensitive_vectors_grow_by_the_root_of_the_length(transform):
    codes = np.random.default_rng(2).integers(-1, 5, 31)  # missing symbols count as length
    plain = transform(codes, 5, kappa=2.0, length_sensitive=False)
    sensitive = transform(codes, 5, kappa=2.0, length_sensitive=True)
    np.testing.assert_allclose(sensitive, plain * math.sqrt(31), rtol=1e-14)


@SENSITIVE
@pytest.mark.parametrize("kappa", [0.5, 1.0, 2.7, 5.0])
@pytest.mark.parametrize("n_symbols", [4, 16, 64])
def test_both_engines_equal_a_slow_loop_with_and_without_missing_symbols(
    n_symbols, kappa, length_sensitive
):
    rng = np.random.default_rng(n_symbols)
    for length in (0, 1, 2, 3, 17, 61):
        for lowest in (0, -1, -n_symbols):  # no, few and about half of the symbols missing
            codes = np.maximum(rng.integers(lowest, n_symbols, length), -1)
            expected = by_slow_loop(codes.tolist(), n_symbols, kappa, length_sensitive)
            options = {"kappa": kappa, "length_sensitive": length_sensitive}
            fast = transform_fast(codes, n_symbols, **options)
            package = transform_with_package(codes, n_symbols, **options)
            np.testing.assert_allclose(fast, expected, rtol=1e-12, atol=0)
            np.testing.assert_allclose(package, expected, rtol=1e-12, atol=0)


@ENGINES
def test_sequence_of_missing_symbols_only_is_zero(transform):
    psi = transform(np.full(7, -1), 4, kappa=1.0, length_sensitive=True)
    np.testing.assert_array_equal(psi, np.zeros((4, 4)))


@pytest.mark.parametrize(("kappa", "lag"), [(0.5, 700), (1.0, 700), (5.0, 140)])
def test_far_pairs_are_not_cut_off(kappa, lag):
    codes = np.full(lag + 1, -1)
    codes[[0, -1]] = 2, 3
    psi = transform_fast(codes, 5, kappa=kappa, length_sensitive=False)
    expected = math.exp(-kappa * lag) ** (1 / kappa)
    assert expected > 0
    np.testing.assert_allclose(psi[2, 3], expected, rtol=1e-9, atol=0)
    assert np.count_nonzero(psi) == 1


@SENSITIVE
def test_vectors_equal_those_of_the_package_used_as_its_manual_says(length_sensitive):
    rng = np.random.default_rng(11)
    texts = ["".join(rng.choice(list("ACGT"), size)) for size in (53, 97, 131)]
    corpus = pd.DataFrame({"id": range(3), "sequence": [list(text) for text in texts]})
    manual = SGT(list("ACGT"), kappa=5, lengthsensitive=length_sensitive).fit_transform(corpus)
    sequences = [Sequence(f"s{i}", "taxon", text) for i, text in enumerate(texts)]
    options = OPTIONS | {"letters": 1, "kappa": 5, "length_sensitive": length_sensitive}
    vectors = embed_sgt(sequences, **options)
    np.testing.assert_allclose(vectors.values, manual.drop(columns="id"), rtol=1e-12)
    pairs = manual.columns.drop("id")
    assert list(vectors.features) == [f"{first}>{second}" for first, second in pairs]


@pytest.mark.parametrize("symbols", ["overlapping", "binned"])
@pytest.mark.parametrize("letters", [1, 2, 3])
def test_engines_agree_on_sequences_with_ambiguous_letters(letters, symbols):
    rng = np.random.default_rng(letters)
    sequences = [
        Sequence(f"s{size}", "taxon", "".join(rng.choice(list("AACCGGTTTNRY"), size)))
        for size in (5, 67, 149)
    ]
    options = OPTIONS | {"letters": letters, "symbols": symbols}
    fast = embed_sgt(sequences, **options)
    package = embed_sgt(sequences, **options | {"engine": "sgt"})
    assert fast.values.any(axis=1)[1:].all()
    np.testing.assert_allclose(fast.values, package.values, rtol=1e-12, atol=0)


def test_lags_run_across_ambiguous_letters_but_not_across_gaps():
    def a_to_c(bases):
        vectors = embed_sgt([Sequence("s", "taxon", bases)], **OPTIONS | {"letters": 1})
        return vectors.values[0, list(vectors.features).index("A>C")]

    assert a_to_c("ANNC") == pytest.approx(math.exp(-3))
    assert a_to_c("A--C") == pytest.approx(math.exp(-1))


def test_binned_words_count_lags_in_words():
    binned = embed_sgt([Sequence("s", "t", "AACCGGT")], **OPTIONS | {"symbols": "binned"})
    found = dict(zip(binned.features, binned.values[0], strict=True))
    assert {pair: value for pair, value in found.items() if value} == pytest.approx(
        {"AA>CC": math.exp(-1), "CC>GG": math.exp(-1), "AA>GG": math.exp(-2)}
    )


@pytest.mark.slow
@needs_foraminifera
@pytest.mark.parametrize("change", [{}, {"kappa": 5.0, "length_sensitive": True}, {"letters": 3}])
def test_engines_agree_on_every_twenty_third_foraminifer(change):
    sample, options = foraminifera()[::23], OPTIONS | change
    fast = embed_sgt(sample, **options).values
    package = embed_sgt(sample, **options | {"engine": "sgt"}).values
    np.testing.assert_allclose(fast, package, rtol=1e-12, atol=0)


def test_unknown_options_are_refused():
    sequences = [Sequence("s", "taxon", "ACGT")]
    for option, value, message in (
        ("engine", "slow", "engine is 'slow', expected one of fast, sgt"),
        ("letters", 4, "letters is 4, expected 1, 2 or 3"),
        ("symbols", "all", "symbols is 'all', expected overlapping or binned"),
        ("kappa", 0, "kappa is 0, expected a number above 0"),
        ("scaling", "l1", "scaling is 'l1', expected one of none, l2"),
    ):
        with pytest.raises(ValueError, match=message):
            embed_sgt(sequences, **OPTIONS | {option: value})
