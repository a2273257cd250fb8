"""What a schema cannot say of a configuration's sequences, anchors and inferred trees."""

from collections.abc import Mapping
from typing import Any

from visgen.genetics.anchors.options import ENCODINGS
from visgen.genetics.trees.options import MODELS

#: The word that stands for a tree, or distances, made from the study's sequences.
INFERRED = "inferred"

#: Models that neighbour joining takes.
_JOINED = ("auto", *MODELS)


def check_anchors(sets: Mapping[str, Mapping[str, Any]]) -> None:
    """Check, before defaults are filled in, that no option of anchors is given in vain.

    Raises
    ------
    ValueError
        In one line: the key, and what it goes with.
    """
    for name, options in sets.items():
        if not isinstance(options, Mapping):
            continue  # the schema says it better
        source = options.get("source", ENCODINGS[0])
        sequenced = source in ENCODINGS
        if "average" in options and not sequenced:
            raise ValueError(
                f"config key genetics.anchors.{name}.average: goes with the sources "
                f"{' and '.join(ENCODINGS)} only; leave it out"
            )
        if "scaling" in options and source != "sgt":
            raise ValueError(
                f"config key genetics.anchors.{name}.scaling: goes with the source sgt only, as "
                "vectors of k-mers always have unit length; leave it out"
            )


def check_genetics(config: Mapping[str, Any]) -> None:
    """Check that the sequences, what is made of them and the tree of a study fit each other.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    inputs, genetics = config["inputs"], config["genetics"]
    has_sequences = bool(inputs["sequences"]) or config["simulation"] is not None
    has_tree = bool(inputs["tree"]) or config["simulation"] is not None
    _check_inferred(inputs, genetics, has_sequences)
    if not has_sequences:
        _check_unused(inputs, genetics)
        return
    filters = genetics["filters"]
    if filters["max_length"] is not None and filters["max_length"] < filters["min_length"]:
        raise ValueError(
            f"config key genetics.filters.max_length: found {filters['max_length']}, expected at "
            f"least genetics.filters.min_length, {filters['min_length']}"
        )
    tree = genetics["tree"]
    if tree is not None and tree["engine"] == "nj" and tree["model"] not in _JOINED:
        raise ValueError(
            f"config key genetics.tree.model: found {tree['model']!r}, expected with nj one of "
            f"{', '.join(_JOINED)}"
        )
    if tree is not None and tree["engine"] == "nj" and tree["search"] != "full":
        raise ValueError(
            f"config key genetics.tree.search: found {tree['search']!r}, which neighbour joining "
            "has no use for; leave it out with nj"
        )
    for name, options in genetics["anchors"].items():
        key = f"config key genetics.anchors.{name}"
        _check_set(key, options, inputs)
        if options["source"] == "tree" and not (has_tree or inputs["distances"]):
            raise ValueError(f"{key}.source: found 'tree', which needs inputs.tree or .distances")


def _check_inferred(
    inputs: Mapping[str, Any], genetics: Mapping[str, Any], has_sequences: bool
) -> None:
    """Check that what is to be inferred can be, for taxa of the rank that was sequenced."""
    for kind in ("tree", "distances"):
        if inputs[kind] != INFERRED:
            continue
        key = f"config key inputs.{kind}: found {INFERRED!r}"
        if not has_sequences:
            raise ValueError(f"{key}, which needs inputs.sequences")
        if genetics[kind] is None:
            raise ValueError(f"{key}, which needs the section genetics.{kind}")
        if inputs["tree_rank"] != inputs["sequence_rank"]:
            raise ValueError(
                f"config key inputs.tree_rank: found {inputs['tree_rank']!r}, expected "
                f"{inputs['sequence_rank']!r} as in inputs.sequence_rank, since inputs.{kind} is "
                f"{INFERRED}"
            )


def _check_unused(inputs: Mapping[str, Any], genetics: Mapping[str, Any]) -> None:
    for key, value in (
        ("inputs.sequence_table", inputs["sequence_table"]),
        ("genetics.tree", genetics["tree"]),
        ("genetics.distances", genetics["distances"]),
    ):
        if value is not None:
            raise ValueError(f"config key {key}: is of no use without inputs.sequences")


def _check_set(key: str, options: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    source = options["source"]
    if options["space"] == "whitened" and source not in ENCODINGS:
        raise ValueError(
            f"{key}.space: found 'whitened', which goes with the sources "
            f"{' and '.join(ENCODINGS)} only"
        )
    above = inputs["ranks"][: inputs["ranks"].index(inputs["sequence_rank"])]
    for rank in options["fallback"]:
        if rank not in above:
            raise ValueError(
                f"{key}.fallback: found {rank!r}, expected ranks above {inputs['sequence_rank']}: "
                f"{', '.join(above) or 'there is none'}"
            )
    if source == "tree" and inputs["tree_rank"] not in (None, inputs["sequence_rank"]):
        raise ValueError(
            f"{key}.source: found 'tree', whose tips are of the rank {inputs['tree_rank']}, "
            f"expected that of the sequences, {inputs['sequence_rank']}"
        )
