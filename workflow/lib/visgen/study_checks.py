"""What a schema cannot say of a configuration: keys that need or exclude each other, and files."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visgen.classifiers.options import BASELINE_METHODS, METHOD_OPTIONS, SHARED_OPTIONS
from visgen.genetics_checks import INFERRED, check_genetics
from visgen.guidance.poolings import LEARNED_POOLINGS
from visgen.recognition_checks import check_recognition
from visgen.specimens.columns import check_ranks

#: Ranks of a simulated study.
SIMULATED_RANKS = ("subclass", "order", "family", "genus", "species")

#: Of a table of published scores.
PUBLISHED_COLUMNS = ["source", "rank", "variant", "metric", "value", "note"]

#: Weights of a backbone that are no file.
WEIGHTS = ("imagenet", "none", "simclr")

#: Keys of a backbone that decide what SimCLR learns; the others decide what is read off it.
SIMCLR_KEYS = ("model_args", "preprocessing.mean", "preprocessing.std")

#: Files of a study, beside its images.
STUDY_FILES = ("meta", "tree", "distances", "sequences", "sequence_table", "synonyms")

#: What a column mapping may name beside the ranks.
FIELDS = ("filename", "specimen", "view", "source", "split")


def check_study(config: Mapping[str, Any]) -> None:
    """Check that the keys of a configuration fit each other.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    _check_columns(config)
    _check_ranks(config)
    _check_inputs(config)
    check_genetics(config)
    check_recognition(config)
    _check_classification(config)
    _check_embedding(config["embedding"])
    _check_fine_tuning(config["embedding"]["variants"], config["backbones"])
    _check_simclr(config["backbones"], config["simclr"]["initial_weights"])
    splits = config["splits"]
    if splits["test"] + splits["val"] >= 1:
        raise ValueError(
            f"config keys splits.test and splits.val: found {splits['test']} and {splits['val']}, "
            "expected a sum under 1"
        )


def check_files(config: Mapping[str, Any]) -> None:
    """Check that every file which the configuration names is there.

    Raises
    ------
    ValueError
        In one line: the key and the path.
    """
    inputs = config["inputs"]
    named = {f"inputs.{key}": inputs[key] for key in STUDY_FILES if inputs[key] != INFERRED}
    named["published"] = config["published"]
    for name, backbone in config["backbones"].items():
        if backbone["weights"] not in WEIGHTS:
            named[f"backbones.{name}.weights"] = backbone["weights"]
        elif backbone["weights"] == "simclr" and config["simclr"]["initial_weights"] not in WEIGHTS:
            named["simclr.initial_weights"] = config["simclr"]["initial_weights"]
    for key, path in named.items():
        if path is not None and not Path(path).is_file():
            hint = f" (nor is it {' or '.join(WEIGHTS)})" if key.endswith("weights") else ""
            raise ValueError(f"config key {key}: found {path!r}, which is no file{hint}")
    if config["published"] is not None:
        _check_published(Path(config["published"]))
    folder = inputs["images"]
    if folder is not None and not Path(folder).is_dir():
        raise ValueError(f"config key inputs.images: found {folder!r}, which is no folder")


def _check_published(path: Path) -> None:
    """Check a table of published scores, so that the last job does not find its mistakes."""
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t")
        if (found := table.fieldnames or []) != PUBLISHED_COLUMNS:
            raise ValueError(
                f"{path}: found the columns {', '.join(found)}, expected "
                f"{', '.join(PUBLISHED_COLUMNS)}, separated by tabs"
            )
        for row in table:
            try:
                float(row["value"])
            except (TypeError, ValueError):
                raise ValueError(
                    f"{path}: line {table.line_num}: value {row['value']!r} is no number"
                ) from None


