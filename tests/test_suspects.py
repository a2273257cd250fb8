import numpy as np
import pandas as pd
import pytest
from visgen.classification.lineages.joint import FLOOR
from visgen.naming.suspects import COLUMNS, find_suspects
from visgen.tables import read_table, write_table

# Seven specimens of two families, five species; the seventh is the only one of its species.
LABELS = pd.DataFrame(
    [
        ("Arcidae", "Arca noae"),
        ("Arcidae", "Arca noae"),
        ("Arcidae", "Arca zebra"),
        ("Arcidae", "Arca zebra"),
        ("Pinnidae", "Pinna nobilis"),
        ("Pinnidae", "Pinna nobilis"),
        ("Pinnidae", "Pinna rudis"),
    ],
    index=[f"s{i}" for i in range(1, 8)],
    columns=["family", "species"],
)
SPECIES = ["Arca noae", "Arca zebra", "Pinna nobilis"]


def tables(families, species):
    return {
        "family": pd.DataFrame(families, LABELS.index, ["Arcidae", "Pinnidae"], float),
        "species": pd.DataFrame(species, LABELS.index, SPECIES, float),
    }


# s3 is more of the other species, s5 of the other family, s7 of the other family.
PROBABILITIES = tables(
    [[0.9, 0.1], [0.9, 0.1], [0.8, 0.2], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8], [0.9, 0.1]],
    [
        [0.7, 0.2, 0.1],
        [0.5, 0.4, 0.1],
        [0.5, 0.3, 0.2],
        [0.2, 0.6, 0.2],
        [0.4, 0.3, 0.3],
        [0.1, 0.1, 0.8],
        [0.8, 0.1, 0.1],
    ],
)


def found(labels=LABELS, probabilities=PROBABILITIES):
    return find_suspects(labels, probabilities).set_index("specimen")


def test_those_are_doubted_that_look_more_like_another_taxon():
    assert sorted(found().index) == ["s3", "s5", "s7"]
    assert list(find_suspects(LABELS, PROBABILITIES)) == COLUMNS


def test_the_rank_is_the_coarsest_at_which_the_label_is_doubted():
    table = found()
    columns = ["rank", "label", "suggested", "probability_of_label", "probability_of_suggested"]
    assert table.loc["s5", columns].tolist() == ["family", "Pinnidae", "Arcidae", 0.3, 0.7]
    assert table.loc["s3", columns].tolist() == ["species", "Arca zebra", "Arca noae", 0.3, 0.5]


def test_the_score_is_the_largest_margin_of_all_ranks():
    expected = {"s3": np.log(0.5 / 0.3), "s5": np.log(0.7 / 0.3), "s7": np.log(0.9 / 0.1)}
    assert found()["score"].to_dict() == pytest.approx(expected)
    species = PROBABILITIES["species"].copy()
    species.loc["s5"] = [0.9, 0.09, 0.01]
    of_species = found(probabilities=PROBABILITIES | {"species": species}).loc["s5"]
    assert of_species["score"] == pytest.approx(np.log(0.9 / 0.01))
    assert of_species["rank"] == "family"


def test_the_most_doubtful_come_first_and_equals_by_name():
    families = PROBABILITIES["family"].copy()
    families.loc["s1"] = families.loc["s7", ["Pinnidae", "Arcidae"]].to_numpy()  # as wrong as s7
    table = find_suspects(LABELS, PROBABILITIES | {"family": families})
    assert table["specimen"].tolist() == ["s1", "s7", "s5", "s3"]
    backwards = find_suspects(LABELS[::-1], PROBABILITIES | {"family": families[::-1]})
    pd.testing.assert_frame_equal(backwards, table)


def test_a_suggestion_is_confident_where_it_is_as_probable_as_for_its_own():
    # Mean self-confidence: Arcidae 0.85, Arca noae 0.6.
    assert found()["confident"].to_dict() == {"s3": False, "s5": False, "s7": True}
    species = PROBABILITIES["species"].copy()
    species.loc["s3"] = [0.6, 0.3, 0.1]
    assert found(probabilities=PROBABILITIES | {"species": species}).loc["s3", "confident"]


def test_nothing_is_confident_by_a_taxon_that_no_other_specimen_bears_out():
    species = PROBABILITIES["species"].assign(**{"Pinna rudis": 0.0})
    species.loc["s3"] = [0.0, 0.1, 0.0, 0.9]
    row = found(probabilities=PROBABILITIES | {"species": species}).loc["s3"]
    assert (row["suggested"], row["confident"]) == ("Pinna rudis", False)


