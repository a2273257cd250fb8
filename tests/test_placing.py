"""Taxa outside the tree: placed as held-out ones are, with intervals that hold what they say."""

import numpy as np
import pandas as pd
import pytest
from guided_study import RIDGE_OPTIONS, UNGUIDED, simulate_features
from visgen.distances.matrices import tidy
from visgen.embedding.folds import CLADES, KINDS, TIPS, deal_folds
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.held_out.scoring import Fold, score_folds
from visgen.embedding.placement.calibration import (
    calibrate,
    fit_look_map,
    grouped_quantile,
    least_units,
)
from visgen.embedding.placement.files import write_coordinates
from visgen.embedding.placement.relatives import (
    NEAREST,
    held_out_relatives,
    relatives_by_look,
)
from visgen.embedding.placement.tables import (
    PLACED_COLUMNS,
    TRUST_COLUMNS,
    calibrate_kinds,
    not_placed,
    outside_tree,
    placed_table,
    trust_table,
)
from visgen.embedding.ridge.fitting import fit_ridge
from visgen.embedding.ridge.held_out import fit_folds, place_folds
from visgen.embedding.ridge.placing import place_taxa
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.tables import read_table, write_table

RIDGE = UNGUIDED | {"guidance": RIDGE_OPTIONS}


class Study:
    """Images of a simulated tree, of which some taxa are left out, and the folds of the others."""

    def __init__(self, n_taxa, outside, seed, *, per_taxon=None, n_folds=3, options=RIDGE_OPTIONS):
        self.features, self.taxa, self.truth, self.families = simulate_features(n_taxa, 1.0, seed)
        names = sorted(self.truth.ids)
        self.outside = outside(np.array(names), self.families.reindex(names).to_numpy(), seed)
        self.variant = RIDGE | {"per_taxon": per_taxon, "guidance": options}
        self.options = options
        known = [name for name in names if name not in self.outside]
        self.genetic = self.truth.filter(known)
        self.folds, _ = deal_folds(self.genetic, known, self.families, n_folds, 1)

    def images(self, taxa):
        used = self.taxa.where(self.taxa.isin(taxa))
        return make_taxon_images(self.features, used, self.variant, seed=1)

    def known_fit(self):
        """Return the fits without the taxa outside the tree: of all known ones, and of folds."""
        images = self.images(self.folds.index)
        tree = place_folds(in_bag_order(self.genetic, images.bags), self.folds, self.options, 1)
        grams = images.grams()
        visual, _ = fit_folds(grams, tree)
        folds = {
            kind: [
                Fold(tree.distances, one.astype(float), (self.folds[kind] == number).to_numpy(bool))
                for number, one in enumerate(stack, start=1)
            ]
            for kind, stack in visual.items()
        }
        return fit_ridge(grams, tree.everyone, self.options), folds

    def place(self):
        images = self.images([*self.folds.index, *self.outside])
        names = list(images.bags.taxa)
        known = (self.genetic, self.folds, self.options)
        return names, place_taxa(images.grams(), names, *known, by_group=True, seed=1)


def few(names, _, seed):
    return set(np.random.default_rng(seed).choice(names, 4, replace=False))


@pytest.fixture(scope="module")
def study():
    return Study(31, few, 5, per_taxon=4)


