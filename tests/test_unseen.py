import numpy as np
import pandas as pd
import pytest
from recognition_study import GENERA, RANKS, SPECIES, VARIANTS, specimens, write_study
from visgen.metrics import DIFFERENCE, EXPECTED
from visgen.specimens.splits import read_splits
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.recognition.runs import read_placed, training_images
from visgen.visual_genetic.recognition.unseen import placements, tabulate_unseen
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY, score_unseen
from visgen.visual_genetic.recognition.withheld import deal_withheld
from visgen.visual_genetic.scopes import KINDS


def study(groups):
    """One image a taxon, taxa numbered within their groups."""
    rows = [(g, f"{g} {i}") for g, n in groups.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["genus", "species"])


def deal(groups, share=0.2, seed=1):
    return deal_withheld(study(groups), "species", ["genus", "species"], share, seed)


# --- which taxa are withheld ---


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_withheld_species_leave_a_relative_and_genera_leave_two(share, seed):
    sizes = {"A": 1, "B": 2, "C": 3, "D": 5, "E": 2, "F": 4, "G": 1, "H": 1}
    table, omitted = deal(sizes, share, seed)
    assert omitted.empty and list(table["taxon"]) == sorted(table["taxon"])
    known = table[~table["unseen_species"]]
    assert set(table.loc[table["unseen_species"], "group"]) <= set(known["group"])
    n = table["unseen_species"].sum()
    assert n == max(1, min(round(share * 19), 11))  # 11 is all but one of each group
    genera = table.groupby("group")["unseen_genera"]
    assert (genera.min() == genera.max()).all()  # whole or not at all
    assert 1 <= genera.first().sum() <= len(sizes) - 2
    assert abs(table["unseen_genera"].sum() - share * 19) <= 3


