"""A complete small study of simulated bivalves, whose truth is known."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from visgen.simulate.collection import lay_out_collection
from visgen.simulate.phylogeny import leave_out, newick, simulate_phylogeny
from visgen.simulate.pictures import draw_image
from visgen.simulate.planted import plant_errors
from visgen.simulate.ranks import RANKS
from visgen.simulate.sequences import simulate_sequences
from visgen.simulate.shells import RANGES
from visgen.simulate.traits import trace_evolution
from visgen.simulate.unknowns import plant_unknowns
from visgen.tables import write_table


def simulate_study(
    folder: Path,
    n_species: int,
    n_images: int,
    image_size: int,
    n_bases: int,
    signal: float,
    convergence: float,
    coarse: float,
    planted: int,
    outside_tree: int,
    seed: int,
    unknowns: int = 0,
) -> None:
    """Simulate a study: pictures, table, tree, sequences and the truth behind them.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is written: ``images/``, ``meta.csv``, ``tree.nwk``, ``sequences.fasta``, and
        the truth in ``traits.tsv`` (species × parameters of the shell, standardised) and
        ``planted.tsv`` (bad files and the reason for which each should be refused). Beside them a
        drawer of specimens without names: ``unnamed/``, ``unnamed.csv`` (the images of each
        specimen) and what they are in truth, ``unnamed.planted.tsv``.
    n_species : int
        Number of species.
    n_images : int
        Number of good images.
    image_size : int
        Width and height of the images in pixels.
    n_bases : int
        Length of the rDNA sequences.
    signal, convergence, coarse : float
        Phylogenetic signal of the shells, their convergence, and the share of the signal that
        follows subclasses alone, 0 to 1; see ``traits.evolve_traits``.
    planted : int
        How many bad files of each kind are added; 0 for none.
    outside_tree : int
        How many species, drawn at random, are left out of the written tree: they have images and
        sequences all the same.
    seed : int
        Seed of all chance in it.
    unknowns : int
        How many unnamed shells are laid out, see ``unknowns.plant_unknowns``; whatever it is, the
        rest of the study stays the same.

    Raises
    ------
    FileExistsError
        If the folder of the images or of the unnamed ones already holds files.
    ValueError
        If a number is out of its range.
    """
    images, unnamed = folder / "images", folder / "unnamed"
    for place in (images, unnamed):
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise FileExistsError(f"{place} is not empty; a study is written to a new folder")

    seeds = [int(state) for state in np.random.SeedSequence(seed).generate_state(6)]
    tree, taxonomy = simulate_phylogeny(n_species, seeds[0])
    groups = taxonomy.set_index("species")[RANKS[0]]
    evolution = trace_evolution(
        tree, len(RANGES), signal, convergence, seeds[1], coarse=coarse, groups=groups
    )
    traits = evolution.traits
    traits.columns = list(RANGES)
    sequences = simulate_sequences(tree, n_bases, seeds[2])
    meta = lay_out_collection(taxonomy, n_images, seeds[3])

    draw = partial(draw_image, traits=traits, image_size=image_size, seed=seeds[4])
    for row in meta.to_dict("records"):
        (images / row["filename"]).write_bytes(draw(row))
    bad_rows, planted_table = plant_errors(images, meta, planted, seeds[5], draw)
    apart = np.random.SeedSequence(seed).spawn(1)[0]  # of the study's own chance
    unnamed_meta, unnamed_truth = plant_unknowns(
        unnamed, unknowns, tree, taxonomy, evolution, image_size, int(apart.generate_state(1)[0])
    )

    meta = pd.concat([meta, bad_rows]).sort_values("filename")
    meta.to_csv(folder / "meta.csv", index=False, lineterminator="\n")
    leave_out(tree, outside_tree, seed)
    (folder / "tree.nwk").write_text(newick(tree))
    fasta = "".join(f">{header}\n{bases}\n" for header, bases in sequences)
    (folder / "sequences.fasta").write_text(fasta)
    traits.to_csv(folder / "traits.tsv", sep="\t", lineterminator="\n", float_format="%.6f")
    write_table(folder / "planted.tsv", planted_table)
    unnamed_meta.to_csv(folder / "unnamed.csv", index=False, lineterminator="\n")
    write_table(folder / "unnamed.planted.tsv", unnamed_truth)
