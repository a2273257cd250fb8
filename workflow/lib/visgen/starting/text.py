"""The text of a proposed configuration: keys in the order of a study, each with what it means."""

import re
import shlex
from collections.abc import Mapping

from visgen.specimens.columns import FIELDS
from visgen.specimens.splits import MIN_SPECIMENS
from visgen.starting.choices import FEW_IMAGES, MANY_IMAGES, Choices, guiding_rank
from visgen.starting.columns import columns_to_name
from visgen.starting.found import Found
from visgen.starting.summary import summary
from visgen.starting.yaml_text import as_yaml, comment

_WIDTH = 34  # columns before a comment, where a line leaves so many


def configuration_text(found: Found, choices: Choices, dataset: str, out: str) -> str:
    """Return a commented configuration.

    Parameters
    ----------
    found, choices
        What it follows from.
    dataset
        Name of the study.
    out
        The file that it will be written to.
    """
    lines = [
        *_head(found, dataset, out),
        "",
        _line(f"dataset: {as_yaml(dataset)}", f"the results will lie in results/{dataset}"),
        "",
        *_inputs(found),
        "",
        "splits:",
        _line(f"  seeds: {as_yaml(choices.seeds)}", _about_seeds(choices)),
        "",
        "backbones:",
        _line("  efficientnet_lite0:", "the network that turns a photograph into 1,280 numbers;"),
        _line("    model: tf_efficientnet_lite0", "trained on everyday photographs (ImageNet)"),
        _line("    weights: bundled", "installed already: nothing is downloaded"),
        "",
        *_classification(found, choices),
        *_embedding(found, choices),
        *_prior(choices),
        *_naming(found, choices),
        "",
        "# Keys that were not needed, all in config/README.md: ingest (limits of what is refused),",
        "# features (store, batches), simclr (weights learned without labels), genetics (trees and",
        "# anchors from DNA), visual_genetic (a network drawn to them), figures (dots per inch),",
        "# compute (threads), published (scores to compare with), inputs.synonyms,",
        "# inputs.missing_values, inputs.specimen_pattern.",
    ]
    return "\n".join(lines) + "\n"


def _head(found: Found, dataset: str, out: str) -> list[str]:
    path = shlex.quote(out)
    return [
        "# A study of your own, as `make config` found it. All of it may be changed.",
        "# What is odd about it, then the run, then what to read:",
        f"#   make check CONFIG={comment(path)}",
        f"#   .venv/bin/snakemake --cores all --configfile {comment(path)}",
        f"#   results/{dataset}/report/report.html",
        "#",
        "# Found:",
        *(f"#   {comment(line)}" for line in summary(found)),
    ]


def _inputs(found: Found) -> list[str]:
    asked = found.asked
    lines = [
        "inputs:",
        _line(f"  images: {as_yaml(asked.images)}", "the folder of the photographs"),
    ]
    if found.columns:
        lines.append(_line(f"  meta: {as_yaml(asked.meta)}", "the table, a row a photograph"))
    lines.append(_line(f"  ranks: {as_yaml(found.ranks)}", "coarse to fine"))
    if found.columns:
        used = {
            field: column
            for field, column in columns_to_name(found.columns).items()
            if field in (*FIELDS, *found.ranks)
        }
        if used:
            lines.append(_line("  columns:", "what: the column of the table that has it"))
            lines += [f"    {field}: {as_yaml(column)}" for field, column in used.items()]
        if "specimen" not in found.columns.fields:
            lines.append("  # Several photographs of one individual? A column `specimen` with its")
            lines.append("  # name keeps them together; else the scores are too good.")
    else:
        pattern = pattern_without(found.layout.pattern, found.left_out)
        lines.append(
            "  # Where the names stand in a photograph's path: (?P<rank>...) for each rank"
        )
        lines.append(f"  path_pattern: {as_yaml(pattern)}")
        if "(?P<specimen>" not in pattern:
            lines.append(
                "  # Several photographs of one individual? Say where its name stands, else"
            )
            lines.append("  # the scores are too good; for files such as A12_front.jpg:")
            lines.append(r"  # specimen_pattern: '(?P<specimen>[^/_]+)_[^/]*$'")
    if found.tree:
        tree = found.tree
        lines.append(_line(f"  tree: {as_yaml(asked.tree)}", "who is related to whom"))
        lines.append(_line(f"  tree_rank: {tree.rank}", "what its tips are"))
    lines += _sequences(found)
    return lines


