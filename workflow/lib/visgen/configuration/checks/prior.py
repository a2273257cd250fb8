"""What a schema cannot say of a configuration's prior from relatives."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.prior.options import GENES, TAXONOMY

_SECTION = "prior"
_ASKED = ("kmers", "sgt")  # sources that are not taken unless asked for


def rank_of_prior(config: Mapping[str, Any]) -> str:
    """Return the rank of the taxa that have relatives."""
    inputs, simulated = config["inputs"], config["simulation"] is not None
    has_tree = simulated or inputs["tree"] or inputs["distances"]
    finest = inputs["ranks"][-1]
    return config[_SECTION]["rank"] or (has_tree and inputs["tree_rank"]) or finest


def sources_of_prior(config: Mapping[str, Any]) -> list[str]:
    """Return where relatives are known from: as asked for, or all that the study has.

    Of encodings of sequences, which take long where sequences do, only those that are asked for.
    """
    return config[_SECTION]["relatives"] or [
        source for source, lacks in _lacking(config).items() if not lacks and source not in _ASKED
    ]


def check_prior(config: Mapping[str, Any]) -> None:
    """Check that sources, backbone, rank and seeds fit each other and the study.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    section = config[_SECTION]
    if section is None:
        return
    if section["backbone"] is not None:
        check_choice(f"{_SECTION}.backbone", section["backbone"], config["backbones"])
    if section["rank"] is not None:
        check_choice(f"{_SECTION}.rank", section["rank"], config["inputs"]["ranks"])
    for seed in section["seeds"] or []:
        check_choice(f"{_SECTION}.seeds", seed, config["splits"]["seeds"])
    lacking = _lacking(config)
    for source in section["relatives"] or []:
        if lacking[source]:
            raise ValueError(
                f"config key {_SECTION}.relatives: found {source!r}, which needs {lacking[source]}"
            )
    if not sources_of_prior(config):
        raise ValueError(
            f"config key {_SECTION}: found a study that knows nothing of relatives at the rank "
            f"{rank_of_prior(config)!r}, expected a rank above it, a tree or sequences"
        )


def _lacking(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what the study lacks for each source; nothing where it can be had."""
    inputs, rank = config["inputs"], rank_of_prior(config)
    ranks, simulated = inputs["ranks"], config["simulation"] is not None
    needs = {
        TAXONOMY: "" if rank != ranks[0] else f"a rank above {rank}",
        "tree": ""
        if simulated or inputs["tree"] or inputs["distances"]
        else "inputs.tree or inputs.distances",
    }
    of_genes = ""
    if not (simulated or inputs["sequences"]):
        of_genes = "inputs.sequences"
    elif inputs["sequence_rank"] != rank:
        of_genes = f"sequences of the rank {rank} (inputs.sequence_rank)"
    needs |= dict.fromkeys(GENES, of_genes)
    if not of_genes and not config["genetics"]["distances"]:
        needs["alignment"] = "genetics.distances"
    return needs
