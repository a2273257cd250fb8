import numpy as np
import pandas as pd
import pytest
from recognition_study import SEEDS, VARIANTS, specimens, split, write_study
from visgen.metrics import DIFFERENCE, EXPECTED, metrics_table, over_seeds
from visgen.shares import wilson
from visgen.tables import of_rank, read_table, write_table
from visgen.visual_genetic.recognition.alignment import find_aligned, score_alignment, that_decide
from visgen.visual_genetic.recognition.chance import MOST_FREQUENT, UNIFORM, score_chance
from visgen.visual_genetic.recognition.comparisons import (
    base_variants,
    first_pairs,
    main_pair,
    references,
)
from visgen.visual_genetic.recognition.evaluators import (
    by_neighbours,
    chosen_evaluator,
    is_validated,
    neighbours_of,
)
from visgen.visual_genetic.recognition.hits import METRICS, count_hits, score_hits, taxa_of
from visgen.visual_genetic.recognition.nulls import PERMUTED, against_permuted, shares_of_runs
from visgen.visual_genetic.recognition.runs import (
    Found,
    Run,
    collect_runs,
    read_by_name,
    read_run,
    run_of,
    training_images,
)
from visgen.visual_genetic.recognition.scoring import choose_neighbours, score_recognition
from visgen.visual_genetic.recognition.species import TAXA_COLUMNS, tabulate_species