def _check_columns(config: Mapping[str, Any]) -> None:
    inputs = config.get("inputs", {})
    known = [*FIELDS, *inputs.get("ranks", [])]
    for field in inputs.get("columns", {}):
        if field not in known:
            raise ValueError(
                f"config key inputs.columns.{field}: unknown; legal keys here: {', '.join(known)}"
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
        if rank is not None and rank not in ranks:
            raise ValueError(
                f"config key {key}: found {rank!r}, expected one of {', '.join(ranks)}"
            )


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
            legal = ("method", "seed")
        elif method in METHOD_OPTIONS:
            legal = ("method", "seed", *METHOD_OPTIONS[method], *SHARED_OPTIONS)
        else:
            continue  # the schema says it better
        _check_options(key, classifier, legal, method)
        tune = classifier.get("tune") or {}
        grid = tune.get("grid") or {} if isinstance(tune, Mapping) else {}
        tunable = [*legal[2:-5], "best_features", "pca"]
        _check_options(f"{key}.tune.grid", grid, tunable, method)


def _check_options(key: str, given: Mapping[str, Any], legal: Sequence[str], method: str) -> None:
    for option in given:
        if option not in legal:
            raise ValueError(
                f"config key {key}.{option}: {method} has no such option; legal keys here: "
                f"{', '.join(legal)}"
            )


def _check_classification(config: Mapping[str, Any]) -> None:
    section = config["classification"]
    classifiers = section["classifiers"]
    reference = section["reference"]
    if reference is not None and reference not in classifiers:
        raise ValueError(
            f"config key classification.reference: found {reference!r}, expected one of "
            f"{', '.join(classifiers)}"
        )
    for name, classifier in classifiers.items():
        if name.endswith((".tsv", ".png", ".parquet")):
            raise ValueError(
                f"config key classification.classifiers.{name}: the name would be that of a file "
                "beside it; leave the ending out"
            )
        resample = classifier["resample"]
        if resample is None:
            continue
        key = f"config key classification.classifiers.{name}.resample"
        if resample["with"] == "views" and not config["features"]["views"]:
            raise ValueError(f"{key}.with: found 'views', which needs features.views of 1 or more")
        if resample["method"] != "raise" and resample["with"] != "copies":
            raise ValueError(f"{key}.with: {resample['method']} adds nothing; leave it out")


def check_guidance(variants: Mapping[str, Mapping[str, Any]]) -> None:
    """Check, before defaults are filled in, that no option of guidance is given in vain.

    Raises
    ------
    ValueError
        In one line: the key, and what it goes with.
    """
    for name, variant in variants.items():
        guidance = variant.get("guidance") or {}
        if not isinstance(guidance, Mapping):
            continue  # the schema says it better
        projection, pooling = guidance.get("projection", "linear"), variant.get("pooling")
        goes_with = {
            "components": (projection != "none", "a projection"),
            "hidden": (
                pooling == "gated_attention" or projection == "two_layer",
                "gated_attention or two_layer",
            ),
            "largest": (guidance.get("loss") == "mse", "the loss mse"),
            "learning_rate": (guidance.get("optimiser") == "adam", "the optimiser adam"),
            "patience": (guidance.get("watched") != 0, "watched taxa"),
        }
        for option, (fits, what) in goes_with.items():
            if option in guidance and not fits:
                raise ValueError(
                    f"config key embedding.variants.{name}.guidance.{option}: goes with {what} "
                    "only; leave it out"
                )


def _check_embedding(section: Mapping[str, Any]) -> None:
    for name, variant in section["variants"].items():
        key = f"config key embedding.variants.{name}"
        pooling, guidance = variant["pooling"], variant["guidance"]
        if guidance is None:
            if pooling in LEARNED_POOLINGS:
                raise ValueError(f"{key}.guidance: missing; {pooling} has to be learned")
            if variant["per_taxon"] is not None:
                raise ValueError(f"{key}.per_taxon: goes with guidance only; leave it out")
        elif guidance["fine_tune"] is None and (
            pooling not in LEARNED_POOLINGS and guidance["projection"] == "none"
        ):
            raise ValueError(
                f"{key}.guidance.projection: found 'none', which with the pooling {pooling} "
                "leaves nothing to learn"
            )
    unguided = [
        name
        for name, variant in section["variants"].items()
        if variant["guidance"] is None and variant["pooling"] != "random"
    ]
    reference = section["reference"]
    if not unguided:
        raise ValueError(
            "config key embedding.variants: found none that is neither guided nor random; what "
            "guidance gains is measured against one, such as {pooling: mean}"
        )
    if reference is not None and reference not in unguided:
        raise ValueError(
            f"config key embedding.reference: found {reference!r}, expected one of "
            f"{', '.join(unguided)}"
        )


def _check_fine_tuning(
    variants: Mapping[str, Mapping[str, Any]], backbones: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check that nothing else is learned beside a network's stages, and that memory has a bound."""
    for name, variant in variants.items():
        guidance = variant["guidance"]
        if guidance is None or guidance["fine_tune"] is None:
            continue
        key = f"config key embedding.variants.{name}"
        for option, found, wanted in (
            ("pooling", variant["pooling"], "mean"),
            ("guidance.projection", guidance["projection"], "none"),
            ("guidance.optimiser", guidance["optimiser"], "adam"),
        ):
            if found != wanted:
                raise ValueError(
                    f"{key}.{option}: found {found!r}, expected {wanted!r}, the only one that "
                    "goes with fine_tune"
                )
        if variant["per_taxon"] is None:
            raise ValueError(
                f"{key}.per_taxon: missing; fine_tune holds so many images of a taxon in memory"
            )
        for backbone, options in backbones.items():
            if options["layers"] is not None:
                raise ValueError(
                    f"{key}.guidance.fine_tune: does not go with the joined layers of "
                    f"backbones.{backbone}; leave one of the two out"
                )


def _check_simclr(backbones: Mapping[str, Mapping[str, Any]], initial_weights: str) -> None:
    """Check that backbones which share learned weights agree on what was learned."""
    if initial_weights == "simclr":
        raise ValueError(
            "config key simclr.initial_weights: found 'simclr', expected none, imagenet or a file"
        )
    first: dict[str, str] = {}
    for name, backbone in backbones.items():
        if backbone["weights"] != "simclr":
            continue
        other = first.setdefault(backbone["model"], name)
        for key in SIMCLR_KEYS:
            values = [_at(backbones[one], key) for one in (name, other)]
            if values[0] != values[1]:
                raise ValueError(
                    f"config key backbones.{name}.{key}: found {values[0]}, expected {values[1]} "
                    f"as in backbones.{other}, since weights are learned once for the model "
                    f"{backbone['model']}"
                )


def _at(section: Mapping[str, Any], key: str) -> Any:
    """Return what a key with dots names, None where it is not given."""
    for name in key.split("."):
        section = section.get(name)
    return section


def _check_inputs(config: Mapping[str, Any]) -> None:
    inputs = config["inputs"]
    if inputs["tree"] and inputs["distances"]:
        raise ValueError(
            "config keys inputs.tree and inputs.distances: expected at most one of the two"
        )
    if config["simulation"] is not None:
        files = ("images", "path_pattern", "specimen_pattern", *STUDY_FILES)
        given = [key for key in files if inputs[key] not in (None, INFERRED)]
        if given:
            raise ValueError(
                f"config key inputs.{given[0]}: found {inputs[given[0]]!r}, expected nothing, "
                "since the config key simulation makes the study; remove one of the two"
            )
        simulated = {"ranks": list(SIMULATED_RANKS)}
        simulated |= dict.fromkeys(["tree_rank", "sequence_rank"], SIMULATED_RANKS[-1])
        for key, value in simulated.items():
            if inputs[key] != value:
                raise ValueError(
                    f"config key inputs.{key}: found {inputs[key]!r}, expected {value!r}, as in "
                    "every simulated study"
                )
        return
    if not inputs["images"]:
        raise ValueError("config key inputs.images: missing; Folder of images")
    if bool(inputs["meta"]) == bool(inputs["path_pattern"]):
        raise ValueError(
            "config keys inputs.meta and inputs.path_pattern: expected exactly one of the two"
        )
    for kind, rank in (
        ("tree", "tree_rank"),
        ("distances", "tree_rank"),
        ("sequences", "sequence_rank"),
    ):
        if inputs[kind] and inputs[rank] is None:
            raise ValueError(
                f"config key inputs.{rank}: missing; needed with inputs.{kind}, expected one of "
                f"{', '.join(inputs['ranks'])}"
            )
    for key, required, allowed in (
        ("path_pattern", inputs["ranks"], FIELDS[1:]),
        ("specimen_pattern", ["specimen"], ()),
    ):
        _check_pattern(f"inputs.{key}", inputs[key], required, allowed)
    pattern = inputs["sequence_pattern"]
    of_two_words = "(?P<genus>" in pattern or "(?P<species>" in pattern
    groups = ["genus", "species"] if of_two_words else ["taxon"]
    _check_pattern("inputs.sequence_pattern", pattern, groups, ())


def _check_pattern(
    key: str, pattern: str | None, required: Sequence[str], allowed: Sequence[str]
) -> None:
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(
            f"config key {key}: found {pattern!r}, no regular expression: {error}"
        ) from error
    if not set(required) <= set(groups) <= {*required, *allowed}:
        more = f", and none but {', '.join(allowed)} beside" if allowed else ""
        raise ValueError(
            f"config key {key}: found the named groups {sorted(groups)}, expected "
            f"{', '.join(required)} as in (?P<{required[0]}>...){more}"
        )