# Placing


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_taxa_are_placed_as_their_fold_has_them(study, kind):
    images = study.images(study.folds.index)
    names, grams = list(images.bags.taxa), images.grams()
    tree = place_folds(in_bag_order(study.genetic, images.bags), study.folds, RIDGE_OPTIONS, 1)
    visual, fits = fit_folds(grams, tree)
    fits = fits[fits["kind"] == kind].set_index("fold")
    order = np.random.default_rng(1).permutation(len(names))  # nothing hangs on the order, but
    if kind == TIPS:  # that single taxa are dealt to inner folds as they come
        order = np.arange(len(names))
    placed, stored = [], []
    for number, one in enumerate(visual[kind], start=1):
        known = study.folds[study.folds[kind] != number]
        # As if the others were not in the tree at all.
        genetic = study.genetic.filter(list(known.index))
        shuffled = [names[i] for i in order]
        moved = {layers: values[:, order[:, None], order] for layers, values in grams.items()}
        fit, fold = place_taxa(
            moved, shuffled, genetic, known, RIDGE_OPTIONS, by_group=kind == CLADES, seed=1
        )
        held_out = (study.folds[kind] == number).to_numpy(bool)
        assert fold.held_out.tolist() == held_out[order].tolist()
        assert np.isnan(fold.genetic[fold.held_out]).all()
        assert fit.choice.power == fits.loc[number, "power"]
        back = np.argsort(order)
        expected = fit_ridge(grams, tree.known[kind][number - 1], RIDGE_OPTIONS).distances
        found = fit.distances[np.ix_(back, back)]
        assert np.abs(found - expected).max() < 1e-10
        assert np.abs(found - one).max() < 1e-6  # stored in single precision
        placed.append(Fold(tree.distances, found, held_out))
        stored.append(Fold(tree.distances, one.astype(float), held_out))
    scores = score_folds(placed)
    assert len(scores) == 8
    for key, value in score_folds(stored).items():
        assert scores[key] == pytest.approx(value, abs=1e-5), key


def test_placed_taxa_change_nothing_among_known_ones(study):
    alone, _ = study.known_fit()
    names, (fit, fold) = study.place()
    assert {name for name, out in zip(names, fold.held_out, strict=True) if out} == study.outside
    known = ~fold.held_out
    assert [name for name, is_known in zip(names, known, strict=True) if is_known] == list(
        study.folds.index
    )
    assert fit.choice[:5] == alone.choice[:5]
    assert fit.choice[5:] == pytest.approx(alone.choice[5:])
    assert np.abs(fit.coordinates[known] - alone.coordinates).max() < 1e-10
    assert np.abs(fit.distances[np.ix_(known, known)] - alone.distances).max() < 1e-10


def test_coordinates_of_placed_taxa_are_written(study, tmp_path):
    names, placement = study.place()
    write_coordinates(tmp_path / "placed", placement, names)
    table = pd.read_parquet(tmp_path / "placed")
    assert table.index.tolist() == sorted(study.outside)
    assert table.shape == (4, placement.fit.choice.axes)
    write_coordinates(tmp_path / "none", None, [])
    assert pd.read_parquet(tmp_path / "none").empty


# Relatives


