"""How far apart taxa are by each source, read from files."""

import re

import numpy as np
import pandas as pd
import pytest
from visgen.distances.matrices import write_distances
from visgen.genetics.vectors.files import SequenceVectors, write_vectors
from visgen.prior.sources import read_sources
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import tabulate_taxa

RANKS = ["family", "genus", "species"]
TABLE = pd.DataFrame(
    [
        ("Arcidae", "Arca", "Arca noae"),
        ("Arcidae", "Arca", "Arca zebra"),
        ("Arcidae", "Barbatia", "Barbatia barbata"),
        ("Limidae", "Lima", "Lima lima"),
        ("Limidae", "Lima", "Lima vulgaris"),
    ],
    columns=RANKS,
)
SPECIES = list(TABLE["species"])
GENERA = ["Arca", "Barbatia", "Lima"]


def read(paths, rank="species", tree_rank="species", taxa=None):
    taxa = TABLE[rank].unique() if taxa is None else taxa
    return read_sources(paths, taxa, tabulate_taxa(TABLE, RANKS), RANKS, rank, tree_rank)


def vectors_file(path, of_taxa):
    """Write vectors of sequences, given as (taxon, values)."""
    names = np.array([f"s{i}" for i in range(len(of_taxa))])
    taxa = np.array([taxon for taxon, _ in of_taxa])
    values = np.array([one for _, one in of_taxa], float)
    features = np.array([f"k{i}" for i in range(values.shape[1])])
    write_vectors(path, SequenceVectors(names, taxa, features, values))
    return str(path)


def tree_file(path, taxa, distances):
    write_distances(path, DistanceMatrix(np.asarray(distances, float), taxa))
    return str(path)


def of_pair(study, source, one, other):
    return study.distances[source][one, other]


@pytest.mark.parametrize("source", ["kmers", "sgt"])
def test_vectors_of_sequences_give_cosine_distances_of_their_means(tmp_path, source):
    path = vectors_file(
        tmp_path / "vectors.npz",
        [
            ("Arca noae", [1, 0]),
            ("Arca noae", [5, 8]),  # their mean is (3, 4)
            ("arca zebra", [0, 2]),  # in another case
            ("Barbatia barbata", [4, 3]),
            ("Pinna nobilis", [1, 1]),  # not in the study
        ],
    )
    study = read({"taxonomy": None, source: path})
    assert list(study.distances[source].ids) == sorted(SPECIES)
    assert of_pair(study, source, "Arca noae", "Arca zebra") == pytest.approx(1 - 4 / 5)
    assert of_pair(study, source, "Arca noae", "Barbatia barbata") == pytest.approx(1 - 24 / 25)
    # Of those without sequences: the mean of pairs as many ranks apart, or nearest to that.
    assert study.lacking.to_dict("list") == {
        "relatives": [source] * 2,
        "taxon": ["Lima lima", "Lima vulgaris"],
    }
    assert of_pair(study, source, "Lima lima", "Lima vulgaris") == pytest.approx(1 / 5)
    two_ranks = np.mean([1 - 24 / 25, 1 - 3 / 5])
    assert of_pair(study, source, "Lima lima", "Arca noae") == pytest.approx(two_ranks)
    (relatives,) = read({source: path}).among(SPECIES).values()
    assert relatives.taxa == SPECIES and relatives.filled == ["Lima lima", "Lima vulgaris"]


def test_species_are_as_far_apart_as_the_genera_of_the_tree(tmp_path):
    path = tree_file(tmp_path / "tree.tsv", GENERA, [[0, 2, 6], [2, 0, 7], [6, 7, 0]])
    study = read({"tree": path}, tree_rank="genus")
    assert of_pair(study, "tree", "Arca noae", "Barbatia barbata") == 2
    assert of_pair(study, "tree", "Arca zebra", "Lima lima") == 6
    assert of_pair(study, "tree", "Arca noae", "Arca zebra") == 0
    assert study.lacking.empty


def test_genera_are_as_far_apart_as_the_species_of_the_tree_on_average(tmp_path):
    distances = [
        [0, 1, 4, 8, 8],
        [1, 0, 6, 8, 8],
        [4, 6, 0, 9, 9],
        [8, 8, 9, 0, 2],
        [8, 8, 9, 2, 0],
    ]
    path = tree_file(tmp_path / "tree.tsv", SPECIES, distances)
    study = read({"tree": path}, rank="genus")
    assert list(study.distances["tree"].ids) == GENERA
    assert study.distances["tree"].data.tolist() == [[0, 5, 8], [5, 0, 9], [8, 9, 0]]
    assert list(study.among(["Lima", "Arca", "Barbatia"])["tree"].taxa) == [
        "Lima",
        "Arca",
        "Barbatia",
    ]


def reason_of(study, source):
    assert source not in study.distances
    return study.omitted.set_index("part").loc[source, "reason"]


@pytest.mark.parametrize("source", ["tree", "alignment"])
def test_distances_of_fewer_than_three_taxa_are_refused(tmp_path, source):
    taxa = ["Arca noae", "Lima lima", "Pinna nobilis", "Pinna rudis"]
    path = tree_file(tmp_path / "few.tsv", taxa, 1 - np.eye(4))
    said = reason_of(read({"taxonomy": None, source: path}), source)
    assert said.startswith(
        f"relatives by {source}: 2 of the 5 taxa are in it, expected at least 3; it has "
        "['Arca noae', 'Lima lima', 'Pinna nobilis', 'Pinna rudis'], the study ['Arca noae'"
    )


def test_vectors_of_fewer_than_three_taxa_are_refused(tmp_path):
    of_taxa = [("Arca noae", [1, 0]), ("Lima lima", [0, 1]), ("Pinna nobilis", [1, 1])]
    path = vectors_file(tmp_path / "vectors.npz", of_taxa)
    found = read({"taxonomy": None, "kmers": path})
    assert reason_of(found, "kmers").startswith("relatives by kmers: 2 of the 5 taxa are in it")


def test_a_tree_of_two_of_the_genera_is_refused(tmp_path):
    path = tree_file(tmp_path / "tree.tsv", SPECIES[:3], [[0, 1, 4], [1, 0, 6], [4, 6, 0]])
    said = reason_of(read({"tree": path}, rank="genus"), "tree")
    assert said.startswith("relatives by tree: 2 of the 3 taxa are in it")


@pytest.mark.parametrize(("rank", "tree_rank"), [("genus", "species"), ("species", "genus")])
def test_a_tree_of_none_of_the_taxa_is_refused(tmp_path, rank, tree_rank):
    path = tree_file(tmp_path / "tree.tsv", ["Pinna", "Atrina", "Isognomon"], 1 - np.eye(3))
    said = reason_of(read({"tree": path}, rank, tree_rank), "tree")
    assert re.match(r"relatives by tree: 0 of the \d taxa are in it", said)


def test_a_source_that_tells_no_near_relatives_is_left_out_alone(tmp_path):
    path = tree_file(tmp_path / "tree.tsv", SPECIES, 1 - np.eye(len(SPECIES)))
    found = read({"taxonomy": None, "tree": path})
    assert list(found.distances) == ["taxonomy"] and "a star tree?" in reason_of(found, "tree")


def test_sequences_that_differ_in_case_only_are_of_the_same_taxon(tmp_path):
    names = [name.upper() for name in SPECIES]
    steps = 1 + np.arange(len(names), dtype=float)
    distances = np.abs(steps[:, None] - steps)
    found = read({"alignment": tree_file(tmp_path / "distances.tsv", names, distances)})
    assert found.lacking.empty and set(found.distances["alignment"].ids) == set(SPECIES)
