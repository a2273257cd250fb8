"""Maximum likelihood trees by IQ-TREE (Nguyen et al. 2015; Minh et al. 2020)."""

import re
from pathlib import Path

from visgen.genetics.trees.programs import find_program, run_program

COMMANDS = ("iqtree3", "iqtree2", "iqtree")
_PREFIX = "tree"
_FACTS = {
    "model": r"^(?:Best-fit model according to BIC|Model of substitution): (\S+)",
    "log_likelihood": r"^Log-likelihood of the tree: (-?[\d.]+)",
    "bic": r"^Bayesian information criterion \(BIC\) score: (-?[\d.]+)",
}


def iqtree_command(
    program: str,
    path: str,
    *,
    model: str,
    search: str,
    bootstraps: int,
    seed: int,
    threads: int,
) -> list[str]:
    """Return the command that infers a tree.

    The model ``auto`` is ModelFinder's choice by BIC (Kalyaanamoorthy et al. 2017). Bootstraps
    are Felsenstein's, each with a tree search of its own, full or IQ-TREE's ``--fast``.
    """
    command = [program, "-s", path, "--seqtype", "DNA", "--prefix", _PREFIX]
    command += ["-m", "MFP" if model == "auto" else model]
    command += ["--fast"] if search == "fast" else []
    command += ["-b", str(bootstraps)] if bootstraps else []
    return [*command, "--seed", str(seed), "-T", str(threads)]


def parse_iqtree_report(text: str) -> dict[str, str]:
    """Return model, log_likelihood and bic from the text of an ``.iqtree`` file.

    Raises
    ------
    ValueError
        If one is not there.
    """
    facts = {}
    for key, pattern in _FACTS.items():
        found = re.search(pattern, text, flags=re.MULTILINE)
        if not found:
            raise ValueError(
                f"the report of IQ-TREE does not tell {key}: no line matches {pattern}"
            )
        facts[key] = found[1]
    return facts


def run_iqtree(
    folder: Path,
    path: str,
    *,
    model: str,
    search: str,
    bootstraps: int,
    seed: int,
    threads: int,
) -> tuple[str, dict[str, str]]:
    """Run IQ-TREE in a folder.

    Parameters
    ----------
    folder, path
        The folder, and the alignment in it.
    model, search, bootstraps, seed, threads
        As in `iqtree_command`.

    Returns
    -------
    newick
        The tree, supports in per cent as names of inner nodes.
    facts
        program, and what `parse_iqtree_report` finds.

    Raises
    ------
    ValueError
        If the program is missing or fails.
    """
    program = find_program(COMMANDS, "genetics.tree.engine: iqtree", "iqtree")
    options = {"model": model, "search": search, "bootstraps": bootstraps}
    options |= {"seed": seed, "threads": threads}
    run_program(iqtree_command(program, path, **options), folder)
    newick = (folder / f"{_PREFIX}.treefile").read_text(encoding="ascii")
    report = (folder / f"{_PREFIX}.iqtree").read_text(encoding="utf-8", errors="replace")
    # The first line names program and version: "IQ-TREE 2.0.7 built Jan 21 2022".
    return newick, {
        "program": report.partition(" built ")[0].strip(),
        **parse_iqtree_report(report),
    }