@pytest.mark.parametrize("of_own", [0.0, np.nan])
def test_a_taxon_with_one_specimen_is_judged_at_the_coarser_rank_alone(of_own):
    species = PROBABILITIES["species"].assign(**{"Pinna rudis": of_own})
    row = found(probabilities=PROBABILITIES | {"species": species}).loc["s7"]
    assert row["rank"] == "family"
    assert row["score"] == pytest.approx(np.log(9))  # by its species it would be far larger
    alone = {"species": species}
    assert "s7" not in found(probabilities=alone).index


def test_what_the_model_did_not_know_is_not_judged():
    species = PROBABILITIES["species"].copy()
    species.loc["s3", "Arca zebra"] = np.nan
    assert "s3" not in found(probabilities={"species": species}).index
    assert "s3" not in found(probabilities={"species": species.drop(columns="Arca zebra")}).index


def test_what_the_model_did_not_know_is_not_suggested():
    species = PROBABILITIES["species"].copy()
    species.loc["s3", "Arca noae"] = np.nan
    assert "s3" not in found(probabilities={"species": species}).index
    species.loc["s3", "Pinna nobilis"] = 0.7
    assert found(probabilities={"species": species}).loc["s3", "suggested"] == "Pinna nobilis"


def test_gaps_in_labels_are_not_judged():
    labels = LABELS.copy()
    labels.loc["s3", "species"] = None
    labels.loc["s5", "family"] = None
    assert found(labels)["rank"].to_dict() == {"s7": "family", "s5": "species"}


def test_specimens_that_were_not_asked_are_left_out():
    few = {rank: table.drop(index="s5") for rank, table in PROBABILITIES.items()}
    assert sorted(found(probabilities=few).index) == ["s3", "s7"]


def test_a_margin_has_a_limit_where_a_probability_is_zero():
    families = PROBABILITIES["family"].copy()
    families.loc["s5"] = [1.0, 0.0]
    assert found(probabilities={"family": families}).loc["s5", "score"] == pytest.approx(
        np.log(2 / FLOOR)
    )


def test_a_tie_is_no_doubt():
    families = PROBABILITIES["family"].copy()
    families.loc[["s5", "s7"]] = 0.5
    assert found(probabilities={"family": families}).empty


@pytest.mark.parametrize("n_doubted", [0, 3])
def test_the_table_comes_back_from_disk(tmp_path, n_doubted):
    table = find_suspects(LABELS, PROBABILITIES)[:n_doubted]
    write_table(tmp_path / "suspects.tsv", table)
    back = read_table(tmp_path / "suspects.tsv")
    pd.testing.assert_frame_equal(back, table, check_dtype=n_doubted > 0)


@pytest.mark.parametrize("seed", range(2))
def test_swapped_labels_come_first(seed):
    """Of 5 taxa, 31 specimens each, 7 labels are swapped; what is probable is where they lie."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(5), 31)
    x = 6 * np.eye(5)[truth] + rng.standard_normal((len(truth), 5))
    label, swapped = truth.copy(), rng.choice(len(truth), 7, replace=False)
    label[swapped] = (truth[swapped] + 1) % 5
    names = np.array([f"t{i}" for i in range(5)])
    labels = pd.DataFrame({"genus": names[label]}, index=[f"{i:03}" for i in range(len(x))])
    odds = np.empty((len(x), 5))
    for i in range(len(x)):  # each by the means of all others
        others = np.arange(len(x)) != i
        means = np.stack([x[others & (label == k)].mean(axis=0) for k in range(5)])
        odds[i] = np.exp(-((x[i] - means) ** 2).sum(axis=1) / 2)
    odds = pd.DataFrame(odds / odds.sum(axis=1, keepdims=True), labels.index, names)
    table = find_suspects(labels, {"genus": odds})[:7]
    assert sorted(table["specimen"]) == sorted(labels.index[swapped])
    assert table["suggested"].tolist() == names[truth[table["specimen"].astype(int)]].tolist()


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (LABELS, {}, r"no probabilities, expected those of one of the ranks \['family', 'species'"),
        (
            pd.concat([LABELS, LABELS[:1]]),
            PROBABILITIES,
            "labels: the specimen 's1' is there twice",
        ),
        (LABELS, {"genus": PROBABILITIES["species"]}, "of the rank 'genus', expected ranks of"),
        (LABELS[1:], PROBABILITIES, "'family': 1 specimens without a row of labels, such as 's1'"),
        (
            LABELS,
            {"species": PROBABILITIES["species"][[*SPECIES, "Arca noae"]]},
            "rank 'species': the taxon 'Arca noae' is there twice",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        find_suspects(labels, probabilities)
