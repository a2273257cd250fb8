"""The drawer without names: who lies in it, where on the tree, and how it looks."""

import hashlib
import io
from collections import Counter
from itertools import pairwise

import dendropy
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visgen.simulate import unknowns
from visgen.simulate.further_traits import evolve_further
from visgen.simulate.new_taxa import (
    NEW_RANKS,
    joint_covariance,
    nearest_known,
    place_new_taxa,
)
from visgen.simulate.no_shells import NO_SHELLS, draw_no_shell
from visgen.simulate.phylogeny import simulate_phylogeny, slice_times
from visgen.simulate.pictures import encode_picture
from visgen.simulate.ranks import RANKS
from visgen.simulate.study import simulate_study
from visgen.simulate.traits import branch_loadings, evolve_traits, star_loadings, trace_evolution
from visgen.tables import read_table

TINY = {
    "n_species": 11,
    "n_images": 101,
    "image_size": 32,
    "n_bases": 61,
    "signal": 0.9,
    "convergence": 0.1,
    "coarse": 0.2,
    "planted": 1,
    "outside_tree": 2,
    "seed": 3,
}
N_EACH = {"new_species": 5, "new_genus": 3, "new_order": 2}


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Return a study without unknowns and the same with them."""
    folders = [tmp_path_factory.mktemp("without"), tmp_path_factory.mktemp("with")]
    for folder, n_shells in zip(folders, (0, 29), strict=True):
        simulate_study(folder, **TINY, unknowns=n_shells)
    return folders


class Grafted:
    """A simulated tree, and the same with new species on it."""

    def __init__(self, n_species, seed, n_each=N_EACH):
        self.tree, self.taxonomy = simulate_phylogeny(n_species, seed)
        self.times = slice_times(self.tree)
        loadings = branch_loadings(self.tree)
        self.covariance = loadings @ loadings.T
        self.placed = place_new_taxa(
            self.taxonomy, self.covariance, self.times, n_each, np.random.default_rng(seed)
        )
        self.joint = joint_covariance(self.covariance, self.placed)
        self.taxa = pd.concat(
            [self.taxonomy.set_index("species", drop=False), self.placed[[*RANKS]]]
        )

    def graft(self):
        """Return the tree with the new species put on its branches one by one."""
        tree = dendropy.Tree(self.tree)
        for name, row in self.placed.iterrows():
            tree.calc_node_root_distances(return_leaf_distances_only=False)
            node = tree.find_node_with_taxon_label(row["host"])
            while node.parent_node.root_distance > row["time"]:
                node = node.parent_node
            above, below = node.parent_node, node.root_distance
            above.remove_child(node)
            split = above.new_child(edge_length=row["time"] - above.root_distance)
            split.add_child(node)
            node.edge.length = below - row["time"]
            taxon = tree.taxon_namespace.require_taxon(label=name)
            split.new_child(taxon=taxon, edge_length=1 - row["time"])
        return tree


@pytest.fixture(scope="module")
def grafted():
    return Grafted(43, seed=2)


# The study beside it


def test_the_study_is_the_same_with_and_without_unknowns(studies):
    without, filled = map(digests, studies)
    rest = {name for name in without if not name.startswith("unnamed")}
    assert len(rest) > TINY["n_images"]
    assert {name: filled[name] for name in rest} == {name: without[name] for name in rest}
    assert {name for name in filled if not name.startswith("unnamed")} == rest


def test_without_unknowns_there_are_an_empty_folder_and_empty_tables(studies):
    folder = studies[0]
    assert not list((folder / "unnamed").iterdir())
    assert (folder / "unnamed.csv").read_text() == "filename,specimen\n"
    ranks = "\t".join(RANKS)
    head = f"specimen\tkind\t{ranks}\tnearest_species\tdistance\n"
    assert (folder / "unnamed.planted.tsv").read_text() == head


def test_same_seed_gives_the_same_drawer_whatever_the_written_tree_lacks(studies, tmp_path):
    simulate_study(tmp_path, **TINY | {"outside_tree": 0, "planted": 0}, unknowns=29)
    again, before = (
        {name: digest for name, digest in digests(folder).items() if name.startswith("unnamed")}
        for folder in (tmp_path, studies[1])
    )
    assert again == before and len(before) > 29


def test_a_filled_drawer_and_a_negative_number_are_refused(tmp_path):
    with pytest.raises(ValueError, match="unknowns is -1; the number of specimens cannot be neg"):
        unknowns.plant_unknowns(tmp_path, -1, None, None, None, 32, seed=1)
    folder = tmp_path / "other"
    (folder / "unnamed").mkdir(parents=True)
    (folder / "unnamed" / "old.jpg").touch()
    with pytest.raises(FileExistsError, match="unnamed is not empty"):
        simulate_study(folder, **TINY)


# Who lies in it


def test_half_are_known_and_the_others_new_in_three_ways(studies):
    truth = read_table(studies[1] / "unnamed.planted.tsv")
    kinds = {"known_species": 15, "new_species": 5, "new_genus": 5, "new_order": 4, "no_shell": 3}
    assert truth["kind"].value_counts().to_dict() == kinds
    species = truth.groupby("kind")["species"].nunique()
    assert species.to_dict() == {
        "known_species": 11,  # all that there are
        "new_species": 3,
        "new_genus": 3,
        "new_order": 2,
        "no_shell": 0,
    }
    for _, of_kind in truth.dropna(subset="species").groupby("kind"):
        each = of_kind["species"].value_counts()
        assert each.max() - each.min() <= 1


@pytest.mark.parametrize(
    ("n_shells", "expected"),
    [(1, [1, 0, 0, 0]), (2, [1, 1, 0, 0]), (30, [15, 5, 5, 5]), (37, [19, 6, 6, 6])],
)
def test_specimens_are_shared_out(n_shells, expected):
    kinds = ["known_species", "new_species", "new_genus", "new_order"]
    assert unknowns._share_out(n_shells) == dict(zip(kinds, expected, strict=True))


def test_pictures_are_those_of_the_table_one_or_two_a_specimen(studies):
    folder = studies[1]
    meta = pd.read_csv(folder / "unnamed.csv")
    truth = read_table(folder / "unnamed.planted.tsv")
    assert list(meta.columns) == ["filename", "specimen"]
    assert {path.name for path in (folder / "unnamed").iterdir()} == set(meta["filename"])
    assert list(truth["specimen"]) == [f"drawer_{k:04d}" for k in range(1, 33)]
    n_images = meta.groupby("specimen").size()
    assert set(n_images) == {1, 2} and set(n_images.index) == set(truth["specimen"])
    assert set(n_images[truth.loc[truth["kind"] == "no_shell", "specimen"]]) == {1}
    numbers = meta.groupby("specimen").cumcount() + 1
    assert list(meta["filename"]) == [
        f"{specimen}_{k}.jpg" for specimen, k in zip(meta["specimen"], numbers, strict=True)
    ]
    for name in meta["filename"]:
        with Image.open(folder / "unnamed" / name) as image:
            image.load()
            assert (image.format, image.size) == ("JPEG", (32, 32))


def test_the_order_of_the_drawer_tells_nothing(studies):
    kinds = list(read_table(studies[1] / "unnamed.planted.tsv")["kind"])
    assert len([1 for a, b in pairwise(kinds) if a != b]) > 10


def test_new_taxa_are_in_no_file_of_the_study(studies):
    folder = studies[1]
    meta = pd.read_csv(folder / "meta.csv")
    truth = read_table(folder / "unnamed.planted.tsv")
    text = "".join(
        (folder / name).read_text().replace("_", " ")
        for name in ("meta.csv", "tree.nwk", "sequences.fasta", "traits.tsv")
    )
    for kind, rank in NEW_RANKS.items():
        of_kind = truth[truth["kind"] == kind]
        for above in RANKS[: RANKS.index(rank)]:
            assert set(of_kind[above]) <= set(meta[above])
        for below in RANKS[RANKS.index(rank) :]:
            assert not [name for name in of_kind[below] if name in text]
    known = truth[truth["kind"] == "known_species"]
    assert set(known["species"]) <= set(meta["species"])
    assert (known["nearest_species"] == known["species"]).all() and (known["distance"] == 0).all()
    nothing = truth[truth["kind"] == "no_shell"]
    assert nothing.drop(columns=["specimen", "kind"]).isna().all(axis=None)


# Where they are on the tree


def test_times_of_slices_are_those_at_which_taxa_are_told_apart(grafted):
    """Two species share a taxon where, and only where, they part after its slice."""
    covariance = grafted.covariance.to_numpy()
    taxonomy = grafted.taxonomy.set_index("species", drop=False).loc[grafted.covariance.index]
    for rank in RANKS[:-1]:
        same = taxonomy[rank].to_numpy()[:, None] == taxonomy[rank].to_numpy()
        np.testing.assert_array_equal(same, covariance > grafted.times[rank] + 1e-9)


def test_nearest_and_distance_are_those_of_the_grafted_tree(grafted):
    tree = grafted.graft()
    found = nearest_known(grafted.joint, len(grafted.taxonomy))
    matrix = tree.phylogenetic_distance_matrix()
    of = {taxon.label: taxon for taxon in matrix.taxon_iter()}
    known = sorted(grafted.taxonomy["species"])
    assert len(found) == len(known) + sum(N_EACH.values())
    for name in grafted.placed.index:
        distances = {other: matrix.distance(of[name], of[other]) for other in known}
        least = min(distances.values())
        assert found.loc[name, "distance"] == pytest.approx(least)
        ties = [other for other in known if distances[other] < least + 1e-9]
        assert found.loc[name, "nearest_species"] == ties[0]


def test_covariance_is_that_of_the_grafted_tree(grafted):
    loadings = branch_loadings(grafted.graft())
    expected = (loadings @ loadings.T).loc[grafted.joint.index, grafted.joint.index]
    np.testing.assert_allclose(grafted.joint, expected, atol=1e-9)


@pytest.mark.parametrize(("n_species", "seed"), [(6, 1), (7, 5), (43, 2)])
def test_species_share_taxa_as_they_part_on_the_grafted_tree(n_species, seed):
    world = Grafted(n_species, seed)
    taxa = world.taxa.loc[world.joint.index]
    assert not taxa["species"].duplicated().any()
    joint = world.joint.to_numpy()
    for rank in RANKS[:-1]:
        same = taxa[rank].to_numpy()[:, None] == taxa[rank].to_numpy()
        np.testing.assert_array_equal(same, joint > world.times[rank] + 1e-9)


def test_new_taxa_are_spread_over_the_known_ones(grafted):
    for kind, above in (("new_species", "genus"), ("new_genus", "family"), ("new_order", RANKS[0])):
        of_kind = grafted.placed[grafted.placed["kind"] == kind]
        assert of_kind[above].nunique() == N_EACH[kind]


def test_more_new_species_than_genera_share_genera_but_no_names():
    world = Grafted(7, seed=5, n_each={"new_species": 17, "new_genus": 0, "new_order": 0})
    n_genera = world.taxonomy["genus"].nunique()
    assert max(Counter(world.placed["genus"]).values()) == -(-17 // n_genera)
    assert world.taxa["species"].is_unique


# How they look


def traits_of(world, n_traits, seed, signal=1.0, convergence=0.0, coarse=0.0):
    groups = world.taxa[RANKS[0]]
    evolution = trace_evolution(
        world.tree, n_traits, signal, convergence, seed, coarse=coarse, groups=groups
    )
    return evolution, evolve_further(evolution, world.joint, groups, seed + 1)


@pytest.mark.parametrize(("signal", "coarse"), [(1.0, 0.0), (0.6, 0.0), (0.6, 0.7), (1.0, 1.0)])
def test_known_and_new_covary_as_on_the_grafted_tree(signal, coarse):
    world = Grafted(13, seed=4)
    groups = world.taxa[RANKS[0]]
    n_known, n_traits = 13, 20_000
    evolution, further = traits_of(world, n_traits, 7, signal, coarse=coarse)
    raw = [
        table.to_numpy() * evolution.deviation + evolution.mean
        for table in (evolution.traits, further)
    ]
    values = np.vstack(raw)
    stars = star_loadings(branch_loadings(world.tree), groups)
    of_stars = (stars @ stars.T).to_numpy()
    joint = world.joint.to_numpy()
    group = list(groups[world.joint.index])
    expected = joint.copy()
    for i in range(len(joint)):
        for j in range(len(joint)):
            if i != j:
                mates = [k for k in range(n_known) if group[i] == group[j] == group[k]]
                on_star = of_stars[mates[0], mates[1]] if len(mates) > 1 else joint[i, j]
                expected[i, j] = signal * ((1 - coarse) * joint[i, j] + coarse * on_star)
    assert np.abs(expected[n_known:, :n_known]).max() > 0.3
    found = values @ values.T / n_traits
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(2 / n_traits))


def test_traits_that_are_traced_are_those_that_evolve(grafted):
    knobs = (5, 0.7, 0.3, 2)
    evolution = trace_evolution(grafted.tree, *knobs)
    pd.testing.assert_frame_equal(evolution.traits, evolve_traits(grafted.tree, *knobs))


def test_full_convergence_leaves_new_species_the_look_of_a_known_one(grafted):
    evolution, further = traits_of(grafted, 3, 5, convergence=1.0)
    gaps = np.abs(further.to_numpy()[:, None] - evolution.traits.to_numpy()).max(axis=2)
    np.testing.assert_allclose(gaps.min(axis=1), 0, atol=1e-9)


def test_new_species_look_like_their_genus():
    own, other = [], []
    for seed in range(7):
        world = Grafted(29, seed, n_each={"new_species": 5, "new_genus": 0, "new_order": 0})
        evolution, further = traits_of(world, 23, seed)
        genus = world.taxonomy.set_index("species")["genus"]
        for name, values in further.iterrows():
            gaps = ((evolution.traits - values) ** 2).mean(axis=1) ** 0.5
            of_own = genus[gaps.index] == world.placed.loc[name, "genus"]
            own.append(gaps[of_own].mean())
            other.append(gaps[~of_own].mean())
    assert np.mean(own) < 0.6 * np.mean(other)


def test_the_newer_the_rank_the_less_they_look_like_any():
    gap = {kind: [] for kind in NEW_RANKS}
    for seed in range(7):
        world = Grafted(29, seed)
        evolution, further = traits_of(world, 23, seed)
        for name, values in further.iterrows():
            gaps = ((evolution.traits - values) ** 2).mean(axis=1) ** 0.5
            gap[world.placed.loc[name, "kind"]].append(gaps.min())
    means = [np.mean(gap[kind]) for kind in ("new_species", "new_genus", "new_order")]
    assert means[0] < means[1] - 0.05 and means[1] < means[2] - 0.05


# What is no shell


def test_pictures_of_no_shell_differ_are_not_plain_and_come_again_with_their_seed():
    pictures = {}
    for what in NO_SHELLS:
        picture = draw_no_shell(what, 37, np.random.default_rng(5))
        assert picture.shape == (37, 37, 3) and picture.dtype == np.uint8
        assert picture.astype(float).std(axis=(0, 1)).min() > 20
        again = draw_no_shell(what, 37, np.random.default_rng(5))
        other = draw_no_shell(what, 37, np.random.default_rng(6))
        assert (picture == again).all() and (picture != other).any()
        pictures[what] = picture.astype(float)
    a, b, c = pictures.values()
    assert min(np.abs(a - b).mean(), np.abs(a - c).mean(), np.abs(b - c).mean()) > 20


def test_an_unknown_picture_of_no_shell_is_refused():
    with pytest.raises(ValueError, match="no picture of 'spoon'; expected one of label, colour ch"):
        draw_no_shell("spoon", 32, np.random.default_rng(0))


def test_pictures_are_written_in_the_format_of_their_name():
    picture = np.full((5, 7, 3), 111, np.uint8)
    for name, kind in (("a.png", "PNG"), ("a.jpg", "JPEG")):
        with Image.open(io.BytesIO(encode_picture(picture, name))) as image:
            assert (image.format, image.size) == (kind, (7, 5))
            np.testing.assert_allclose(np.asarray(image), picture, atol=1)