def _sequences(found: Found) -> list[str]:
    sequences = found.sequences
    if sequences is None:
        return []
    rank = sequences.matched.rank
    lines = [
        _line(f"  sequences: {as_yaml(found.asked.sequences)}", "DNA of some of the taxa"),
        _line(f"  sequence_rank: {rank}", "what their headers name, and where:"),
        f"  sequence_pattern: {as_yaml(sequences.pattern)}",
    ]
    if not sequences.aligned:
        return lines
    if not found.tree:
        lines.append(_line("  distances: inferred", "no tree: relatives by their sequences"))
        lines.append(_line(f"  tree_rank: {rank}", "the taxa of these distances"))
    lines += ["", "genetics:"]
    aligned = "{aligner: none, sequences: all}"
    lines.append(_line(f"  alignment: {aligned}", "all have one length: aligned already"))
    lines.append(_line("  distances: {model: K2P}", "between sequences (Kimura 1980)"))
    return lines


def _about_seeds(choices: Choices) -> str:
    how = {5: f"fewer than {FEW_IMAGES:,}", 3: "a usual number of", 1: f"more than {MANY_IMAGES:,}"}
    n = len(choices.seeds)
    times = "one way" if n == 1 else f"{n} ways"
    return f"{times} to deal specimens to training and test, for {how[n]} photographs"


def _classification(found: Found, choices: Choices) -> list[str]:
    lines = [_line("classification:", "can names be told by looks, and how surely?")]
    if choices.ranks:
        why = f"with two taxa or more of {MIN_SPECIMENS} specimens"
        lines.append(_line(f"  ranks: {as_yaml(choices.ranks)}", why))
    else:
        lines.append(
            f"  # No rank has two taxa of {MIN_SPECIMENS} specimens: nothing can be tested."
        )
    lines += [
        _line(f"  tail: {choices.tail}", "taxa with fewer training photographs count as rare"),
        _line("  classifiers:", "ways to learn names; add or leave out lines"),
        "    logistic: {method: logistic_regression, class_weight: balanced}",
        "    prototypes: {method: nearest_centroid, transform: [signed_sqrt, whiten, l2]}",
    ]
    if choices.forests:
        lines.append("    random_forest: {method: random_forest}")
    lines.append(
        "    most_frequent: {method: most_frequent}   # sees no picture: what others have to beat"
    )
    return lines


def _embedding(found: Found, choices: Choices) -> list[str]:
    if guiding_rank(found) is None:
        return [
            "",
            "# embedding (do relatives look alike?) needs inputs.tree and tree_rank",
        ]
    if choices.folds is None:
        few = "fewer than five taxa with three photographs are in it: relatives cannot be compared"
        return ["", f"# embedding: {few}"]
    return [
        "",
        _line("embedding:", "do relatives look alike, those too that were never seen?"),
        _line(f"  folds: {choices.folds}", "parts of the taxa, each of which is held out once"),
        _line("  refits: 39", "repeats with names dealt by chance; publish with 99 or more"),
        "  variants:",
        _line("    mean: {pooling: mean}", "how they look by themselves"),
        _line("    random: {pooling: random}", "sees nothing: what others have to beat"),
        _line("    ridge: {pooling: mean, guidance: {method: ridge}}", "guided by the relatives"),
    ]


def _prior(choices: Choices) -> list[str]:
    if choices.prior is None:
        return ["", f"# prior (do relatives help with rare taxa?) is left out: {choices.no_prior}"]
    return [
        "",
        _line("prior:", "do relatives help to recognise taxa with few photographs?"),
        _line(f"  rank: {choices.prior}", "of the taxa"),
        _line("  tail: 5", "taxa with fewer training specimens are rare"),
        _line("  permutations: 39", "repeats with relatives dealt by chance; publish with 999"),
    ]


def _naming(found: Found, choices: Choices) -> list[str]:
    unnamed = found.asked.unnamed
    if unnamed is None:
        return [
            "",
            "# naming: {images: data/drawer} would name photographs (README.md)",
        ]
    return [
        "",
        _line("naming:", "names for photographs that have none"),
        _line(f"  images: {as_yaml(unnamed)}", "the folder of these photographs"),
        "  # meta: data/drawer.csv         # where known: filename, specimen, view, source, place",
        _line("  confidence: 0.9", "share of specimens whose trusted name should be right"),
        _line(
            f"  seeds: {as_yaml(choices.seeds[:2])}",
            "splits on which names are scored; more take longer",
        ),
    ]


def pattern_without(pattern: str, ranks: Mapping[str, str]) -> str:
    """Return a pattern in which the groups of some ranks have no name.

    >>> pattern_without("^(?P<order>[^/]+)/(?P<family>[^/]+)/", {"order": "Arcida"})
    '^[^/]+/(?P<family>[^/]+)/'
    """
    for rank in ranks:
        pattern = re.sub(rf"\(\?P<{rank}>([^()]*)\)", r"\1", pattern)
    return pattern


def _line(text: str, words: str) -> str:
    return f"{text.ljust(_WIDTH)} # {words}"