TAIL, HEAD, BOOTSTRAPS = 16, 20, 67


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return images, training numbers, paths, what was collected of them, and scores."""
    given = write_study(tmp_path_factory.mktemp("study"))
    images = specimens().set_index("id")
    n_train = {seed: training_images(images, split(specimens(), seed), "species") for seed in SEEDS}
    found = collect_runs(given["predictions"], n_train, TAIL, HEAD)
    limits = {"tail": TAIL, "head": HEAD, "bootstraps": BOOTSTRAPS}
    rows = score_recognition(found, images, n_train, VARIANTS, **limits)
    return images, n_train, given, found, rows


def shares_by_hand(table, n_train):
    """Accuracy, and means over taxa, of rows with truth and predicted."""
    right, of_taxon = 0, {}
    for truth, predicted in zip(table["truth"], table["predicted"], strict=True):
        right += truth == predicted
        of_taxon.setdefault(truth, []).append(truth == predicted)
    means = {taxon: sum(hits) / len(hits) for taxon, hits in of_taxon.items()}

    def over(chosen):
        return sum(chosen) / len(chosen)

    return {
        "accuracy": right / len(table),
        "balanced_accuracy": over(list(means.values())),
        "tail_accuracy": over([m for taxon, m in means.items() if n_train[taxon] < TAIL]),
        "head_accuracy": over([m for taxon, m in means.items() if n_train[taxon] > HEAD]),
    }


def pick(rows, role=None, **labels):
    """Rows of a role, scores where none is given."""
    labels["role"] = role
    return [row for row in rows if all(row.get(key) == v for key, v in labels.items())]


@pytest.mark.parametrize(("variant", "evaluator"), [("wd", "knn_5"), ("wd_sgt", "anchor")])
@pytest.mark.parametrize("part", ["val", "test"])
def test_scores_are_those_of_a_plain_loop(study, variant, evaluator, part):
    _, n_train, given, _, rows = study
    (path,) = (p for p in given["predictions"] if run_of(p)[1:] == (variant, 2))
    table = read_run(path)
    table = table[(table["permutation"] == 0) & (table["evaluator"] == evaluator)]
    expected = shares_by_hand(table[table["part"] == part], n_train[2])
    labels = {"variant": variant, "evaluator": evaluator, "part": part, "seed": 2}
    found = {row["metric"]: row["value"] for row in pick(rows, **labels)}
    assert found == pytest.approx(expected)
    assert set(found) == set(METRICS)


def test_n_counts_specimens_of_the_taxa_that_count(study):
    images, n_train, _, found, rows = study
    (table,) = (t for run, t in found.real.items() if run[1:] == ("wd", 1))
    table = table[(table["part"] == "test") & (table["evaluator"] == "head")]
    of_images = images.loc[table["id"], "specimen"]
    in_tail = table["truth"].map(n_train[1]) < TAIL
    labels = {"variant": "wd", "evaluator": "head", "part": "test", "seed": 1}
    n = {row["metric"]: row["n"] for row in pick(rows, **labels)}
    assert n["accuracy"] == n["balanced_accuracy"] == of_images.nunique()
    assert n["tail_accuracy"] == of_images[in_tail.to_numpy()].nunique() < n["accuracy"]


def test_differences_are_paired_with_the_regime_that_is_not_aligned(study):
    rows = study[-1]
    differences = pick(rows, DIFFERENCE, evaluator="knn_1", against="wd", metric="tail_accuracy")
    assert {(row["variant"], row["part"], row["seed"]) for row in differences} == {
        ("wd_sgt", "test", 1), ("wd_sgt", "test", 2),
    }  # fmt: skip
    for row in differences:
        labels = {"evaluator": "knn_1", "part": "test", "seed": row["seed"]}
        labels["metric"] = "tail_accuracy"
        one, other = (pick(rows, variant=v, **labels)[0] for v in ("wd_sgt", "wd"))
        assert row["value"] == pytest.approx(one["value"] - other["value"])
        assert row["ci_low"] < row["value"] < row["ci_high"]
    assert not pick(rows, DIFFERENCE, evaluator="anchor", against="wd")
    assert {row["anchors"] for row in differences} == {"sgt"}


def test_differences_are_paired_with_all_of_the_regime_that_learned_less(study):
    images, n_train, _, found, _ = study
    learned = {"wd": "projection", "more": "supervised", "wd_sgt": "anchors", "seen": "features"}
    variants = {
        name: {"regime": "wd", "anchors": None, "stage2": stage2, "sampling": "natural"}
        for name, stage2 in learned.items()
    }
    variants["even"] = variants["more"] | {"sampling": "balanced"}
    tables = {run.variant: table for run, table in found.real.items() if run.seed == 1}
    tables |= {"more": tables["control"], "seen": tables["wd"], "even": tables["wd"]}
    del tables["control"]
    real = {Run("visual_genetic", name, 1): table for name, table in tables.items()}
    rows = score_recognition(
        Found(real, {}), images, n_train, variants, tail=TAIL, head=HEAD, bootstraps=5
    )
    differences = pick(rows, DIFFERENCE, evaluator="head", metric="balanced_accuracy")
    assert {(row["variant"], row["against"]) for row in differences} == {
        ("wd", "seen"),
        *(("more", base) for base in ("wd", "seen")),
        *(("even", base) for base in ("wd", "seen")),
        *(("wd_sgt", base) for base in ("wd", "seen", "more")),
    }
    labels = {"evaluator": "head", "metric": "balanced_accuracy", "part": "test"}
    values = {name: pick(rows, variant=name, **labels)[0]["value"] for name in tables}
    for row in differences:
        expected = values[row["variant"]] - values[row["against"]]
        assert row["value"] == pytest.approx(expected)
    assert values["more"] != values["wd"] != values["wd_sgt"]


def test_interval_of_a_difference_is_of_the_same_samples():
    """Two evaluators that are right on the same images differ by nothing in every sample."""
    taxa = pd.Index(["a", "b", "c"])
    truth = pd.Series(np.repeat(taxa, 7))
    predicted = truth.where(np.arange(21) % 3 > 0, "b")
    found = pd.DataFrame({"truth": truth, "predicted": predicted})
    people = pd.Series([f"s{i // 2}" for i in range(21)])
    hits = {name: count_hits(found, people, taxa) for name in ("one", "other")}
    counted = taxa_of(pd.Series([3, 5, 7], taxa), 4, 6)
    scores, differences = score_hits(
        hits, counted, truth, people, pairs=[("one", "other")], bootstraps=41, seed=1
    )
    for row in differences["one", "other"]:
        assert (row["value"], row["ci_low"], row["ci_high"]) == (0, 0, 0)
    assert scores["one"] == scores["other"]


def test_interval_widens_as_images_share_specimens():
    taxa = pd.Index(["a", "b"])
    found = pd.DataFrame({"truth": ["a"] * 60 + ["b"] * 60})
    found["predicted"] = np.where(np.arange(120) // 6 % 2, found["truth"], "x")
    counted = taxa_of(pd.Series([2, 2], taxa), 3, 5)
    widths = []
    for per_specimen in (1, 6):
        people = pd.Series([f"s{i // per_specimen}" for i in range(120)])
        scores, _ = score_hits(
            {"one": count_hits(found, people, taxa)}, counted, found["truth"], people,
            pairs=[], bootstraps=300, seed=1,
        )  # fmt: skip
        row = next(row for row in scores["one"] if row["metric"] == "balanced_accuracy")
        assert row["value"] == 0.5
        widths.append(row["ci_high"] - row["ci_low"])
    assert widths[1] > 1.8 * widths[0]  # √6 = 2.4 in the limit


def test_a_mean_of_taxa_with_single_specimens_has_no_interval():
    taxa = pd.Index(["a", "b", "c"])
    found = pd.DataFrame({"truth": ["a", "b", "c", "c"], "predicted": ["a", "c", "c", "b"]})
    people = pd.Series(["s1", "s2", "s3", "s4"])
    counted = taxa_of(pd.Series([1, 1, 9], taxa), 5, 8)
    scores, _ = score_hits(
        {"one": count_hits(found, people, taxa)}, counted, found["truth"], people,
        pairs=[], bootstraps=41, seed=1,
    )  # fmt: skip
    rows = {row["metric"]: row for row in scores["one"]}
    assert rows["balanced_accuracy"]["value"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert np.isnan(rows["balanced_accuracy"]["ci_low"])
    assert np.isnan(rows["tail_accuracy"]["ci_high"])
    assert rows["accuracy"]["ci_low"] < rows["accuracy"]["ci_high"]
    assert (rows["tail_accuracy"]["n"], rows["head_accuracy"]["n"]) == (2, 2)


def test_a_size_that_no_taxon_has_gets_no_row(study):
    images, n_train, given, _, _ = study
    found = collect_runs(given["predictions"][:1], n_train, 1, 10_000)
    limits = {"tail": 1, "head": 10_000, "bootstraps": 5}
    rows = score_recognition(found, images, n_train, VARIANTS, **limits)
    assert {row["metric"] for row in rows} == {"accuracy", "balanced_accuracy", "neighbours"}


def test_taxa_at_a_limit_are_neither_tail_nor_head():
    counted = taxa_of(pd.Series([11, 12, 13, 20, 21]), 12, 20)
    assert counted["tail_accuracy"].tolist() == [True, False, False, False, False]
    assert counted["head_accuracy"].tolist() == [False, False, False, False, True]


def test_images_of_a_taxon_without_training_images_are_left_out(study):
    images, n_train, given, _, _ = study
    fewer = {seed: n.drop("Ea b") for seed, n in n_train.items()}
    found = collect_runs(given["predictions"], fewer, TAIL, HEAD)
    assert all("Ea b" not in set(table["truth"]) for table in found.real.values())
    assert "Ea b" not in set(tabulate_species(found, images, fewer)["taxon"])


def test_variants_with_other_images_are_refused(study):
    images, n_train, _, found, _ = study
    (run,) = (run for run in found.real if run[1:] == ("wd_sgt", 1))
    table = found.real[run]
    first = sorted(table.loc[table["part"] == "test", "id"])[0]
    others = found._replace(real=found.real | {run: table[table["id"] != first]})
    message = rf"variant wd_sgt, seed 1: .* expected the same ones; they differ in {first}"
    with pytest.raises(ValueError, match=message):
        score_recognition(others, images, n_train, VARIANTS, tail=9, head=20, bootstraps=5)


def test_a_study_in_which_nothing_is_recognised_has_a_choice_and_no_score(study):
    images, n_train, _, found, _ = study
    nothing = {run: table[:0] for run, table in found.real.items()}
    shares = {run: shares[:0] for run, shares in found.shares.items()}
    rows = score_recognition(
        Found(nothing, shares), images, n_train, VARIANTS, tail=TAIL, head=HEAD, bootstraps=5
    )
    assert [(row["metric"], row["n"]) for row in rows] == [("neighbours", 0)]


# --- chance ---


def test_chance_by_hand():
    """Two images of the common taxon, four of another, one each of two rare ones."""
    truth = pd.Series(["b", "b", "c", "c", "c", "c", "a", "d"])
    n_train = pd.Series({"e": 31, "b": 31, "c": 13, "a": 2, "d": 3})
    rows = score_chance(truth, n_train, tail=5, head=20)
    assert all((row["role"], row["n"]) == (EXPECTED, 8) for row in rows)
    found = {(row["against"], row["metric"]): row["value"] for row in rows}
    # Of b and e, which have as many, the first; e has no image to be right of.
    assert found == pytest.approx(
        {(UNIFORM, metric): 0.2 for metric in METRICS}
        | {
            (MOST_FREQUENT, "accuracy"): 0.25,
            (MOST_FREQUENT, "balanced_accuracy"): 0.25,
            (MOST_FREQUENT, "tail_accuracy"): 0,
            (MOST_FREQUENT, "head_accuracy"): 1,
        }
    )


def test_chance_of_sizes_that_no_taxon_has_gets_no_row():
    rows = score_chance(pd.Series(["a", "b"]), pd.Series({"a": 9, "b": 7}), tail=5, head=20)
    assert {row["metric"] for row in rows} == {"accuracy", "balanced_accuracy"}


def test_chance_stands_beside_every_seed_on_test(study):
    _, n_train, _, found, rows = study
    chance = [row for row in rows if row.get("against") in (UNIFORM, MOST_FREQUENT)]
    assert len(chance) == 2 * 2 * len(METRICS)
    for row in chance:
        assert (row["variant"], row["anchors"], row["part"]) == (None, None, "test")
        assert "evaluator" not in row
    for seed in SEEDS:
        (table,) = (t for run, t in found.real.items() if run[1:] == ("wd", seed))
        table = table[(table["part"] == "test") & (table["evaluator"] == "head")]
        most = table.assign(predicted=n_train[seed].idxmax())
        of_seed = [row for row in chance if row["seed"] == seed]
        by_name = {
            against: {r["metric"]: r["value"] for r in of_seed if r["against"] == against}
            for against in (UNIFORM, MOST_FREQUENT)
        }
        assert by_name[MOST_FREQUENT] == pytest.approx(shares_by_hand(most, n_train[seed]))
        assert by_name[UNIFORM] == pytest.approx(dict.fromkeys(METRICS, 1 / 13))
        assert {row["n"] for row in of_seed} == {len(table)}


# --- images of taxa ---


def test_images_of_validation_count_where_training_sees_the_taxon():
    rows = [
        *(("a", part) for part in ("train", "val", "test", "val")),
        *(("b", part) for part in ("test", "train")),
        *(("c", part) for part in ("val", "val")),  # never trained with
        *((None, part) for part in ("train", "val")),
    ]
    table = pd.DataFrame(rows, columns=["species", "part"], index=list("qwertyuiop"))
    found = training_images(table, table["part"].sample(frac=1, random_state=1), "species")
    assert found.to_dict() == {"a": 3, "b": 1}
    assert list(found.index) == ["a", "b"]


# --- whether alignment moved images ---


def history_of(rows):
    columns = ["seed", "permutation", "step", "part", "n_images", "own_cosine"]
    return pd.DataFrame(rows, columns=[*columns, "nearest_other_cosine"])


def test_scores_of_alignment_are_of_the_last_step_and_of_both_parts():
    """Two seeds, one of which has no image for validation; permutations end apart."""
    validated = [
        (2, 0, 0, "val", 7, 0.1, 0.3), (2, 0, 50, "train", 31, 0.9, 0.2),
        (2, 0, 50, "val", 7, 0.8, 0.25), (2, 0, 9, "val", 7, 0.99, 0.0),
        (2, 1, 50, "val", 7, 0.5, 0.4), (2, 2, 50, "val", 7, 0.3, 0.6),
        (2, 2, 0, "val", 7, -1.0, 1.0), (2, 2, 50, "train", 31, 0.9, 0.2),
        (2, 1, 50, "train", 31, 0.5, 0.4),
    ]  # fmt: skip
    trained = [(3, 0, 50, "train", 29, 0.7, 0.1), (3, 0, 0, "train", 29, 0.2, 0.1)]
    rows = score_alignment({"a": history_of(validated), "b": history_of(trained)})
    assert all(row["evaluator"] == "alignment" for row in rows)
    own = [(r["variant"], r["seed"], r["part"], r["metric"], r["value"], r["n"]) for r in rows]
    nulls = [row for row in rows if row.get("role")]
    assert [row for row, of in zip(own, rows, strict=True) if of not in nulls] == [
        ("a", 2, "train", "own_cosine", 0.9, 31),
        ("a", 2, "train", "nearest_other_cosine", 0.2, 31),
        ("a", 2, "train", "nearer_to_own", 1.0, 31),
        ("a", 2, "val", "own_cosine", 0.8, 7),
        ("a", 2, "val", "nearest_other_cosine", 0.25, 7),
        ("a", 2, "val", "nearer_to_own", 1.0, 7),
        ("b", 3, "train", "own_cosine", 0.7, 29),
        ("b", 3, "train", "nearest_other_cosine", 0.1, 29),
        ("b", 3, "train", "nearer_to_own", 1.0, 29),
    ]
    keys = ("variant", "metric", "role", "against", "n", "n_permutations")
    assert [tuple(row[key] for key in keys) for row in nulls] == [
        ("a", "own_cosine", EXPECTED, PERMUTED, 31, 2),
        ("a", "nearest_other_cosine", EXPECTED, PERMUTED, 31, 2),
        ("a", "nearer_to_own", EXPECTED, PERMUTED, 31, 2),
        ("a", "own_cosine", EXPECTED, PERMUTED, 7, 2),
        ("a", "nearest_other_cosine", EXPECTED, PERMUTED, 7, 2),
        ("a", "nearer_to_own", EXPECTED, PERMUTED, 7, 2),
    ]
    ends = [[row[key] for key in ("value", "ci_low", "ci_high")] for row in nulls]
    of_train = [[0.7, 0.5, 0.9], [0.3, 0.2, 0.4], [1, 1, 1]]
    assert np.allclose(ends, [*of_train, [0.4, 0.3, 0.5], [0.5, 0.4, 0.6], [0.5, 0, 1]])


def test_validation_decides_where_there_is_any():
    on_training = history_of([(1, 0, 9, "train", 7, 0.9, 0.1)])
    on_both = history_of([(1, 0, 9, "train", 7, 0.9, 0.1), (1, 0, 9, "val", 7, 0.1, 0.9)])
    scores = metrics_table(score_alignment({"a": on_training, "b": on_both}))
    assert find_aligned(scores) == {"a": True, "b": False}
    assert that_decide(scores).groupby("variant")["part"].unique().str[0].to_dict() == {
        "a": "train", "b": "val",
    }  # fmt: skip


def test_a_variant_that_learned_nothing_has_no_score_of_alignment():
    assert score_alignment({"a": history_of([]), "b": history_of([])}) == []
    assert find_aligned(metrics_table([])) == {}


def test_what_lies_nearer_to_its_own_anchor_in_every_seed_is_aligned():
    ends = {
        "moved": [(1, 0.8, 0.7), (2, 0.6, 0.5)],
        "once": [(1, 0.8, 0.7), (2, 0.1, 0.2)],
        "level": [(1, 0.5, 0.5)],
        "lost": [(1, 0.1, 0.2)],
    }
    histories = {
        name: history_of(
            [
                row
                for seed, own, other in of_seeds
                for row in (
                    (seed, 0, 9, "val", 7, own, other),
                    (seed, 0, 9, "train", 7, 0.9, 0.1),
                    # Permuted anchors may be reached: it says nothing of the real ones.
                    (seed, 1, 9, "val", 7, 0.9, 0.1),
                )
            ]
        )
        for name, of_seeds in ends.items()
    }
    scores = metrics_table(score_alignment(histories))
    expected = {"level": False, "lost": False, "moved": True, "once": False}
    assert find_aligned(scores) == expected


# --- the null ---


def test_p_counts_permuted_runs_that_are_no_worse():
    """Means over seeds: real 0.7; permuted 0.6, 0.7, 0.8 and 0.5; two of four are no worse."""
    shares = {1: [0.8, 0.5, 0.7, 0.7, 0.5], 2: [0.6, 0.7, 0.7, 0.9, 0.5]}
    runs = {
        seed: pd.DataFrame(
            {"permutation": range(5), "evaluator": "head", "metric": "accuracy", "value": values}
        )
        for seed, values in shares.items()
    }
    scores = [{"evaluator": "head", "metric": "accuracy", "n": n} for n in (23, 17)]
    null, gain = against_permuted(runs, scores, "variant a")
    assert (null["role"], gain["role"]) == (EXPECTED, DIFFERENCE)
    for row in (null, gain):
        labels = [row[key] for key in ("evaluator", "metric", "against")]
        assert labels == ["head", "accuracy", "permuted_anchors"]
        assert (row["n"], row["n_permutations"]) == (17, 4)
    assert gain["p"] == pytest.approx((1 + 2) / (4 + 1))
    assert gain["value"] == pytest.approx(0.7 - 0.65)
    assert (null["value"], null["ci_low"], null["ci_high"]) == pytest.approx((0.65, 0.5, 0.8))
    assert "p" not in null


def test_best_p_is_one_in_permutations_and_one(study):
    rows = pick(study[-1], DIFFERENCE, evaluator="knn_5", against=PERMUTED, metric="accuracy")
    assert [(row["variant"], row["p"]) for row in rows] == [("wd_sgt", 1 / 8)]
    assert "seed" not in rows[0]


def test_shares_of_permuted_runs_are_those_of_a_plain_loop(study):
    _, n_train, given, found, _ = study
    (path,) = (p for p in given["predictions"] if run_of(p)[1:] == ("wd_sgt", 1))
    table = read_run(path)
    of_run = table[(table["permutation"] == 5) & (table["evaluator"] == "head")]
    expected = shares_by_hand(of_run[of_run["part"] == "test"], n_train[1])
    shares = found.shares[run_of(path)]
    shares = shares[(shares["permutation"] == 5) & (shares["evaluator"] == "head")]
    assert shares.set_index("metric")["value"].to_dict() == pytest.approx(expected)


def test_real_run_has_the_same_score_in_null_and_table(study):
    _, _, _, found, rows = study
    for run, shares in found.shares.items():
        real = shares[shares["permutation"] == 0].set_index(["evaluator", "metric"])["value"]
        for (evaluator, metric), value in real.items():
            labels = {"variant": run.variant, "evaluator": evaluator, "seed": run.seed}
            (row,) = pick(rows, part="test", metric=metric, **labels)
            assert row["value"] == pytest.approx(value)


def test_seeds_with_other_permutations_are_refused():
    table = pd.DataFrame(
        {"permutation": [0, 1], "evaluator": "head", "metric": "accuracy", "value": 0.5}
    )
    message = "variant a: seed 2 has 0 permutations of the anchors, seed 1 1; expected the same"
    with pytest.raises(ValueError, match=message):
        against_permuted({1: table, 2: table[:1]}, [], "variant a")


def test_no_images_are_not_tested():
    table = pd.DataFrame(columns=["permutation", "evaluator", "metric", "value"])
    assert against_permuted({1: table, 2: table}, [], "variant a") == []


def test_without_permutations_there_is_no_null(study):
    assert not pick(study[-1], EXPECTED, variant="wd")
    empty = shares_of_runs(
        pd.DataFrame({"permutation": 0, "evaluator": "head", "truth": ["a"], "predicted": ["a"]}),
        {},
    )
    assert against_permuted({1: empty}, [], "a") == []


# --- species, choices, comparisons ---


def test_species_table_has_every_trained_taxon_with_wilson_limits(study):
    images, n_train, _, found, _ = study
    table = tabulate_species(found, images, n_train)
    assert list(table.columns) == TAXA_COLUMNS
    assert len(table) == 2 * 13 * (3 + 3 + 4)
    row = table[(table["taxon"] == "Ea a") & (table["variant"] == "wd")].iloc[0]
    real = next(t for run, t in found.real.items() if run[1:] == ("wd", row["seed"]))
    own = real[(real["truth"] == "Ea a") & (real["part"] == "test") & (real["evaluator"] == "head")]
    assert row["evaluator"] == "head"
    hit = own["truth"] == own["predicted"]
    of_specimen = hit.groupby(images.loc[own["id"], "specimen"].to_numpy()).mean()
    assert row["accuracy"] == pytest.approx(hit.mean())
    assert (row["n_test_images"], row["n_test_specimens"]) == (len(own), len(of_specimen))
    limits = wilson(of_specimen.mean(), len(of_specimen))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(limits)


def cell(part, evaluator, metric, value, n=31):
    return {"part": part, "evaluator": evaluator, "metric": metric, "value": value, "n": n}


def test_neighbours_are_chosen_on_validation_alone():
    rows = [
        cell("val", "knn_1", "balanced_accuracy", 0.6), cell("val", "head", "balanced_accuracy", 1),
        cell("val", "knn_5", "balanced_accuracy", 0.8), cell("val", "knn_1", "accuracy", 0.99),
        cell("val", "knn_5", "balanced_accuracy", 0.5, n=29),
        cell("test", "knn_1", "balanced_accuracy", 0.99, n=7),
    ]  # fmt: skip
    assert choose_neighbours(rows) == cell("val", "knn", "neighbours", 5, n=29)
    level = [cell("val", f"knn_{k}", "balanced_accuracy", 0.5) for k in (20, 5, 1)]
    assert choose_neighbours(level)["value"] == 1


def test_without_a_score_on_validation_the_nearest_image_is_shown(study):
    images, n_train, _, found, _ = study
    nothing = cell("val", "knn", "neighbours", 1, n=0)
    assert choose_neighbours([cell("val", "head", "balanced_accuracy", 1)]) == nothing
    untried = {run: table[table["part"] == "test"] for run, table in found.real.items()}
    limits = {"tail": TAIL, "head": HEAD, "bootstraps": 5}
    rows = score_recognition(found._replace(real=untried), images, n_train, VARIANTS, **limits)
    assert rows[-1] == nothing
    assert not is_validated(metrics_table(rows)) and is_validated(metrics_table(study[-1]))


def test_chosen_number_is_read_where_it_was_scored(study):
    rows = study[-1]
    table = metrics_table(rows)
    (k,) = (row["value"] for row in rows if row["metric"] == "neighbours")
    assert chosen_evaluator(table) == chosen_evaluator(over_seeds(table)) == by_neighbours(k)
    assert k == choose_neighbours(pick(rows, part="val"))["value"]
    with pytest.raises(ValueError, match="found 0 numbers of neighbours, not 1"):
        chosen_evaluator(table[table["part"] == "test"])


def test_names_tell_how_many_neighbours_vote():
    names = ["knn_1", "knn_20", "knn", "head", "anchor"]
    assert [neighbours_of(name) for name in names] == [1, 20, None, None, None]


def variants_of(*rows):
    """Return variants by name from (name, regime, stage2, sampling, permutations)."""
    keys = ("regime", "stage2", "sampling", "permutations")
    return {name: dict(zip(keys, options, strict=True)) for name, *options in rows}


def test_aligned_variants_are_compared_within_their_regime():
    variants = variants_of(
        ("wd", "wd", "projection", None, 0),
        ("again", "wd", "projection", None, 0),
        ("wd_raw", "wd", "anchors", "natural", 0),
        ("wd_sgt", "wd", "anchors", "natural", 19),
        ("naive_sgt", "naive", "anchors", "natural", 99),
    )
    assert base_variants(variants) == {"wd_raw": "wd", "wd_sgt": "wd"}
    assert first_pairs(variants) == [("wd", "wd_sgt")]
    assert main_pair(variants) == ("wd", "wd_sgt")
    assert main_pair({"wd": variants["wd"]}) is None


def test_supervised_learning_that_differs_in_nothing_else_comes_first():
    learning = {"regime": "wd", "anchors": None, "permutations": 0, "sampling": "natural"}
    variants = {
        "more": learning | {"stage2": "supervised", "weight_decay": 0.0, "schedule": "cosine"},
        "less": learning | {"stage2": "supervised", "weight_decay": 0.1, "schedule": "cosine"},
        "real": learning | {"stage2": "anchors", "weight_decay": 0.1, "schedule": "cosine"},
        "even": learning | {"stage2": "anchors", "weight_decay": 0.0, "schedule": "cosine"},
    }
    assert references(variants)["real"] == ["less", "more"]
    assert references(variants)["even"] == ["more", "less"]


def test_a_seed_without_answers_is_left_out_of_the_test_against_permuted_anchors():
    shares = pd.DataFrame({
        "permutation": [0, 1, 2, 3], "evaluator": "head", "metric": "accuracy",
        "value": [0.9, 0.5, 0.6, 0.4],
    })  # fmt: skip
    own = [{"evaluator": "head", "metric": "accuracy", "n": 7}]
    for runs in ({1: shares}, {1: shares, 2: shares.iloc[:0]}):
        null, gain = against_permuted(runs, own, "real")
        assert null["value"] == pytest.approx(0.5) and gain["p"] == 0.25
    assert against_permuted({2: shares.iloc[:0]}, own, "real") == []


def test_the_main_reference_is_the_regime_as_it_is_and_comes_first():
    variants = variants_of(
        ("more", "control", "supervised", "natural", 0),
        ("random", "control", "projection", None, 0),
        ("seen", "control", "features", None, 0),
        ("real", "control", "anchors", "natural", 19),
        ("even", "wd", "supervised", "balanced", 0),
        ("odd", "wd", "supervised", "natural", 0),
        ("own", "wd", "features", None, 0),
        ("learned", "wd", "projection", None, 0),
        ("drawn", "wd", "anchors", "balanced", 5),
        ("alone", "ltr", "anchors", "natural", 7),
        ("taught", "naive", "supervised", "natural", 0),
        ("apart", "naive", "anchors", "natural", 7),
    )
    assert references(variants) == {
        "more": ["seen", "random"],
        "random": ["seen"],
        "seen": [],
        "real": ["seen", "random", "more"],
        "even": ["learned", "own"],
        "odd": ["learned", "own"],
        "own": [],
        "learned": ["own"],
        "drawn": ["learned", "own", "even"],
        "alone": [],
        "taught": [],
        "apart": ["taught"],
    }
    assert base_variants(variants) == {"real": "seen", "drawn": "learned", "apart": "taught"}
    assert first_pairs(variants) == [("seen", "real"), ("learned", "drawn"), ("taught", "apart")]
    assert main_pair(variants) == ("seen", "real")


def test_tables_of_seeds_are_joined_by_name(tmp_path):
    paths = []
    for name, seed in (("wd", 2), ("ltr", 2), ("wd", 11)):
        folder = tmp_path / name / f"seed-{seed}"
        folder.mkdir(parents=True)
        write_table(folder / "history.tsv", pd.DataFrame({"epoch": [1, 2]}))
        paths.append(folder / "history.tsv")
    found = read_by_name(paths)
    assert list(found) == ["wd", "ltr"]
    assert found["wd"][["seed", "epoch"]].to_numpy().tolist() == [[2, 1], [2, 2], [11, 1], [11, 2]]


def test_scores_are_a_table_of_the_contract_and_the_same_again(study, tmp_path):
    images, n_train, _, found, rows = study
    limits = {"tail": TAIL, "head": HEAD, "bootstraps": BOOTSTRAPS}
    for name in ("one.tsv", "other.tsv"):
        again = score_recognition(found, images, n_train, VARIANTS, **limits)
        write_table(tmp_path / name, metrics_table([{"rank": "species"} | row for row in again]))
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "other.tsv").read_bytes()
    table = read_table(tmp_path / "one.tsv")
    assert len(of_rank(table, "species")) == len(rows) > 200
    assert of_rank(table, "genus").empty
    assert (over_seeds(table[table["seed"].notna()])["n_seeds"] == 2).all()
