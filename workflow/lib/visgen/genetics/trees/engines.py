"""From an alignment to a rooted tree with supports, by the engine that the study names."""

from collections.abc import Sequence as Listed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.trees.iqtree import run_iqtree
from visgen.genetics.trees.neighbour_joining import neighbour_joining
from visgen.genetics.trees.options import ENGINES, MODELS
from visgen.genetics.trees.programs import write_neutral
from visgen.genetics.trees.raxml import run_raxml
from visgen.genetics.trees.representatives import choose_representatives
from visgen.genetics.trees.rooting import root_at_midpoint, root_by_outgroup
from visgen.genetics.trees.taxon_tree import collapse_unresolved, tree_of_taxa
from visgen.names import normalise_taxon
from visgen.scikit_bio import TreeNode
from visgen.spellings import match_case, propose

MIN_SEQUENCES = 4
#: External programs by engine; without one, neighbours are joined here.
PROGRAMS = {"iqtree": run_iqtree, "raxml-ng": run_raxml}


class InferredTree(NamedTuple):
    """A tree of sequences, the tree of their taxa, and how it was made."""

    sequences: TreeNode  # rooted; tips are names of sequences; supports in per cent in .support
    taxa: TreeNode  # the same, one tip a taxon
    model: pd.DataFrame  # columns key, text


def infer_tree(
    alignment: Listed[Sequence],
    *,
    engine: str,
    model: str,
    search: str,
    bootstraps: int,
    outgroup: Listed[str],
    seed: int,
    threads: int,
) -> InferredTree:
    """Infer a tree and root it; inner branches without length become polytomies.

    Parameters
    ----------
    alignment
        (n_sequences,) of one length, one or several a taxon.
    engine : {"iqtree", "raxml-ng", "nj"}
        Maximum likelihood by IQ-TREE or RAxML-NG, or neighbour joining.
    model
        Of substitution, in the words of the engine; ``auto`` for the best by BIC (nj: K2P).
    search : {"full", "fast"}
        How thoroughly a program looks for the best tree, and for that of each bootstrap sample;
        neighbour joining looks for none.
    bootstraps
        Number of bootstrap trees; 0 for no supports.
    outgroup
        Taxa, in any form of their names, on one side of the root; when empty, the root is the
        midpoint.
    seed, threads
        Of the engine.

    Returns
    -------
    InferredTree
        In the model, collapsed is the number of inner branches of the tree of sequences that no
        substitution supports and that are left out.

    Raises
    ------
    ValueError
        If the engine is unknown, there are fewer than four sequences or taxa, a taxon of the
        outgroup has no sequence, or the engine or the rooting fails.
    """
    if engine not in ENGINES:
        raise ValueError(
            f"config key genetics.tree.engine is {engine!r}, expected one of {', '.join(ENGINES)}"
        )
    taxa = {one.taxon for one in alignment}
    if len(taxa) < MIN_SEQUENCES:
        raise ValueError(
            f"a tree needs sequences of at least {MIN_SEQUENCES} taxa, the alignment has "
            f"{len(alignment)} sequences of {len(taxa)}"
        )
    outgroup = [normalise_taxon(name) for name in outgroup]
    # as a tree file has them, in quotes, where these are no part of a name
    outgroup = [name if name in taxa else name.strip("'\"") for name in outgroup]
    spelled = match_case(outgroup, sorted(taxa), "config key genetics.tree.outgroup")
    outgroup = [spelled[name] for name in outgroup]
    if absent := sorted(set(outgroup) - taxa):
        raise ValueError(
            f"config key genetics.tree.outgroup: no sequence of {', '.join(map(repr, absent))} is "
            f"in the alignment. {propose(absent, taxa)}"
            f"It has, for instance, {', '.join(map(repr, sorted(taxa)[:5]))}"
        )
    options = {"model": model, "bootstraps": bootstraps, "seed": seed}
    if engine == "nj":
        unrooted, facts = _join_neighbours(alignment, **options)
    else:
        unrooted, facts = _run(engine, alignment, search=search, threads=threads, **options)
        facts["search"] = search
    if outgroup:
        tips = [one.name for one in alignment if one.taxon in set(outgroup)]
        rooted = root_by_outgroup(unrooted, tips)
    else:
        rooted = root_at_midpoint(unrooted)
    # Not before the root is found: the branch above an outgroup may be one without length.
    n_collapsed = collapse_unresolved(rooted)
    chosen = choose_representatives(alignment).set_index("name")["taxon"].to_dict()
    facts = {
        "engine": engine,
        **facts,
        "bootstraps": bootstraps,
        "seed": seed,
        "root": ", ".join(outgroup) or "midpoint",
        "collapsed": n_collapsed,
        "n_sequences": len(alignment),
        "n_taxa": len(taxa),
        "n_sites": len(alignment[0].bases),
    }
    table = pd.DataFrame({"key": list(facts), "text": [str(value) for value in facts.values()]})
    return InferredTree(rooted, tree_of_taxa(rooted, chosen), table)


def _join_neighbours(
    alignment: Listed[Sequence], *, model: str, bootstraps: int, seed: int
) -> tuple[TreeNode, dict[str, object]]:
    model = "K2P" if model == "auto" else model
    if model not in MODELS:
        raise ValueError(
            f"config key genetics.tree.model is {model!r}; with the engine nj, expected auto or "
            f"one of {', '.join(MODELS)}"
        )
    tree, facts = neighbour_joining(alignment, model, bootstraps, seed)
    return tree, {"model": model, **facts}


def _run(
    engine: str, alignment: Listed[Sequence], **options: object
) -> tuple[TreeNode, dict[str, str]]:
    """Run a program under neutral names and return its tree with the true ones."""
    with TemporaryDirectory() as folder:
        names = write_neutral(Path(folder) / "alignment.fasta", alignment)
        newick, facts = PROGRAMS[engine](Path(folder), "alignment.fasta", **options)
    tree = TreeNode.read([newick], format="newick")
    tree.assign_supports()
    if sorted(tip.name for tip in tree.tips()) != sorted(names):
        raise ValueError(f"{engine} returned a tree of other tips than the alignment")
    for tip in tree.tips():
        tip.name = names[tip.name]
    return tree, facts
