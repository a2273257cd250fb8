"""Whether classifiers have the options that they are given."""

from collections.abc import Mapping, Sequence
from typing import Any

from visgen.classification.classifiers.options import (
    BASELINE_METHODS,
    METHOD_OPTIONS,
    NETWORK,
    SHARED_OPTIONS,
)
from visgen.configuration.checks.choice import check_choice
from visgen.configuration.checks.networks import check_network


def check_classifiers(classifiers: Mapping[str, Mapping[str, Any]]) -> None:
    """Check, before defaults are filled in, that no option is given to a method without it.

    Raises
    ------
    ValueError
        In one line: the key, and the options that the method has.
    """
    for name, classifier in classifiers.items():
        key, method = f"classification.classifiers.{name}", classifier.get("method")
        if method in BASELINE_METHODS:
            own, legal = (), ("method", "ranks")
        elif method == NETWORK:
            own, legal = (), ("method", "ranks", "transform", "network")
        elif method in METHOD_OPTIONS:
            own = METHOD_OPTIONS[method]
            legal = ("method", "ranks", *own, *SHARED_OPTIONS)
        else:
            continue  # the schema says it better
        _check_options(key, classifier, legal, method)
        tune = classifier.get("tune") or {}
        grid = tune.get("grid") or {} if isinstance(tune, Mapping) else {}
        tunable = [*own, "best_features", "pca"]
        _check_options(f"{key}.tune.grid", grid, tunable, method)
        if isinstance(tune, Mapping) and tune.get("halving") == "trees":
            _check_trees(f"config key {key}.tune.halving: found 'trees', but", grid, own, method)


def _check_options(key: str, given: Mapping[str, Any], legal: Sequence[str], method: str) -> None:
    for option in given:
        if option not in legal:
            raise ValueError(
                f"config key {key}.{option}: {method} has no such option; legal keys here: "
                f"{', '.join(legal)}"
            )


def _check_trees(found: str, grid: Mapping[str, Any], own: Sequence[str], method: str) -> None:
    """Check that trees can be few and become more."""
    if "trees" not in own:
        raise ValueError(f"{found} {method} has none; expected specimens or nothing")
    if "trees" in grid:
        raise ValueError(f"{found} tune.grid.trees chooses their number; expected specimens")


def check_classification(config: Mapping[str, Any]) -> None:
    """Check reference and resampling of classifiers, defaults filled in.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    section = config["classification"]
    classifiers = section["classifiers"]
    reference = section["reference"]
    if reference is not None:
        check_choice("classification.reference", reference, classifiers)
    ranks = config["inputs"]["ranks"]
    for name, classifier in classifiers.items():
        here = f"classification.classifiers.{name}"
        for rank in classifier["ranks"] or []:
            check_choice(f"{here}.ranks", rank, ranks)
        if classifier["method"] == NETWORK:
            learned = classifier["ranks"] or section["ranks"] or ranks
            check_network(f"{here}.network", classifier["network"], learned, config)
        resample = classifier["resample"]
        if resample is None:
            continue
        key = f"config key classification.classifiers.{name}.resample"
        if resample["with"] == "repeats" and not config["features"]["repeats"]:
            raise ValueError(
                f"{key}.with: found 'repeats', which needs features.repeats of 1 or more"
            )
        if resample["method"] != "raise" and resample["with"] != "copies":
            raise ValueError(f"{key}.with: {resample['method']} adds nothing; leave it out")
        first = resample["reduce_first"]
        if first is None:
            continue
        if resample["method"] != "raise":
            raise ValueError(
                f"{key}.reduce_first: {resample['method']} raises nothing after it; leave it out"
            )
        if first["to"] < resample["to"]:
            raise ValueError(
                f"{key}.reduce_first.to: found {first['to']}, expected at least the "
                f"{resample['to']} that taxa are raised to (resample.to)"
            )
