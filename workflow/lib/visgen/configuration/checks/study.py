"""Whether the keys of a configuration fit each other."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.checks.choice import check_choice
from visgen.configuration.checks.classification import check_classification
from visgen.configuration.checks.embedding import check_backbones, check_embedding
from visgen.configuration.checks.genetics import check_genetics
from visgen.configuration.checks.inputs import check_columns, check_inputs
from visgen.configuration.checks.layers import check_layers
from visgen.configuration.checks.names import check_names
from visgen.configuration.checks.naming import check_naming
from visgen.configuration.checks.prior import check_prior
from visgen.configuration.checks.simclr import check_simclr
from visgen.configuration.checks.views import check_views
from visgen.configuration.checks.visual_genetic import check_visual_genetic
from visgen.configuration.checks.weights import check_weights
from visgen.specimens.columns import check_ranks


def check_study(config: Mapping[str, Any]) -> None:
    """Check that the keys of a configuration fit each other.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    check_columns(config)
    _check_ranks(config)
    check_names(config)
    check_inputs(config)
    check_genetics(config)
    check_visual_genetic(config)
    check_prior(config)
    check_naming(config)
    check_classification(config)
    check_embedding(config["embedding"])
    check_views(config["embedding"])
    check_backbones(config["embedding"]["variants"], config["backbones"])
    check_simclr(config["backbones"], config["simclr"]["initial_weights"])
    check_layers(config["backbones"])
    check_weights(config["backbones"], config["simclr"]["initial_weights"])
    splits = config["splits"]
    if splits["test"] + splits["val"] >= 1:
        raise ValueError(
            f"config keys splits.test and splits.val: found {splits['test']} and {splits['val']}, "
            "expected a sum under 1"
        )


def _check_ranks(config: Mapping[str, Any]) -> None:
    ranks = config.get("inputs", {}).get("ranks", [])
    try:
        check_ranks(ranks)
    except ValueError as error:
        raise ValueError(f"config key inputs.ranks: {error}") from None
    if "all" in ranks:
        raise ValueError(
            "config key inputs.ranks: found 'all', which stands for all ranks together in scores"
        )
    choices = {
        "inputs.tree_rank": config["inputs"].get("tree_rank"),
        "inputs.sequence_rank": config["inputs"].get("sequence_rank"),
        "splits.stratify_by": config.get("splits", {}).get("stratify_by"),
    }
    named = config.get("classification", {}).get("ranks") or []
    choices |= {f"classification.ranks.{i}": rank for i, rank in enumerate(named)}
    for key, rank in choices.items():
        if rank is not None:
            check_choice(key, rank, ranks)
