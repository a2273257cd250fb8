import hashlib
import io
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import dendropy
import numpy as np
import pandas as pd
import pytest
from Bio import Phylo, SeqIO
from PIL import Image
from scipy.linalg import expm
from scipy.stats import spearmanr
from visgen.names import normalise_taxon
from visgen.simulate import phylogeny as phylogeny_of
from visgen.simulate import sequences, traits
from visgen.simulate.collection import lay_out_collection
from visgen.simulate.contact_sheet import contact_sheet
from visgen.simulate.latin import draw_roots, name_species
from visgen.simulate.photographs import BACKGROUNDS, draw_photo, take_photo
from visgen.simulate.phylogeny import RANKS, newick, simulate_phylogeny, slice_times
from visgen.simulate.rendering import VIEWS, draw_valve
from visgen.simulate.sequences import simulate_sequences
from visgen.simulate.shells import (
    RANGES,
    generating_curve,
    shell_from_traits,
    surface_points,
    surface_tangents,
)
from visgen.simulate.study import simulate_study
from visgen.simulate.traits import branch_loadings, evolve_traits, star_loadings

TINY = {
    "n_species": 7,
    "n_images": 83,
    "image_size": 32,
    "n_bases": 61,
    "signal": 1.0,
    "convergence": 0.0,
    "coarse": 0.0,
    "outside_tree": 0,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    simulate_study(folder, **TINY, planted=1, seed=3)
    return folder


@pytest.fixture(scope="module")
def phylogeny():
    return simulate_phylogeny(40, seed=2)


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def shared_path(tree, a, b):
    """Length between the root and the last common ancestor of two species, by a plain walk."""

    def edges_to_root(label):
        node = tree.find_node_with_taxon_label(label)
        found = {}
        while node.parent_node is not None:
            found[id(node)] = node.edge.length
            node = node.parent_node
        return found

    first, second = edges_to_root(a), edges_to_root(b)
    return sum(length for edge, length in first.items() if edge in second)


# Phylogeny


def test_tree_is_ultrametric_with_height_one(phylogeny):
    tree, taxonomy = phylogeny
    assert tree.calc_node_root_distances() == pytest.approx([1] * 40)
    assert sorted(tip.taxon.label for tip in tree.leaf_node_iter()) == list(taxonomy["species"])


def test_many_species_get_the_most_even_of_some_trees(monkeypatch):
    drawn = []
    draw = phylogeny_of._birth_death_tree
    monkeypatch.setattr(phylogeny_of, "_DRAWS", 3)
    monkeypatch.setattr(phylogeny_of, "_EVEN_ENOUGH", 2.0)  # which no tree reaches
    monkeypatch.setattr(
        phylogeny_of, "_birth_death_tree", lambda *words: drawn.append(draw(*words)) or drawn[-1]
    )
    tree, taxonomy = simulate_phylogeny(60, seed=1)

    def smallest(tree):
        groups = phylogeny_of._slice_tree(tree, slice_times(tree)["subclass"])
        return np.bincount(groups).min()

    assert len(drawn) == 3 and tree in drawn
    assert taxonomy.groupby("subclass").size().min() == max(map(smallest, drawn))


def test_no_branch_is_of_length_zero():
    for seed in range(10):
        tree, _ = simulate_phylogeny(23, seed)
        assert min(n.edge.length for n in tree.preorder_node_iter() if n.parent_node) > 1e-6


def test_ranks_are_nested_and_have_the_expected_numbers(phylogeny):
    taxonomy = phylogeny[1]
    assert taxonomy.nunique().tolist() == [3, 6, 12, 22, 40]
    for upper, lower in pairwise(RANKS):
        parents = taxonomy[[upper, lower]].drop_duplicates()
        assert parents[lower].is_unique


@pytest.mark.parametrize("rank", RANKS[:-1])
def test_taxa_are_monophyletic(phylogeny, rank):
    tree, taxonomy = phylogeny
    for _, members in taxonomy.groupby(rank)["species"]:
        ancestor = tree.mrca(taxon_labels=list(members))
        assert {tip.taxon.label for tip in ancestor.leaf_iter()} == set(members)


def test_no_two_taxa_share_a_name_and_species_are_binomials():
    _, taxonomy = simulate_phylogeny(97, seed=5)
    names = [name for rank in RANKS for name in taxonomy[rank].unique()]
    assert len(names) == len(set(names))
    for genus, species in zip(taxonomy["genus"], taxonomy["species"], strict=True):
        assert species.split(" ")[0] == genus
        assert len(species.split(" ")) == 2


def test_newick_is_read_alike_by_two_programs(phylogeny):
    tree, taxonomy = phylogeny
    text = newick(tree)
    ours = dendropy.Tree.get(data=text, schema="newick")
    biopython = Phylo.read(io.StringIO(text), "newick")
    expected = set(taxonomy["species"])
    assert {tip.taxon.label for tip in ours.leaf_node_iter()} == expected
    assert {normalise_taxon(tip.name) for tip in biopython.get_terminals()} == expected
    assert biopython.distance(biopython.get_terminals()[0]) == pytest.approx(1)


def test_tree_does_not_depend_on_the_hash_seed():
    code = (
        "from visgen.simulate.phylogeny import newick, simulate_phylogeny\n"
        "print(newick(simulate_phylogeny(11, 4)[0]), end='')"
    )
    library = Path(__file__).parents[1] / "workflow" / "lib"
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(library)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert elsewhere.stdout == newick(simulate_phylogeny(11, 4)[0])


def test_too_few_species_are_refused():
    with pytest.raises(ValueError, match="n_species is 5; a tree with four ranks needs at least 6"):
        simulate_phylogeny(5, seed=0)


def test_more_genera_than_names_are_refused():
    with pytest.raises(ValueError, match=r"1000 genera asked for; names exist for at most \d+"):
        draw_roots(1000, np.random.default_rng(0))


def test_epithets_are_unique_within_a_genus():
    genera = ["Aa"] * 31 + ["Bb"] * 29
    names = name_species(genera, np.random.default_rng(0))
    assert len(set(names)) == 60
    assert [name.split()[0] for name in names] == genera


def test_a_genus_with_more_species_than_epithets_is_refused():
    with pytest.raises(ValueError, match="a genus has 50 species; there are 40 epithets"):
        name_species(["Aa"] * 50, np.random.default_rng(0))


# Traits


def test_branch_loadings_give_the_shared_path_lengths():
    tree, _ = simulate_phylogeny(7, seed=1)
    loadings = branch_loadings(tree)
    expected = [[shared_path(tree, a, b) for b in loadings.index] for a in loadings.index]
    np.testing.assert_allclose(loadings @ loadings.T, expected, atol=1e-9)


@pytest.mark.parametrize("signal", [0.0, 0.3, 1.0])
def test_signal_is_pagels_lambda(signal):
    tree, _ = simulate_phylogeny(7, seed=1)
    loadings = branch_loadings(tree).to_numpy()
    n = 100_000
    _, values = traits._pagel_motion(loadings, n, signal, np.random.default_rng(0))
    brownian = loadings @ loadings.T
    expected = signal * brownian + (1 - signal) * np.diag(np.diag(brownian))
    # Standard error of a covariance of about 1 is √(2/n) at most: 5 of them.
    np.testing.assert_allclose(values @ values.T / n, expected, atol=5 * np.sqrt(2 / n))


def test_traits_are_standardised_and_sorted(phylogeny):
    tree, taxonomy = phylogeny
    table = evolve_traits(tree, 13, signal=0.7, convergence=0.2, seed=1)
    assert list(table.index) == list(taxonomy["species"])
    np.testing.assert_allclose(table.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(table.std(ddof=0), 1)


def test_without_signal_species_are_exchangeable_and_with_it_relatives_resemble(phylogeny):
    tree = phylogeny[0]
    n_traits = 20_000
    pairs = np.triu_indices(40, 1)
    resemblance = {}
    for signal in (0.0, 1.0):
        values = evolve_traits(tree, n_traits, signal, convergence=0.0, seed=3).to_numpy()
        resemblance[signal] = (values @ values.T / n_traits)[pairs]
    # The mean of each trait is 0, so that any two species have the expectation −1/(n − 1).
    np.testing.assert_allclose(resemblance[0.0], -1 / 39, atol=5 / np.sqrt(n_traits))
    centring = np.eye(40) - 1 / 40
    loadings = branch_loadings(tree).to_numpy()
    expected = (centring @ loadings @ loadings.T @ centring)[pairs]
    assert np.corrcoef(resemblance[1.0], expected)[0, 1] > 0.99
    assert abs(np.corrcoef(resemblance[0.0], expected)[0, 1]) < 0.15


def test_full_convergence_leaves_four_ecomorphs_of_equal_size():
    tree, _ = simulate_phylogeny(12, seed=1)
    table = evolve_traits(tree, 5, signal=1.0, convergence=1.0, seed=2)
    assert sorted(table.round(9).groupby(list(table)).size()) == [3, 3, 3, 3]


def test_convergence_blurs_descent(phylogeny):
    tree = phylogeny[0]
    pairs = np.triu_indices(40, 1)
    brownian = branch_loadings(tree)
    shared = (brownian @ brownian.T).to_numpy()[pairs]

    def correlation(convergence):
        values = evolve_traits(tree, 500, 1.0, convergence, seed=4).to_numpy()
        return np.corrcoef((values @ values.T)[pairs], shared)[0, 1]

    assert correlation(0.0) > correlation(0.5) + 0.1 > correlation(0.8) + 0.2


def covariances(tree, taxonomy):
    """Return covariances on the tree, and on it with stars by a plain loop over pairs."""
    brownian = branch_loadings(tree)
    species, n = list(brownian.index), len(brownian)
    subclass = taxonomy.set_index("species")["subclass"]
    on_tree = (brownian @ brownian.T).to_numpy()
    expected = on_tree.copy()
    for i in range(n):
        for j in range(n):
            if i != j and subclass[species[i]] == subclass[species[j]]:
                members = [k for k in range(n) if subclass[species[k]] == subclass[species[i]]]
                pairs = [on_tree[k, m] for k in members for m in members if k != m]
                expected[i, j] = sum(pairs) / len(pairs)
    return subclass.loc[species], on_tree, expected


def test_stars_keep_what_subclasses_share_and_how_alike_their_species_are_on_average(phylogeny):
    subclass, on_tree, expected = covariances(*phylogeny)
    stars = star_loadings(branch_loadings(phylogeny[0]), subclass).to_numpy()
    np.testing.assert_allclose(stars @ stars.T, expected, atol=1e-9)
    assert np.abs(expected - on_tree).max() > 0.3
    alone = pd.Series(subclass.index, subclass.index)  # each species a group: the tree itself
    of_one = star_loadings(branch_loadings(phylogeny[0]), alone).to_numpy()
    np.testing.assert_allclose(of_one @ of_one.T, on_tree, atol=1e-9)


def test_coarse_look_follows_the_tree_between_subclasses_and_not_within(phylogeny):
    tree, taxonomy = phylogeny
    subclass, on_tree, stars = covariances(tree, taxonomy)
    n_traits = 20_000
    within = np.triu(subclass.to_numpy()[:, None] == subclass.to_numpy(), 1)
    every = np.triu_indices(len(subclass), 1)
    centring = np.eye(len(subclass)) - 1 / len(subclass)
    found = {}
    for coarse in (0.0, 0.5, 1.0):
        values = evolve_traits(
            tree, n_traits, 1.0, 0.0, seed=3, coarse=coarse, groups=subclass
        ).to_numpy()
        resemblance = values @ values.T / n_traits
        # Traits are standardised over species, so that what is centred is what shows.
        truth = centring @ ((1 - coarse) * on_tree + coarse * stars) @ centring
        assert np.corrcoef(resemblance[every], truth[every])[0, 1] > 0.99
        apart = [within & (subclass == name).to_numpy() for name in subclass.unique()]
        r = [np.corrcoef(resemblance[pairs], on_tree[pairs])[0, 1] for pairs in apart]
        found[coarse] = np.mean(r)
    assert found[0.0] > 0.95 and found[0.5] > 0.8 and abs(found[1.0]) < 0.15


def test_traits_without_coarse_signal_are_those_of_before(phylogeny):
    table = evolve_traits(phylogeny[0], 3, 0.7, 0.2, seed=1)
    np.testing.assert_allclose(
        table.iloc[[0, 13, 39]],
        [
            [-0.267693, -0.836944, -0.839867],
            [1.860021, -2.024081, -0.325998],
            [-1.236062, -0.675676, -0.195349],
        ],
        atol=1e-6,
    )


@pytest.mark.parametrize("knob", ["signal", "convergence", "coarse"])
def test_knobs_outside_their_range_are_refused(phylogeny, knob):
    knobs = {"signal": 0.5, "convergence": 0.5, "coarse": 0.0} | {knob: 1.2}
    with pytest.raises(ValueError, match=f"{knob} is 1.2; it must lie between 0 and 1"):
        evolve_traits(phylogeny[0], 3, **knobs, seed=0)


# Sequences


def test_rate_matrix_has_unit_rate_and_its_own_frequencies():
    rates = sequences._rate_matrix()
    np.testing.assert_allclose(rates.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(sequences._FREQUENCIES @ rates, 0, atol=1e-12)
    assert -sequences._FREQUENCIES @ np.diag(rates) == pytest.approx(1)


@pytest.mark.parametrize("base", range(4))
def test_substitution_follows_the_matrix_exponential(base):
    n, length = 100_000, 0.7
    states = np.full(n, base)
    evolved = sequences._evolve(states, np.full(n, length), np.random.default_rng(0))
    expected = expm(sequences._rate_matrix() * length)[base]
    np.testing.assert_allclose(np.bincount(evolved, minlength=4) / n, expected, atol=0.008)


def test_sequence_divergence_grows_with_patristic_distance(phylogeny):
    tree, _ = phylogeny
    records = {}
    for header, bases in simulate_sequences(tree, 601, seed=1):
        records.setdefault(header.split()[1].replace("_", " "), bases)
    species = sorted(records)
    letters = np.array([list(records[name]) for name in species])
    assert letters.shape[1] == 601
    pairs = np.triu_indices(len(species), 1)
    differing = (letters[pairs[0]] != letters[pairs[1]]).mean(axis=1)
    apart = [2 - 2 * shared_path(tree, species[i], species[j]) for i, j in zip(*pairs, strict=True)]
    assert spearmanr(differing, apart).statistic > 0.8
    assert 0.05 < differing.max() < 0.4


def test_some_species_have_no_sequence_and_none_more_than_five(phylogeny):
    tree, taxonomy = phylogeny
    headers = [header for header, _ in simulate_sequences(tree, 13, seed=1)]
    counts = pd.Series([header.split()[1] for header in headers]).value_counts()
    assert len(counts) == 40 - 4
    assert counts.max() == 5
    assert counts.min() == 1
    assert headers[0].startswith("SIM00001 ")
    assert set(counts.index.str.replace("_", " ")) < set(taxonomy["species"])


def test_sequences_of_one_species_differ_little(phylogeny):
    by_species = {}
    for header, bases in simulate_sequences(phylogeny[0], 1999, seed=1):
        by_species.setdefault(header.split()[1], []).append(list(bases))
    within = [
        np.mean(np.array(group[0]) != np.array(other))
        for group in by_species.values()
        for other in group[1:]
    ]
    assert 0 < np.mean(within) < 0.008  # twice 0.002 expected, less the repeated substitutions


def test_sequences_without_bases_are_refused(phylogeny):
    with pytest.raises(ValueError, match="n_bases is 0; at least 1 is needed"):
        simulate_sequences(phylogeny[0], 0, seed=1)


# Shells


def test_parameters_rise_monotonically_and_stay_in_bounds():
    table = np.array([shell_from_traits(np.full(len(RANGES), t)) for t in (-9, -3, -1, 0, 1, 3, 9)])
    low, high = np.array(list(RANGES.values())).T
    share = (table - low) / (high - low)
    assert ((share >= 0) & (share <= 1)).all()
    assert (np.diff(share, axis=0) > 0).all()


def test_wrong_number_of_traits_is_refused():
    with pytest.raises(ValueError, match=f"3 traits given; a shell has {len(RANGES)} parameters"):
        shell_from_traits(np.zeros(3))


def test_generating_curve_is_closed_and_has_the_stated_proportions():
    shell = shell_from_traits(np.zeros(len(RANGES)))._replace(
        elongation=1.7, umbo=0.4, obliquity=0.0, translation=0.0, auricle=0.0, distance=0.05
    )
    curve = generating_curve(shell)
    np.testing.assert_allclose(curve[0], curve[-1], atol=1e-12)
    assert np.ptp(curve[:, 0]) == pytest.approx(1.7, abs=0.01)
    assert -curve[:, 0].min() == pytest.approx(0.4 * 1.7, abs=0.01)
    assert curve[:, 1].min() == pytest.approx(0.05, abs=1e-6)
    assert curve[:, 1].max() == pytest.approx(1.05, abs=1e-3)
    steps = np.hypot(*np.diff(curve, axis=0).T)
    assert np.median(steps) == pytest.approx(steps.max(), rel=0.01)


def test_surface_is_raups_logarithmic_spiral():
    shell = shell_from_traits(np.zeros(len(RANGES)))
    s = np.linspace(0.3, 1, 11)
    u = np.full(11, 0.37)
    _, y, z = surface_points(generating_curve(shell), shell.expansion, u, s)
    radius, angle = np.hypot(y, z), np.arctan2(z, y)
    # The radius falls by W = exp(2π·expansion) a revolution.
    slope = np.diff(np.log(radius)) / np.diff(angle)
    np.testing.assert_allclose(slope, -shell.expansion, rtol=1e-4)


def test_margin_lies_in_the_plane_of_the_commissure():
    shell = shell_from_traits(np.zeros(len(RANGES)))
    u = np.linspace(0, 0.99, 13)
    points = surface_points(generating_curve(shell), shell.expansion, u, np.ones(13))
    np.testing.assert_allclose(points[2], 0, atol=1e-6)


def test_tangents_agree_with_finite_differences():
    shell = shell_from_traits(np.zeros(len(RANGES)))
    curve = generating_curve(shell)
    u, s = np.random.default_rng(0).uniform(0.1, 0.9, (2, 17))

    def unit_difference(du, ds):
        step = surface_points(curve, shell.expansion, u + du, s + ds) - surface_points(
            curve, shell.expansion, u - du, s - ds
        )
        return step / np.linalg.norm(step, axis=0)

    along, outward = surface_tangents(curve, shell.expansion, u, s)
    np.testing.assert_allclose(unit_difference(0.005, 0), along, atol=0.05)
    np.testing.assert_allclose(unit_difference(0, 0.001), outward, atol=1e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_shell_stays_in_the_frame_and_fills_a_fair_part_of_it(view):
    rng = np.random.default_rng(1)
    for number in range(60):
        shell = shell_from_traits(rng.choice([-3.0, 3.0], len(RANGES)))
        photo = draw_photo(rng.uniform(), rng)
        colour, mask = draw_valve(shell, photo, view, bool(number % 2), 64, number)
        mask = mask[0]
        assert 0.15 < mask.mean() < 0.8
        assert mask[[0, -1]].sum() + mask[:, [0, -1]].sum() == 0
        assert np.isfinite(colour).all()
        assert colour[:, mask == 0].max() == 0
        holes = (mask[1:-1, 1:-1] == 0) & (mask[:-2, 1:-1] + mask[2:, 1:-1] == 2)
        holes &= mask[1:-1, :-2] + mask[1:-1, 2:] == 2
        assert holes.sum() == 0


def test_mirrored_valve_is_the_mirror_image_in_plan():
    rng = np.random.default_rng(1)
    shell = shell_from_traits(np.full(len(RANGES), 0.5))
    photo = draw_photo(1.0, rng)._replace(rotation=0, pitch=0, roll=0, offset_x=0, offset_y=0)
    masks = [draw_valve(shell, photo, "outside", side, 64, 1)[1][0] for side in (False, True)]
    assert (masks[0] != masks[1]).mean() > 0.02
    assert (masks[0] != masks[1][:, ::-1]).mean() < 0.01


def test_ribs_and_rays_show_in_the_picture():
    smooth = shell_from_traits(np.zeros(len(RANGES)))._replace(
        rib_strength=-1.0, rays=-1.0, zones=-1.0
    )
    photo = draw_photo(1.0, np.random.default_rng(2))

    def drawn(shell):
        return draw_valve(shell, photo, "outside", False, 64, 1)[0]

    for change in ({"rib_strength": 0.8}, {"rays": 0.7}, {"zones": 0.7}, {"value": 0.5}):
        assert np.abs(drawn(smooth._replace(**change)) - drawn(smooth)).max() > 0.1
    np.testing.assert_array_equal(drawn(smooth._replace(rays=-0.1)), drawn(smooth))


@pytest.mark.parametrize(
    ("view", "background", "message"),
    [
        ("above", BACKGROUNDS[0], "view is 'above'; expected one of outside, inside"),
        ("inside", "sand", "background is 'sand'; expected one of black velvet"),
    ],
)
def test_unknown_view_or_background_is_refused(view, background, message):
    rng = np.random.default_rng(0)
    shell = shell_from_traits(np.zeros(len(RANGES)))
    with pytest.raises(ValueError, match=message):
        take_photo(shell, draw_photo(1.0, rng), view, False, background, 16, 0, rng)


# Collection


@pytest.fixture(scope="module")
def meta(phylogeny):
    return lay_out_collection(phylogeny[1], 1009, seed=7)


def test_collection_has_the_number_of_images_asked_for(meta):
    assert len(meta) == 1009
    assert meta["filename"].is_unique
    assert list(meta["filename"]) == sorted(meta["filename"])


def test_specimens_have_one_species_one_source_and_one_part(meta):
    distinct = meta.groupby("specimen")[["species", "source", "split"]].nunique()
    assert (distinct == 1).all(axis=None)


def test_test_part_is_balanced(meta):
    test = meta[meta["split"] == "test"].groupby("species")
    assert (test.size() == 6).all()
    assert (test["specimen"].nunique() == 3).all()
    assert len(test) == 40


def test_training_part_has_a_long_tail(meta):
    train = meta[meta["split"] == "train"]
    specimens = train.groupby("species")["specimen"].nunique().sort_values(ascending=False)
    assert len(specimens) == 40
    assert specimens.iloc[0] == 40
    assert specimens.iloc[-1] == 3
    uncut = specimens[(specimens < 40) & (specimens > 3)]
    rank = np.flatnonzero((specimens < 40) & (specimens > 3)) + 1
    np.testing.assert_allclose(uncut * rank, np.median(uncut * rank), atol=0.6 * rank.max())
    assert train.groupby("specimen").size().between(1, 3).all()


def test_second_image_of_a_specimen_shows_the_inside(meta):
    number = meta["filename"].str.extract(r"_(\d)\.", expand=False)
    assert set(zip(number, meta["view"], strict=True)) == {
        ("1", "outside"),
        ("2", "inside"),
        ("3", "outside"),
    }


@pytest.mark.parametrize("n_images", [9 * 7, 60 * 7, 126 * 7])
def test_any_possible_number_of_images_is_met_exactly(n_images):
    _, taxonomy = simulate_phylogeny(7, seed=1)
    meta = lay_out_collection(taxonomy, n_images, seed=1)
    assert len(meta) == n_images
    specimens = meta[meta["split"] == "train"].groupby("species")["specimen"].nunique()
    assert specimens.between(3, 40).all()


@pytest.mark.parametrize("n_images", [62, 883])
def test_impossible_numbers_of_images_are_refused(n_images):
    _, taxonomy = simulate_phylogeny(7, seed=1)
    message = f"n_images is {n_images}; 7 species need 63 to 882 images"
    with pytest.raises(ValueError, match=message):
        lay_out_collection(taxonomy, n_images, seed=1)


# The study as a whole


def test_same_seed_gives_same_bytes_and_another_seed_others(study, tmp_path):
    simulate_study(tmp_path / "again", **TINY, planted=1, seed=3)
    simulate_study(tmp_path / "other", **TINY, planted=1, seed=4)
    assert digests(tmp_path / "again") == digests(study)
    shared = set(digests(tmp_path / "other").items()) & set(digests(study).items())
    empty = {path.name for path in study.rglob("*") if path.stat().st_size == 0}
    assert {Path(name).name for name, _ in shared} <= {
        *empty,
        *("unnamed.csv", "unnamed.planted.tsv"),  # of an empty drawer
    }


def test_planted_errors_leave_the_good_part_as_it_is(study, tmp_path):
    simulate_study(tmp_path, **TINY, planted=0, seed=3)
    good = {k: v for k, v in digests(tmp_path).items() if not k.startswith(("meta", "planted"))}
    assert good.items() <= digests(study).items()
    assert len(list((tmp_path / "images").iterdir())) == TINY["n_images"]
    clean, dirty = (pd.read_csv(folder / "meta.csv") for folder in (tmp_path, study))
    kept = dirty[dirty["filename"].isin(clean["filename"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, clean)
    assert len(pd.read_csv(tmp_path / "planted.tsv", sep="\t")) == 0


def test_files_and_table_agree_but_for_what_is_planted(study):
    meta = pd.read_csv(study / "meta.csv")
    planted = pd.read_csv(study / "planted.tsv", sep="\t").set_index("file")["reason"]
    assert list(meta["filename"]) == sorted(meta["filename"])
    files = {path.name for path in (study / "images").iterdir()}
    assert set(meta["filename"]) - files == set(
        planted.index[planted.isin(["missing_file", "outside_folder"])]
    )
    assert files - set(meta["filename"]) == set(planted.index[planted == "not_in_meta"])


def test_each_planted_file_is_what_it_is_said_to_be(study):
    images = study / "images"
    meta = pd.read_csv(study / "meta.csv").set_index("filename")
    planted = pd.read_csv(study / "planted.tsv", sep="\t")
    assert sorted(planted["reason"]) == [
        "conflicting_duplicate",
        "conflicting_duplicate",
        "contradictory_taxonomy",
        "duplicate",
        "empty_file",
        "missing_file",
        "not_in_meta",
        "outside_folder",
        "truncated",
    ]
    of_reason = planted.groupby("reason")["file"].apply(list)

    with pytest.raises(OSError, match="truncated"):
        Image.open(images / of_reason["truncated"][0]).load()
    assert (images / of_reason["empty_file"][0]).stat().st_size == 0
    assert not (images / of_reason["missing_file"][0]).exists()
    assert (images / of_reason["outside_folder"][0]).is_file()

    content = {path.name: path.read_bytes() for path in images.iterdir()}
    (copy,) = of_reason["duplicate"]
    (original,) = [name for name in content if content[name] == content[copy] and name != copy]
    pd.testing.assert_series_equal(meta.loc[copy], meta.loc[original], check_names=False)
    assert original < copy
    one, two = of_reason["conflicting_duplicate"]
    assert content[one] == content[two]
    assert meta.loc[one, "species"] != meta.loc[two, "species"]
    assert sum(data == content[one] for data in content.values()) == 2

    (misplaced,) = of_reason["contradictory_taxonomy"]
    row = meta.loc[misplaced]
    placements = meta.loc[meta["genus"] == row["genus"], "family"].value_counts()
    assert len(placements) == 2
    assert placements[row["family"]] == 1
    assert placements.iloc[0] > 1
    relatives = meta[(meta["family"] == row["family"]) & (meta["genus"] != row["genus"])]
    assert set(relatives["order"]) == {row["order"]}
    contradictory = meta.groupby("genus")["family"].nunique()
    assert list(contradictory.index[contradictory > 1]) == [row["genus"]]


def test_good_images_open_with_the_size_asked_for(study):
    meta = pd.read_csv(study / "meta.csv")
    planted = set(pd.read_csv(study / "planted.tsv", sep="\t")["file"])
    suffixes = set()
    for name in set(meta["filename"]) - planted:
        with Image.open(study / "images" / name) as image:
            image.load()
            assert image.size == (32, 32)
            suffixes.add((Path(name).suffix, image.format))
    assert suffixes == {(".jpg", "JPEG"), (".png", "PNG")}


def test_tree_sequences_and_traits_name_the_same_species(study):
    species = set(pd.read_csv(study / "meta.csv")["species"])
    tree = dendropy.Tree.get(path=study / "tree.nwk", schema="newick")
    assert {tip.taxon.label for tip in tree.leaf_node_iter()} == species
    truth = pd.read_csv(study / "traits.tsv", sep="\t", index_col="species")
    assert set(truth.index) == species
    assert list(truth.columns) == list(RANGES)
    named = {
        record.description.split()[1].replace("_", " ")
        for record in SeqIO.parse(study / "sequences.fasta", "fasta")
    }
    assert named < species


def test_species_outside_the_tree_leave_the_others_where_they_are(tmp_path):
    folders = [tmp_path / "all", tmp_path / "some"]
    for folder, n_outside in zip(folders, (0, 2), strict=True):
        simulate_study(folder, **TINY | {"outside_tree": n_outside}, planted=0, seed=5)
    trees = [dendropy.Tree.get(path=folder / "tree.nwk", schema="newick") for folder in folders]
    matrices = [tree.phylogenetic_distance_matrix() for tree in trees]
    labels = [{taxon.label: taxon for taxon in matrix.taxon_iter()} for matrix in matrices]
    assert len(labels[0]) == 7 and len(labels[1]) == 5 and set(labels[1]) < set(labels[0])
    for a, b in pairwise(sorted(labels[1])):
        whole, pruned = (m.distance(of[a], of[b]) for m, of in zip(matrices, labels, strict=True))
        assert pruned == pytest.approx(whole)
    for name in ("meta.csv", "sequences.fasta", "traits.tsv"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    with pytest.raises(ValueError, match="outside_tree is 5; of 7 species at least 3 have to stay"):
        simulate_study(tmp_path / "few", **TINY | {"outside_tree": 5}, planted=0, seed=5)


def test_species_differ_more_than_specimens_of_one(tmp_path):
    simulate_study(tmp_path, **TINY, planted=0, seed=5)
    meta = pd.read_csv(tmp_path / "meta.csv").query("view == 'outside' and split == 'test'")
    colours = {}
    for name, species in zip(meta["filename"], meta["species"], strict=True):
        picture = np.asarray(Image.open(tmp_path / "images" / name).convert("RGB"), float)
        middle = picture[12:20, 12:20].mean(axis=(0, 1))
        colours.setdefault(species, []).append(middle / middle.sum())
    table = np.array(list(colours.values()))  # (species, specimen, channel)
    between = table.mean(axis=1).var(axis=0).sum()
    within = table.var(axis=1).mean(axis=0).sum()
    assert between > 3 * within


def test_folder_with_images_is_refused(study):
    with pytest.raises(FileExistsError, match="images is not empty"):
        simulate_study(study, **TINY, planted=0, seed=3)


def test_negative_number_of_planted_sets_is_refused(tmp_path):
    with pytest.raises(ValueError, match="planted is -1; the number of sets cannot be negative"):
        simulate_study(tmp_path, **TINY, planted=-1, seed=3)


# Contact sheet


def test_contact_sheet_places_pictures_in_reading_order():
    colours = ["red", "green", "blue"]
    images = [Image.new("RGB", (30, 20), colour) for colour in colours]
    sheet = contact_sheet(images, ["a", "b\nc", "d"], columns=2, cell=30, font_size=10)
    # Gap 6, cell 30, caption of two lines 27: cells start at 6 and 42, rows at 6 and 69.
    assert sheet.size == (2 * 36 + 6, 2 * 63 + 6)
    assert sheet.getpixel((21, 21)) == (255, 0, 0)
    assert sheet.getpixel((57, 21)) == (0, 128, 0)
    assert sheet.getpixel((21, 84)) == (0, 0, 255)
    assert sheet.getpixel((57, 84)) == (255, 255, 255)
    caption = np.asarray(sheet.convert("L"))[38:65, 42:72]
    assert caption.min() < 128


def test_contact_sheet_wants_one_label_each():
    with pytest.raises(ValueError, match="1 images and 2 labels; one label each is needed"):
        contact_sheet([Image.new("RGB", (3, 3))], ["a", "b"], columns=1, cell=9, font_size=8)
