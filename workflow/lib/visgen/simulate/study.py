"""A complete small study of simulated bivalves, whose truth is known."""

from functools import partial
from io import BytesIO
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from PIL import Image

from visgen.simulate.collection import SOURCES, lay_out_collection
from visgen.simulate.photographs import draw_photo, take_photo
from visgen.simulate.phylogeny import leave_out, newick, simulate_phylogeny
from visgen.simulate.planted import plant_errors
from visgen.simulate.ranks import RANKS
from visgen.simulate.sequences import simulate_sequences
from visgen.simulate.shells import RANGES, shell_from_traits
from visgen.simulate.traits import evolve_traits
from visgen.tables import write_table

_OWN_DEVIATION = 0.15  # of a specimen from its species, in standard deviations between species
_JUVENILE_RINGS = 0.7  # share of the growth lines that the smallest specimens have
_JPEG_QUALITY = 92


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
) -> None:
    """Simulate a study: pictures, table, tree, sequences and the truth behind them.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is written: ``images/``, ``meta.csv``, ``tree.nwk``, ``sequences.fasta``, and
        the truth in ``traits.tsv`` (species × parameters of the shell, standardised) and
        ``planted.tsv`` (bad files and the reason for which each should be refused).
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

    Raises
    ------
    FileExistsError
        If the image folder already holds files.
    ValueError
        If a number is out of its range.
    """
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    if any(images.iterdir()):
        raise FileExistsError(f"{images} is not empty; a study is written to a new folder")

    seeds = [int(state) for state in np.random.SeedSequence(seed).generate_state(6)]
    tree, taxonomy = simulate_phylogeny(n_species, seeds[0])
    groups = taxonomy.set_index("species")[RANKS[0]]
    traits = evolve_traits(
        tree, len(RANGES), signal, convergence, seeds[1], coarse=coarse, groups=groups
    )
    traits.columns = list(RANGES)
    sequences = simulate_sequences(tree, n_bases, seeds[2])
    meta = lay_out_collection(taxonomy, n_images, seeds[3])

    draw = partial(draw_image, traits=traits, image_size=image_size, seed=seeds[4])
    for row in meta.to_dict("records"):
        (images / row["filename"]).write_bytes(draw(row))
    bad_rows, planted_table = plant_errors(images, meta, planted, seeds[5], draw)

    meta = pd.concat([meta, bad_rows]).sort_values("filename")
    meta.to_csv(folder / "meta.csv", index=False, lineterminator="\n")
    leave_out(tree, outside_tree, seed)
    (folder / "tree.nwk").write_text(newick(tree))
    fasta = "".join(f">{header}\n{bases}\n" for header, bases in sequences)
    (folder / "sequences.fasta").write_text(fasta)
    traits.to_csv(folder / "traits.tsv", sep="\t", lineterminator="\n", float_format="%.6f")
    write_table(folder / "planted.tsv", planted_table)


def draw_image(row: dict[str, str], traits: pd.DataFrame, image_size: int, seed: int) -> bytes:
    """Render the picture of one row of the table.

    Parameters
    ----------
    row : dict
        Keys filename, species, specimen, view and source.
    traits : pandas.DataFrame, (n_species, n_parameters)
        Standardised traits, rows by species.
    image_size : int
        Width and height in pixels.
    seed : int
        With the specimen it fixes what is the specimen's own, with the file name how the picture
        was taken; the order in which pictures are drawn does not matter.

    Returns
    -------
    bytes
        The file, PNG or JPEG after the suffix of its name.
    """
    specimen = np.random.default_rng([seed, crc32(row["specimen"].encode())])
    camera = np.random.default_rng([seed, crc32(row["filename"].encode())])
    deviation = _OWN_DEVIATION * specimen.standard_normal(traits.shape[1])
    shell = shell_from_traits(traits.loc[row["species"]].to_numpy() + deviation)
    size = specimen.uniform()
    shell = shell._replace(rings=shell.rings * (_JUVENILE_RINGS + (1 - _JUVENILE_RINGS) * size))
    picture = take_photo(
        shell,
        draw_photo(size, camera),
        view=row["view"],
        mirrored=bool(specimen.integers(2)),
        background=SOURCES[row["source"]],
        n_pixels=image_size,
        specimen_seed=int(specimen.integers(2**32)),
        rng=camera,
    )
    file = BytesIO()
    if row["filename"].endswith(".png"):
        Image.fromarray(picture).save(file, "PNG")
    else:
        Image.fromarray(picture).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
