import copy

import pytest
from test_configuration import SCHEMA, SIMULATION, SMALLEST, complaint, study
from visgen.configuration.reading import checked_config

SEQUENCED = study({"inputs.sequences": "rdna.fasta", "inputs.sequence_rank": "genus"})
INFERRED = study(
    {"inputs.tree": "inferred", "inputs.tree_rank": "genus", "genetics.tree": {}}, SEQUENCED
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"genetics.anchors": {"a": {"source": "kmers", "space": "whitened", "size": 5}}},
        {"genetics.anchors": {"a": {"scaling": "none"}, "b": {"source": "sgt", "scaling": "l2"}}},
        {"genetics.anchors": {"a": {"source": "taxonomy", "fallback": ["family"]}}},
        {"genetics.anchors": {"a": {"source": "random", "fallback": ["family"], "size": 89}}},
        {
            "genetics.anchors": {"a": {"source": "tree", "fallback": ["family"]}},
            "inputs.tree": "genera.nwk",
            "inputs.tree_rank": "genus",
        },
        {"genetics.tree": {"engine": "iqtree", "search": "fast"}},
        {"genetics.tree": {"engine": "nj", "search": "full"}},
        {"inputs.sequence_pattern": r"^(?P<genus>\w+)_(?P<species>\w+)"},
        {"inputs.synonyms": "names.csv", "inputs.sequence_table": "taxa.csv"},
    ],
)
def test_what_fits_together_is_accepted(changes):
    checked_config(study(changes, SEQUENCED), SCHEMA)


def test_synonyms_of_tables_and_trees_need_no_sequences():
    checked_config(study({"inputs.synonyms": "names.csv"}), SCHEMA)


@pytest.mark.parametrize("kind", ["tree", "distances"])
@pytest.mark.parametrize("base", [SEQUENCED, SIMULATION])
def test_a_tree_or_distances_can_be_inferred(kind, base):
    rank = base["inputs"]["sequence_rank"]
    changes = {f"inputs.{kind}": "inferred", "inputs.tree_rank": rank, f"genetics.{kind}": {}}
    assert checked_config(study(changes, base), SCHEMA)["inputs"][kind] == "inferred"


@pytest.mark.parametrize(
    ("changes", "base", "message"),
    [
        (
            {"inputs.tree": "inferred", "inputs.tree_rank": "genus", "genetics.tree": {}},
            SMALLEST,
            "config key inputs.tree: found 'inferred', which needs inputs.sequences",
        ),
        (
            {"genetics": {}},
            INFERRED,
            "config key inputs.tree: found 'inferred', which needs the section genetics.tree",
        ),
        (
            {"inputs.tree_rank": "family"},
            INFERRED,
            "config key inputs.tree_rank: found 'family', expected 'genus' as in "
            "inputs.sequence_rank, since inputs.tree is inferred",
        ),
        ({"genetics.tree": {}}, SMALLEST, "genetics.tree: is of no use without inputs.sequences"),
        (
            {"genetics.filters": {"min_length": 90, "max_length": 80}},
            SEQUENCED,
            "genetics.filters.max_length: found 80, expected at least genetics.filters.min_length",
        ),
        (
            {"genetics.tree": {"engine": "nj", "model": "GTR"}},
            SEQUENCED,
            "genetics.tree.model: found 'GTR', expected with nj one of auto, p, JC69, K2P",
        ),
        (
            {"genetics.tree": {"engine": "nj", "search": "fast"}},
            SEQUENCED,
            "genetics.tree.search: found 'fast', which neighbour joining has no use for",
        ),
        (
            {"genetics.tree": {"model": "GTR; rm"}},
            SEQUENCED,
            "genetics.tree.model: found 'GTR; rm', expected string, of the form",
        ),
        (
            {"genetics.anchors": {"a": {"source": "random", "average": "mean"}}},
            SEQUENCED,
            "genetics.anchors.a.average: goes with the sources sgt and kmers only",
        ),
        (
            {"genetics.anchors": {"a": {"source": "kmers", "scaling": "none"}}},
            SEQUENCED,
            "genetics.anchors.a.scaling: goes with the source sgt only, as vectors of k-mers",
        ),
        (
            {"genetics.anchors": {"a": {"source": "taxonomy", "space": "whitened"}}},
            SEQUENCED,
            "genetics.anchors.a.space: found 'whitened', which goes with the sources sgt and kmers",
        ),
        (
            {"genetics.anchors": {"a": {"fallback": ["genus"]}}},
            SEQUENCED,
            "genetics.anchors.a.fallback: found 'genus', expected ranks above genus: family",
        ),
        (
            {"genetics.anchors": {"a": {"source": "random", "fallback": ["genus"]}}},
            SEQUENCED,
            "genetics.anchors.a.fallback: found 'genus', expected ranks above genus: family",
        ),
        (
            {"genetics.anchors": {"a": {"source": "tree"}}},
            SEQUENCED,
            "genetics.anchors.a.source: found 'tree', which needs inputs.tree or .distances",
        ),
        (
            {
                "genetics.anchors": {"a": {"source": "tree"}},
                "inputs.tree": "families.nwk",
                "inputs.tree_rank": "family",
            },
            SEQUENCED,
            "genetics.anchors.a.source: found 'tree', whose tips are of the rank family",
        ),
        (
            {"genetics.anchors": {"a b": {}}},
            SEQUENCED,
            "config key genetics.anchors: the name 'a b' is not of the form",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_line(changes, base, message):
    base = copy.deepcopy(base)
    if changes == {"genetics": {}}:
        base.pop("genetics", None)
    assert message in complaint(study(changes, base))