def random_fold(n, held_out, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(n, bool)
    out[held_out] = True
    return Fold(tidy(rng.random((n, n))), tidy(rng.random((n, n))), out)


def test_relatives_come_by_look_which_is_in_units_of_the_median():
    fold = random_fold(11, [2, 5], 1)
    table = relatives_by_look(fold)
    known = [0, 1, 3, 4, 6, 7, 8, 9, 10]
    for taxon in (2, 5):
        rows = table[table["taxon"] == taxon]
        assert rows["place"].tolist() == list(range(1, 10))
        assert rows["relative"].tolist() == sorted(known, key=lambda j: fold.visual[taxon, j])
        assert rows["look"].iloc[4] == 1
        for row in rows.to_dict("records"):
            assert row["distance"] == fold.genetic[taxon, row["relative"]]
            visual = fold.visual[taxon, row["relative"]]
            assert row["look"] == pytest.approx(visual / sorted(fold.visual[taxon, known])[4])


def test_a_look_does_not_hang_on_the_unit_of_the_fit():
    fold = random_fold(11, [2, 5], 1)
    other = relatives_by_look(fold._replace(visual=4 * fold.visual))
    assert relatives_by_look(fold).equals(other)
    alike = relatives_by_look(fold._replace(visual=0 * fold.visual))
    assert (alike["look"] == 1).all()


def test_tips_without_known_kin_are_left_out_and_clades_count_by_group():
    groups = np.array([7, 7, 7, 3, 3, 3, 9, 5, 5, 5, 5])
    folds = [random_fold(11, [0, 3, 4, 5, 6], 1), random_fold(11, [1, 2, 7, 8, 9, 10], 2)]
    tips = held_out_relatives(folds, groups, "tips")
    assert tips.groupby("fold")["taxon"].unique().map(list).to_dict() == {1: [0], 2: [1, 2]}
    assert (tips["unit"] == tips["taxon"]).all()
    clades = held_out_relatives(folds, groups, "clades")
    assert sorted(clades["taxon"].unique()) == list(range(11))
    assert (clades["unit"] == groups[clades["taxon"]]).all()
    for table in (tips, clades):
        assert (table["relative_group"] == groups[table["relative"]]).all()
        for row in table.to_dict("records"):
            fold = folds[row["fold"] - 1]
            assert row["distance"] == fold.genetic[row["taxon"], row["relative"]]
            assert not fold.held_out[row["relative"]]


# Distances and intervals


def test_the_map_never_falls_and_units_count_the_same():
    relatives = pd.DataFrame(
        {"unit": [0, 0, 1, 2], "look": [0.1, 0.1, 0.1, 0.4], "distance": [1.0, 2.0, 3.0, 0.5]}
    )
    # At .1 there are half a unit each of 1 and 2, and a whole one of 3: 2.25; a unit at .4 is
    # lower, so that all have the mean.
    fitted = fit_look_map(relatives)
    assert fitted.looks.tolist() == [0.1, 0.4]
    assert fitted.distances == pytest.approx([5 / 3] * 2)
    rising = fit_look_map(relatives.assign(distance=[1.0, 2.0, 3.0, 4.25]))
    assert rising.predict(np.array([0.0, 0.1, 0.25, 0.9])) == pytest.approx(
        [2.25, 2.25, 3.25, 4.25]
    )


def test_a_quantile_of_groups_counts_each_once():
    scores = pd.Series([1.0, 2.0, 3.0, 4.0, 50.0])
    units = pd.Series([1, 1, 1, 1, 2])
    # Of three units, the new one among them, four twelfths lie under 5 and eight under infinity.
    assert grouped_quantile(scores, units, 0.32) == 4
    assert grouped_quantile(scores, units, 0.6) == 50
    assert grouped_quantile(scores, units, 0.7) == np.inf
    assert grouped_quantile(scores, pd.Series(range(5)), 0.5) == 3
    for confidence in (0.8, 0.9, 0.95):
        many = pd.Series(range(least_units(confidence)))
        assert np.isfinite(grouped_quantile(many, many, confidence))
        assert grouped_quantile(many[:-1], many[:-1], confidence) == np.inf


def test_intervals_hold_a_taxon_of_a_new_group_though_groups_miss_together():
    rng = np.random.default_rng(1)
    held = {"groups": [], "taxa": []}
    for _ in range(600):
        sizes = np.append(rng.integers(1, 4, 12), [60, 1])  # a large group, and the new one
        units = np.repeat(np.arange(14), sizes)
        scores = np.abs(rng.normal(size=14)[units] + 0.1 * rng.normal(size=len(units)))
        scores, units = pd.Series(scores), pd.Series(units)
        alone = pd.Series(range(len(scores)))
        for name, of in (("groups", units), ("taxa", alone)):
            held[name].append(scores.iloc[-1] <= grouped_quantile(scores[:-1], of[:-1], 0.9))
    assert 0.88 < np.mean(held["groups"]) < 0.97
    assert np.mean(held["taxa"]) < 0.85


def test_errors_are_made_by_maps_of_other_folds():
    folds = [random_fold(17, np.arange(i, 17, 3), i) for i in range(3)]
    relatives = held_out_relatives(folds, np.arange(17) % 4, "tips")
    found = calibrate(relatives, 0.8)
    near = relatives[relatives["place"] <= NEAREST]
    assert len(found.errors) == 17 * NEAREST
    for row in found.errors.to_dict("records"):
        others = fit_look_map(near[near["fold"] != row["fold"]])
        own = (relatives["taxon"] == row["taxon"]) & (relatives["place"] == row["place"])
        assert row["predicted"] == others.predict(relatives.loc[own, "look"].to_numpy())[0]
    for place in range(1, NEAREST + 1):
        errors = found.errors[found.errors["place"] == place]
        missed = np.sort((errors["distance"] - errors["predicted"]).abs())
        assert found.half_widths[place - 1] == missed[int(np.ceil(0.8 * 18)) - 1]
    changed = relatives.copy()
    changed.loc[changed["fold"] == 1, "distance"] += 100
    before, after = (table.errors["predicted"] for table in (found, calibrate(changed, 0.8)))
    of_first = found.errors["fold"] == 1
    assert np.array_equal(before[of_first], after[of_first])
    assert not np.allclose(before[~of_first], after[~of_first])


def test_held_out_taxa_of_one_fold_say_nothing():
    relatives = held_out_relatives([random_fold(11, [2, 5], 1)], np.zeros(11, int), "tips")
    with pytest.raises(ValueError, match="of one fold cannot be predicted"):
        calibrate(relatives, 0.9)
    assert calibrate_kinds({"tips": [random_fold(11, [2, 5], 1)]}, np.zeros(11, int), 0.9) == {}


PINNED = RIDGE_OPTIONS | {"powers": [4], "axes": [7], "penalties": [0.1], "residuals": [0.4]}


def few_and_families(names, families, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(pd.unique(families))[:2]
    rest = names[~np.isin(families, chosen)]
    return set(names[np.isin(families, chosen)]) | set(rng.choice(rest, 6, replace=False))


@pytest.mark.slow
def test_distances_of_placed_taxa_are_in_their_intervals_as_often_as_asked():
    inside = {kind: [] for kind in KINDS}
    for seed in range(6):
        study = Study(47, few_and_families, seed, options=PINNED)
        _, folds = study.known_fit()
        calibrated = calibrate_kinds(folds, study.folds["group_number"].to_numpy(), 0.8)
        names, (_, fold) = study.place()
        n_images = outside_tree(study.taxa, study.genetic.ids)
        table = placed_table(
            dict.fromkeys(KINDS, fold), names, study.families, n_images, calibrated, 0.8
        )
        table = table[table["place"] == 1]
        for row in table.to_dict("records"):
            true = study.truth[row["taxon"], row["relative"]]
            inside[row["kind"]].append(row["ci_low"] <= true <= row["ci_high"])
    # Of 36 or more taxa nine of ten such studies would have .69 to .91.
    assert min(map(len, inside.values())) > 24
    assert all(0.69 < np.mean(of_kind) < 1 for of_kind in inside.values())


# Tables


@pytest.fixture(scope="module")
def placed(study):
    families = study.families.copy()
    names, (_, fold) = study.place()
    gap, own = sorted(study.outside)[:2]
    families[gap] = np.nan
    families[own] = "Nowhere else"
    _, folds = study.known_fit()
    calibrated = calibrate_kinds(folds, study.folds["group_number"].to_numpy(), 0.8)
    n_images = outside_tree(study.taxa, study.genetic.ids)
    table = placed_table(dict.fromkeys(KINDS, fold), names, families, n_images, calibrated, 0.8)
    return table, trust_table(calibrated, 0.8), calibrated, (fold, names, families, n_images)


def test_every_taxon_outside_the_tree_has_its_three_nearest_by_look(study, placed):
    table, _, calibrated, (fold, names, families, _) = placed
    assert list(table) == PLACED_COLUMNS
    assert table.groupby("taxon").size().to_dict() == dict.fromkeys(study.outside, NEAREST)
    known = [name for name in names if name not in study.outside]
    known_groups = set(families[known].dropna())
    for taxon, rows in table.groupby("taxon"):
        looks = dict(zip(names, fold.visual[names.index(taxon)], strict=True))
        assert rows["relative"].tolist() == sorted(known, key=looks.get)[:NEAREST]
        assert rows["relative_group"].tolist() == families[rows["relative"]].tolist()
        assert (rows["n_images"] == (study.taxa == taxon).sum()).all()
        is_tip = families[taxon] in known_groups
        assert set(rows["kind"]) == {"tips" if is_tip else "clades"}
    assert set(table["kind"]) == set(KINDS)
    for kind, rows in table.groupby("kind"):
        _, calibration = calibrated[kind]
        half = calibration.half_widths[rows["place"] - 1]
        assert rows["ci_high"].to_numpy() == pytest.approx(rows["distance"].to_numpy() + half)
        low = np.maximum(rows["distance"].to_numpy() - half, 0)
        assert rows["ci_low"].to_numpy() == pytest.approx(low)


def test_where_held_out_taxa_are_too_few_an_interval_is_open_and_says_why(placed):
    _, _, _, (fold, names, families, n_images) = placed
    relatives = held_out_relatives(
        [random_fold(7, [0, 1], 1), random_fold(7, [2, 3], 2)], np.arange(7) % 2, "tips"
    )
    calibrated = {"tips": (relatives, calibrate(relatives, 0.9))}
    table = placed_table(dict.fromkeys(KINDS, fold), names, families, n_images, calibrated, 0.9)
    tips, clades = (table[table["kind"] == kind] for kind in KINDS)
    assert tips["distance"].notna().all() and tips["ci_low"].isna().all()
    assert set(tips["reason"]) == {"4 held-out taxa, 9 are needed for an interval of 90 %"}
    assert clades["distance"].isna().all() and clades["relative"].notna().all()
    assert set(clades["reason"]) == {"no clades are held out to learn distances from"}


def test_tables_come_back_as_they_were(study, placed, tmp_path):
    table, trust, _, (_, _, families, n_images) = placed
    nowhere = not_placed(n_images, families)
    assert nowhere["taxon"].tolist() == sorted(study.outside) and nowhere["reason"].notna().all()
    none = not_placed(n_images[:0], families)
    for number, written in enumerate([table, trust, nowhere, none, trust_table({}, 0.9)]):
        write_table(tmp_path / str(number), written)
        back = read_table(tmp_path / str(number))
        assert list(back) == list(written) and len(back) == len(written)
    assert list(back) == TRUST_COLUMNS


def test_only_taxa_without_a_place_are_outside():
    taxa = pd.Series(["b", "a", None, "c", "a", "b", "b"])
    assert outside_tree(taxa, ["c", "d"]).to_dict() == {"a": 2, "b": 3}


def test_trust_is_what_loops_over_held_out_taxa_make_of_it():
    rng = np.random.default_rng(3)
    groups = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    numbers = {"tips": np.arange(11) % 3, "clades": np.array([0] * 3 + [1] * 4 + [2] * 4)}
    genetic = tidy(rng.random((11, 11)))
    folds = {
        kind: [Fold(genetic, tidy(rng.random((11, 11))), number == i) for i in range(3)]
        for kind, number in numbers.items()
    }
    table = trust_table(calibrate_kinds(folds, groups, 0.6), 0.6).set_index(["kind", "place"])
    for kind in KINDS:
        found, nearest, blind, right, frequent, by_chance = ([] for _ in range(6))
        for fold in folds[kind]:
            known = np.flatnonzero(~fold.held_out)
            sizes = [(groups[known] == group).sum() for group in range(3)]
            for taxon in np.flatnonzero(fold.held_out):
                looks = known[np.argsort(fold.visual[taxon, known])]
                unit = taxon if kind == "tips" else groups[taxon]
                found.append((unit, genetic[taxon, looks[1]]))
                nearest.append((unit, np.sort(genetic[taxon, known])[1]))
                blind.append((unit, genetic[taxon, known].mean()))
                right.append(groups[looks[0]] == groups[taxon])
                frequent.append(groups[taxon] == np.argmax(sizes))
                by_chance.append(sizes[groups[taxon]] / len(known))

        def mean(pairs):
            return pd.DataFrame(pairs).groupby(0)[1].mean().mean()

        second = table.loc[kind, 2]
        assert second["found"] == pytest.approx(mean(found))
        assert second["nearest"] == pytest.approx(mean(nearest))
        assert second["blind"] == pytest.approx(mean(blind))
        assert second["n"] == 11 and second["n_groups"] == (11 if kind == "tips" else 3)
        first = table.loc[kind, 1]
        if kind == "tips":
            assert first["own_group"] == pytest.approx(np.mean(right))
            assert first["own_group_frequent"] == pytest.approx(np.mean(frequent))
            assert first["own_group_blind"] == pytest.approx(np.mean(by_chance))
        else:
            assert np.isnan(first["own_group"])  # no taxon of the group is there to be found
