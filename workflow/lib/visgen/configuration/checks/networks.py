"""Whether the options of networks that classify go together."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.classification.networks.options import METRIC_LOSSES
from visgen.configuration.checks.choice import check_choice


def check_network(
    key: str, network: Mapping[str, Any], ranks: Sequence[str], config: Mapping[str, Any]
) -> None:
    """Check a network's options, defaults filled in.

    Parameters
    ----------
    key
        Where they stand in the config.
    network
        The options.
    ranks
        That it learns.
    config
        All of it.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    for rank in network["rank_weights"]:
        check_choice(f"{key}.rank_weights", rank, ranks)
    if all(network["rank_weights"].get(rank, 1) == 0 for rank in ranks):
        raise ValueError(
            f"config key {key}.rank_weights: found 0 for every rank, expected one that counts"
        )
    towers, hierarchy = network["towers"], network["hierarchy"]
    if network["loss"] in METRIC_LOSSES:
        # One embedding for all ranks, as it is.
        for option, plain in (("towers", "shared"), ("hierarchy", "free"), ("mixup", 0)):
            if network[option] != plain:
                raise ValueError(
                    f"config key {key}.{option}: found {network[option]!r}, but {network['loss']} "
                    f"learns one embedding for all ranks; expected {plain!r}"
                )
        if network["soft_labels"] is not None:
            raise ValueError(f"config key {key}.soft_labels: {network['loss']} has no labels")
        if network["batch_size"] < 2 * network["per_taxon"]:
            raise ValueError(
                f"config key {key}.batch_size: found {network['batch_size']}, expected twice the "
                f"{network['per_taxon']} images of a taxon (per_taxon) or more"
            )
        if network["loss"] == "hierarchical_triplet" and network["rank_weights"]:
            raise ValueError(
                f"config key {key}.rank_weights: hierarchical_triplet is of all ranks at once; "
                "leave it out"
            )
    if len(ranks) < 2 and (towers, hierarchy) != ("shared", "free"):
        raise ValueError(
            f"config key {key}: found {towers} towers and {hierarchy} ranks, but {ranks[0]} is "
            "learned alone; leave them out"
        )
    if towers == "fused" and not network["hidden"]:
        raise ValueError(f"config key {key}.hidden: found none, expected layers that can be fused")
    if hierarchy == "summed" and towers != "shared":
        raise ValueError(
            f"config key {key}.towers: found {towers!r}, but summed has one head for all ranks; "
            "expected 'shared'"
        )
    if network["discount"] and hierarchy != "summed":
        raise ValueError(f"config key {key}.discount: {hierarchy} has no such option; summed has")
    if network["soft_labels"] is not None and hierarchy != "free":
        raise ValueError(f"config key {key}.soft_labels: {hierarchy} has no such option; free has")
    if network["augment"] == "repeats" and not config["features"]["repeats"]:
        raise ValueError(
            f"config key {key}.augment: found 'repeats', which needs features.repeats of 1 or more"
        )