def test_draw_does_not_follow_the_order_of_the_images():
    images = study({"A": 5, "B": 7, "C": 3})
    shuffled = images.sample(frac=1, random_state=3)
    one, other = (
        deal_withheld(table, "species", ["genus", "species"], 0.3, 2)[0]
        for table in (images, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


def test_another_seed_withholds_other_taxa():
    draws = {tuple(deal({"A": 5, "B": 7, "C": 3}, seed=s)[0]["unseen_species"]) for s in range(9)}
    assert len(draws) > 3


def test_groups_of_one_taxon_make_unseen_species_impossible():
    table, omitted = deal({"A": 1, "B": 1, "C": 1, "D": 1})
    assert not table["unseen_species"].any()
    assert table["unseen_genera"].sum() == 1
    assert omitted["evaluator"].tolist() == ["unseen_species"]
    assert "none of 4 taxa in 4 groups" in omitted["reason"].iloc[0]


def test_two_groups_make_unseen_genera_impossible():
    table, omitted = deal({"A": 3, "B": 5})
    assert not table["unseen_genera"].any() and table["unseen_species"].sum() == 2
    assert omitted["evaluator"].tolist() == ["unseen_genera"]
    assert "the taxa are of 2 groups" in omitted["reason"].iloc[0]


def test_groups_too_large_for_the_share_give_up_the_smallest():
    table, _ = deal({"A": 11, "B": 7, "C": 13}, share=0.05)
    assert set(table.loc[table["unseen_genera"], "group"]) == {"B"}


def test_two_taxa_alone_withhold_none():
    table, omitted = deal({"A": 2})
    assert not table[list(KINDS)].any(axis=None)
    assert omitted["evaluator"].tolist() == list(KINDS)


def test_taxa_without_a_group_are_never_withheld():
    images = pd.concat([study({"A": 2, "B": 2, "C": 2}), study({"Z": 9}).assign(genus=None)])
    for seed in range(5):
        table, _ = deal_withheld(images, "species", ["genus", "species"], 0.9, seed)
        assert not table.loc[table["group"].isna(), list(KINDS)].any(axis=None)


def test_share_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"visual_genetic\.unseen\.share: found 1, expected"):
        deal({"A": 3}, share=1)


# --- where their images are placed ---

ABOVE = pd.DataFrame(
    {"family": ["F", "F", "F", "G", "G"], "genus": ["A", "A", "B", "C", "D"]},
    index=pd.Index(["A a", "A b", "B a", "C a", "D a"], name="species"),
)
KNOWN = pd.Series({"A b": 6, "B a": 3, "C a": 2, "D a": 1})
FAR = pd.DataFrame(
    [[0, 1, 2, 5, 5], [1, 0, 2, 5, 5], [2, 2, 0, 5, 5], [5, 5, 5, 0, 3], [5, 5, 5, 3, 0]],
    index=ABOVE.index, columns=ABOVE.index, dtype=float,
)  # fmt: skip


def placed(predicted, truth="A a", candidates=KNOWN, distances=FAR):
    ids = [f"i{n}" for n in range(len(predicted))]
    images = pd.DataFrame({"specimen": ["s", "s", "t", "u", "v"][: len(ids)]}, index=ids)
    found = pd.DataFrame({"id": ids, "truth": truth, "predicted": predicted})
    rows = tabulate_unseen(found, images, ABOVE, candidates, distances)
    return {(row["metric"], row["rank"]): row for row in rows}


def test_shares_and_chance_are_those_by_hand():
    rows = placed(["A b", "B a", "B a", "C a", "A b"])
    assert set(rows) == {("placed", "family"), ("placed", "genus"), ("regret", "species")}
    genus, family = rows["placed", "genus"], rows["placed", "family"]
    assert (genus["value"], family["value"]) == (2 / 5, 4 / 5)
    assert (genus["by_frequency"], genus["uniform"]) == (6 / 12, 1 / 4)
    assert (family["by_frequency"], family["uniform"]) == (9 / 12, 2 / 4)
    assert (genus["n_images"], genus["n_specimens"], genus["most_often"]) == (5, 4, "A b")


def test_regret_is_zero_at_the_nearest_and_beside_it_is_chance():
    assert placed(["A b", "A b"])["regret", "species"]["value"] == 0
    row = placed(["A b", "B a", "C a"])["regret", "species"]
    assert row["value"] == pytest.approx((0 + 1 + 4) / 3)
    assert row["by_frequency"] == pytest.approx((0 * 6 + 1 * 3 + 4 * 2 + 4 * 1) / 12)
    assert row["uniform"] == pytest.approx((0 + 1 + 4 + 4) / 4)


def test_an_anchor_can_hit_the_very_taxon_and_its_chance_knows_no_frequency():
    anchors = pd.Series(0, index=ABOVE.index)
    rows = placed(["A a", "A b", "C a"], candidates=anchors)
    assert rows["placed", "species"]["value"] == pytest.approx(1 / 3)
    assert rows["placed", "species"]["uniform"] == 1 / 5
    assert np.isnan(rows["placed", "species"]["by_frequency"])
    assert rows["regret", "species"]["value"] == pytest.approx((0 + 1 + 5) / 3)


def test_a_rank_at_which_nothing_could_be_right_is_left_out():
    rows = placed(["C a", "C a"], truth="D a", candidates=KNOWN.drop("D a"))
    assert ("placed", "genus") not in rows
    assert rows["placed", "family"]["value"] == 1
    assert rows["regret", "species"]["value"] == 0


def test_taxa_without_distances_are_left_out_of_regret_alone():
    fewer = FAR.drop(index="A b", columns="A b")
    row = placed(["A b", "B a", "C a"], distances=fewer)["regret", "species"]
    assert row["value"] == pytest.approx((2 + 5) / 2 - 2)
    rows = placed(["A b"], truth="A a", distances=FAR.drop(index="A a", columns="A a"))
    assert set(rows) == {("placed", "family"), ("placed", "genus")}
    assert ("regret", "species") not in placed(["A b"], distances=None)


def test_images_and_shares_of_a_gap_say_nothing():
    gap = ABOVE.assign(genus=[None, "A", "B", "C", "D"])
    found = pd.DataFrame({"id": ["i"], "truth": "A a", "predicted": "A b"})
    rows = tabulate_unseen(found, pd.DataFrame({"specimen": ["s"]}, ["i"]), gap, KNOWN, None)
    assert [row["rank"] for row in rows] == ["family"]


# --- a whole study ---


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    given = write_study(tmp_path_factory.mktemp("study"))
    images = specimens().set_index("id")
    parts = read_splits(given["splits"])
    n_train = {seed: training_images(images, of_seed, "species") for seed, of_seed in parts.items()}
    above, hidden = lineage(images, RANKS, "species"), read_table(given["withheld"][0])
    distances = pd.DataFrame(
        [
            [0 if a == b else 1 if a[:2] == b[:2] else 2 if GENERA[a[:2]] == GENERA[b[:2]] else 3
             for b in SPECIES] for a in SPECIES
        ], SPECIES, SPECIES, dtype=float,
    )  # fmt: skip
    rest = (images, above, n_train, hidden, {"wd_sgt": SPECIES}, distances)
    return given, rest, placements(read_placed(given["unseen"]), *rest)


def test_unknown_genera_are_placed_at_families_by_images_and_anywhere_by_anchors(whole):
    table = whole[2]
    ranks = {
        (scope, evaluator): set(rows["rank"])
        for (scope, evaluator), rows in table[table["metric"] == "placed"].groupby(
            ["scope", "evaluator"]
        )
    }
    assert ranks["unseen_species", "knn_1"] == {"genus", "family"}
    assert ranks["unseen_genera", "knn_1"] == {"family"}
    assert ranks["unseen_genera", "anchor"] == {"species", "genus", "family"}
    assert set(table.loc[table["scope"] == "unseen_genera", "taxon"]) == {"Ca a", "Ca b"}


def test_scores_are_means_over_taxa_with_chance_beside(whole):
    table = whole[2]
    rows = score_unseen(table, bootstraps=53, seed=1)
    real = table[
        (table["permutation"] == 0) & (table["scope"] == "unseen_species")
        & (table["evaluator"] == "knn_5") & (table["seed"] == 2) & (table["rank"] == "genus")
    ]  # fmt: skip
    labels = {"part": "unseen_species", "evaluator": "knn_5", "seed": 2, "rank": "genus"}
    labels["metric"] = "placed"
    found = {
        (row.get("role"), row.get("against")): row
        for row in rows
        if all(row.get(key) == value for key, value in labels.items())
    }
    assert len(real) == 2
    own = found[None, None]
    assert own["value"] == pytest.approx(real["value"].mean())
    assert found[EXPECTED, BY_FREQUENCY]["value"] == pytest.approx(real["by_frequency"].mean())
    gain = (real["value"] - real["uniform"]).mean()
    assert found[DIFFERENCE, UNIFORMLY]["value"] == pytest.approx(gain)
    assert own["n"] == found[EXPECTED, UNIFORMLY]["n"] == 2
    least, most = real["value"].min(), real["value"].max()
    assert least <= own["ci_low"] < own["ci_high"] <= most


def test_permuted_anchors_stand_beside_real_ones(whole):
    rows = score_unseen(whole[2], bootstraps=5, seed=1)
    tests = [
        row
        for row in rows
        if row["evaluator"] == "anchor"
        and (row.get("role"), row.get("against")) == (DIFFERENCE, PERMUTED)
    ]
    assert {(row["part"], row["rank"]) for row in tests} == {
        (scope, rank) for scope in KINDS for rank in RANKS
    }
    assert {row["n_permutations"] for row in tests} == {VARIANTS["wd_sgt"]["permutations"]}
    assert all(row["n"] == 2 for row in tests)  # of both kinds two taxa are withheld
    assert {row["p"] for row in tests if row["rank"] == "species"} == {1 / 8}


def test_shares_of_permuted_runs_are_those_of_a_plain_loop(whole):
    given, _, table = whole
    path = next(p for p in given["unseen"] if "unseen_genera" in str(p) and "seed-2" in str(p))
    rows = pd.read_parquet(path)
    rows = rows[(rows["permutation"] == 6) & (rows["evaluator"] == "anchor")]
    hits = [
        GENERA[predicted[:2]] == "G"
        for taxon, part, predicted in zip(
            rows["truth"], rows["part"], rows["predicted"], strict=True
        )
        if taxon == "Ca b" and part == "unseen"
    ]
    found = table[
        table[["scope", "seed", "permutation", "evaluator", "rank", "taxon"]]
        .eq(["unseen_genera", 2, 6, "anchor", "family", "Ca b"])
        .all(axis=1)
    ]
    assert found["value"].tolist() == pytest.approx([sum(hits) / len(hits)])


def test_a_single_taxon_has_no_interval(whole):
    table = whole[2]
    rows = score_unseen(table[table["taxon"] == "Ca a"], bootstraps=5, seed=1)
    plain = [row for row in rows if row.get("against") != PERMUTED]
    assert plain and all(np.isnan(row["ci_low"]) and row["n"] == 1 for row in plain)


def test_unseen_images_of_a_known_taxon_are_refused(whole):
    given, (images, above, n_train, hidden, *rest), _ = whole
    known = hidden.assign(unseen_species=hidden["taxon"] == "Aa a")
    message = "unseen_species, variant wd_sgt, seed 1: images of 'Da b' are called unseen"
    with pytest.raises(ValueError, match=message):
        placements(read_placed(given["unseen"]), images, above, n_train, known, *rest)


def test_a_place_that_cannot_be_is_refused(whole):
    given, (images, above, n_train, hidden, _, distances), _ = whole
    with pytest.raises(ValueError, match=r"anchor places images at 'Aa c', expected one of the 1"):
        few = {"wd_sgt": [name for name in SPECIES if name != "Aa c"]}
        placements(read_placed(given["unseen"]), images, above, n_train, hidden, few, distances)


def test_nothing_withheld_gives_no_scores(whole):
    assert score_unseen(whole[2][:0], bootstraps=5, seed=1) == []


def test_ranks_rise_to_the_finest_though_the_first_taxon_has_a_gap():
    lineage = pd.DataFrame(
        {"order": "O", "family": [None, None, "F", "F"]}, index=pd.Index([*"abcd"], name="species")
    )
    images = pd.DataFrame({"specimen": [*"wx"]}, index=[*"wx"])
    found = pd.DataFrame({"id": [*"wx"], "truth": [*"ac"], "predicted": [*"bd"]})
    rows = tabulate_unseen(found, images, lineage, pd.Series(0, index=[*"abcd"]), None)
    assert [row["rank"] for row in rows] == ["order", "order", "family", "species", "species"]
