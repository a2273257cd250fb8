"""The picture of a specimen, as a file."""

from io import BytesIO
from zlib import crc32

import numpy as np
import pandas as pd
from PIL import Image

from visgen.simulate.collection import SOURCES
from visgen.simulate.photographs import draw_photo, take_photo
from visgen.simulate.shells import shell_from_traits

_OWN_DEVIATION = 0.15  # of a specimen from its species, in standard deviations between species
_JUVENILE_RINGS = 0.7  # share of the growth lines that the smallest specimens have
_JPEG_QUALITY = 92


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
    return encode_picture(picture, row["filename"])


def encode_picture(picture: np.ndarray, name: str) -> bytes:
    """Return the file of a picture.

    Parameters
    ----------
    picture : numpy.ndarray, (height, width, 3), uint8
        The picture.
    name : str
        Name of the file.

    Returns
    -------
    bytes
        The file, PNG or JPEG after the suffix of its name.
    """
    file = BytesIO()
    if name.endswith(".png"):
        Image.fromarray(picture).save(file, "PNG")
    else:
        Image.fromarray(picture).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
