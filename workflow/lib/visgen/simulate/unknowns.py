"""A drawer of specimens without names, and what they are in truth."""

from pathlib import Path

import dendropy
import numpy as np
import pandas as pd

from visgen.simulate.collection import SOURCES, VIEW_OF_IMAGE
from visgen.simulate.further_traits import evolve_further
from visgen.simulate.new_taxa import NEW_RANKS, joint_covariance, nearest_known, place_new_taxa
from visgen.simulate.no_shells import NO_SHELLS, draw_no_shell
from visgen.simulate.phylogeny import slice_times
from visgen.simulate.pictures import draw_image, encode_picture
from visgen.simulate.ranks import RANKS
from visgen.simulate.traits import Evolution, branch_loadings

META_COLUMNS = ("filename", "specimen")
TRUTH_COLUMNS = ("specimen", "kind", *RANKS, "nearest_species", "distance")
_OF_A_NEW_SPECIES = 2  # specimens, as far as there are names for so many species
_MOST_NEW_SPECIES = 20  # of a kind
_MOST_IMAGES = 2


def plant_unknowns(
    folder: Path,
    n_shells: int,
    tree: dendropy.Tree,
    taxonomy: pd.DataFrame,
    evolution: Evolution,
    image_size: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out specimens without names; the study is left as it is.

    Parameters
    ----------
    folder : pathlib.Path
        Where the pictures are written.
    n_shells : int
        Number of specimens: half of them of species of the study, the others of species that it
        has never seen, a third each of a known genus, of a new genus in a known family and of a
        new order in a known subclass. If there are any, one each of ``NO_SHELLS`` is added.
    tree : dendropy.Tree
        The whole tree, as ``phylogeny.simulate_phylogeny`` returns it.
    taxonomy : pandas.DataFrame
        One row a known species; columns subclass, order, family, genus, species.
    evolution : Evolution
        How the traits of the known species came about.
    image_size : int
        Width and height of the pictures in pixels.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    meta : pandas.DataFrame
        One row a picture; columns filename and specimen, one or two pictures a specimen. Neither
        name tells anything.
    truth : pandas.DataFrame
        One row a specimen; columns specimen, kind (known_species, new_species, new_genus,
        new_order or no_shell), the ranks, nearest_species and distance: see
        ``new_taxa.nearest_known``. All but the first two are empty where there is no shell.

    Raises
    ------
    ValueError
        If n_shells is negative.
    """
    if n_shells < 0:
        raise ValueError(f"unknowns is {n_shells}; the number of specimens cannot be negative")
    if n_shells == 0:
        return pd.DataFrame(columns=list(META_COLUMNS)), pd.DataFrame(columns=list(TRUTH_COLUMNS))
    layout_seed, traits_seed, draw_seed = np.random.SeedSequence(seed).generate_state(3).tolist()
    rng = np.random.default_rng(layout_seed)
    n_of_kind = _share_out(n_shells)
    loadings = branch_loadings(tree)
    covariance = loadings @ loadings.T
    n_new = {kind: _count_species(n_of_kind[kind]) for kind in NEW_RANKS}
    placed = place_new_taxa(taxonomy, covariance, slice_times(tree), n_new, rng)
    joint = joint_covariance(covariance, placed)
    known = taxonomy.assign(kind="known_species").set_index("species", drop=False)
    species = pd.concat([known, placed[["kind", *RANKS]]]).loc[joint.index]
    species = species.join(nearest_known(joint, len(known)))
    further = evolve_further(evolution, joint, species[RANKS[0]], traits_seed)
    traits = pd.concat([evolution.traits, further])

    truth = _lay_out(species, n_of_kind, rng)
    meta = []
    for row in truth.to_dict("records"):
        shows = row.pop("shows")
        for shot in _shots(row, rng):
            if row["kind"] == "no_shell":
                picture = draw_no_shell(shows, image_size, rng)
                content = encode_picture(picture, shot["filename"])
            else:
                content = draw_image(shot, traits, image_size, draw_seed)
            (folder / shot["filename"]).write_bytes(content)
            meta.append({name: shot[name] for name in META_COLUMNS})
    return pd.DataFrame(meta, columns=list(META_COLUMNS)), truth[[*TRUTH_COLUMNS]]


def _share_out(n_shells: int) -> dict[str, int]:
    """Return how many specimens there are of each kind."""
    n_unseen = n_shells // 2
    each, more = divmod(n_unseen, len(NEW_RANKS))
    unseen = {kind: each + (number < more) for number, kind in enumerate(NEW_RANKS)}
    return {"known_species": n_shells - n_unseen} | unseen


def _count_species(n_specimens: int) -> int:
    """Return of how many new species specimens of a kind are."""
    return min(-(-n_specimens // _OF_A_NEW_SPECIES), _MOST_NEW_SPECIES)


def _lay_out(
    species: pd.DataFrame, n_of_kind: dict[str, int], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the specimens in the order of the drawer, with what each shows."""
    shows = [*NO_SHELLS]
    for kind, n in n_of_kind.items():
        of_kind = rng.permutation(species.index[species["kind"] == kind].tolist()).tolist()
        shows += (of_kind * n)[:n]  # each species once before one comes again
    nothing = pd.DataFrame({"kind": "no_shell"}, index=list(NO_SHELLS))
    shows = rng.permutation(shows).tolist()
    truth = pd.concat([species, nothing]).loc[shows].assign(shows=shows)
    names = [f"drawer_{number:04d}" for number in range(1, len(truth) + 1)]
    return truth.assign(specimen=names).reset_index(drop=True)


def _shots(row: dict[str, str], rng: np.random.Generator) -> list[dict[str, str]]:
    """Return what to draw of a specimen: the keys of a row of the collection, a picture each."""
    n_images = 1 if row["kind"] == "no_shell" else int(rng.integers(1, _MOST_IMAGES + 1))
    source = str(rng.choice(list(SOURCES)))
    return [
        {
            "filename": f"{row['specimen']}_{number}.jpg",
            "specimen": row["specimen"],
            "species": row["species"],
            "view": VIEW_OF_IMAGE[number],
            "source": source,
        }
        for number in range(1, n_images + 1)
    ]
