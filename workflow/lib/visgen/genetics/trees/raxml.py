"""Maximum likelihood trees by RAxML-NG (Kozlov et al. 2019)."""

import re
from pathlib import Path

from visgen.genetics.trees.programs import find_program, run_program

_PREFIX = "tree"
_KEY = "genetics.tree.engine: raxml-ng"


def modeltest_command(program: str, path: str, *, seed: int, threads: int) -> list[str]:
    """Return the command that chooses a model for RAxML-NG (Darriba et al. 2020)."""
    run = ["-p", str(threads), "-r", str(seed)]
    return [program, "-i", path, "-d", "nt", "-o", "models", *run]


def parse_modeltest(text: str) -> str:
    """Return the model that is best by BIC, in RAxML-NG's own words.

    Parameters
    ----------
    text
        Of the file ``.out`` of ModelTest-NG: a section a criterion, each with the commands that
        programs need for its model.

    Raises
    ------
    ValueError
        If there is none.
    """
    section = text.partition("Best model according to BIC")[2].partition("Best model")[0]
    found = re.search(r"raxml-ng\s.*--model\s+(\S+)", section)
    if not found:
        raise ValueError(
            "the result of ModelTest-NG has no section 'Best model according to BIC' with a "
            "command for raxml-ng"
        )
    return found[1]


def raxml_command(
    program: str,
    path: str,
    *,
    model: str,
    search: str,
    bootstraps: int,
    seed: int,
    threads: int,
) -> list[str]:
    """Return the command that infers a tree, with Felsenstein's bootstrap if there is one.

    A full search starts from twenty trees, as RAxML-NG does by itself, a fast one from one.

    RAxML-NG refuses more threads than a short alignment keeps busy; ``--force perf_threads``
    turns this one check off, since the number of threads is part of the configuration.
    """
    boot = ["--bs-trees", str(bootstraps), "--bs-metric", "fbp"] if bootstraps else []
    task = ["--all", *boot] if bootstraps else ["--search"]
    task += ["--tree", "pars{1}"] if search == "fast" else []
    data = ["--msa", path, "--msa-format", "FASTA", "--data-type", "DNA", "--model", model]
    run = ["--seed", str(seed), "--threads", str(threads), "--force", "perf_threads"]
    return [program, *task, *data, "--prefix", _PREFIX, *run]


def run_raxml(
    folder: Path,
    path: str,
    *,
    model: str,
    search: str,
    bootstraps: int,
    seed: int,
    threads: int,
) -> tuple[str, dict[str, str]]:
    """Choose a model where it is ``auto``, and run RAxML-NG in a folder.

    Parameters
    ----------
    folder, path
        The folder, and the alignment in it.
    model, search, bootstraps, seed, threads
        As in `raxml_command`.

    Returns
    -------
    newick
        The tree, supports in per cent as names of inner nodes.
    facts
        program, model and log_likelihood.

    Raises
    ------
    ValueError
        If a program is missing or fails, or its log does not tell the likelihood.
    """
    program = find_program(["raxml-ng"], _KEY, "raxml-ng")
    if model == "auto":
        chooser = find_program(
            ["modeltest-ng"], f"{_KEY} with genetics.tree.model: auto", "modeltest-ng"
        )
        run_program(modeltest_command(chooser, path, seed=seed, threads=threads), folder)
        model = parse_modeltest((folder / "models.out").read_text(encoding="utf-8"))
    options = {"model": model, "search": search, "bootstraps": bootstraps}
    options |= {"seed": seed, "threads": threads}
    run_program(raxml_command(program, path, **options), folder)
    log = (folder / f"{_PREFIX}.raxml.log").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"Final LogLikelihood: (-?[\d.]+)", log)
    if not found:
        raise ValueError("the log of RAxML-NG does not tell the final log-likelihood")
    version = re.search(r"RAxML-NG v\. \S+", log)
    kind = "support" if bootstraps else "bestTree"
    newick = (folder / f"{_PREFIX}.raxml.{kind}").read_text(encoding="ascii")
    facts = {"program": version[0] if version else "RAxML-NG", "model": model}
    return newick, {**facts, "log_likelihood": found[1]}
