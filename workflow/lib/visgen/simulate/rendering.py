"""Rendering of a valve: camera, hidden surfaces and light."""

from collections import namedtuple

import numpy as np
from scipy.ndimage import uniform_filter

from visgen.simulate import markings
from visgen.simulate.shells import (
    Shell,
    generating_curve,
    surface_grid,
    surface_points,
    surface_tangents,
)

VIEWS = ("outside", "inside")
LARGEST_EXTENT = 0.92  # of a valve, as a share of the frame

Photo = namedtuple("Photo", "rotation pitch roll extent offset_x offset_y azimuth elevation gain")
Photo.__doc__ = """How a picture was taken.

rotation, pitch, roll, azimuth, elevation in radians; extent and offsets as shares of the frame;
gain, the exposure."""


def draw_valve(
    shell: Shell, photo: Photo, view: str, mirrored: bool, n_pixels: int, specimen_seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Render a valve without background.

    Parameters
    ----------
    shell, photo, view, mirrored, n_pixels, specimen_seed
        As for ``take_photo``.

    Returns
    -------
    colour : numpy.ndarray, (3, n_pixels, n_pixels), float32
        RGB, 0 to about 1; black beside the valve.
    mask : numpy.ndarray, (1, n_pixels, n_pixels), float32
        1 on the valve, 0 beside it.
    """
    curve = generating_curve(shell)
    u, s = surface_grid(round(LARGEST_EXTENT * n_pixels))
    camera = _camera(photo, view, mirrored).astype(np.float32)
    points = camera @ surface_points(curve, shell.expansion, u, s)
    nearest = _nearest_points(_frame(points, photo, n_pixels), points[2], n_pixels)

    seen = nearest >= 0
    which = nearest[seen]
    u, s = u[which], s[which]
    along, outward = surface_tangents(curve, shell.expansion, u, s)
    if view == "outside":
        n_extent = round(photo.extent * n_pixels)
        cover = markings.outside(shell, u, s, n_extent, np.random.default_rng(specimen_seed))
    else:
        cover = markings.inside(shell, u, s)
    colour = np.zeros((3, n_pixels, n_pixels), np.float32)
    colour[:, seen] = _shade(cover, camera @ along, camera @ outward, _light(photo))
    return colour, seen[None].astype(np.float32)


def _camera(photo: Photo, view: str, mirrored: bool) -> np.ndarray:
    """Return the matrix (3, 3) that turns the valve so that the camera looks down the z axis."""
    (cr, sr), (cp, sp), (co, so) = (
        (np.cos(a), np.sin(a)) for a in (photo.rotation, photo.pitch, photo.roll)
    )
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[co, 0, so], [0, 1, 0], [-so, 0, co]])
    face = np.diag([1.0, 1.0, 1.0]) if view == "outside" else np.diag([-1.0, 1.0, -1.0])
    side = np.diag([-1.0 if mirrored else 1.0, 1.0, 1.0])
    return turn @ pitch @ roll @ face @ side


def _frame(points: np.ndarray, photo: Photo, n_pixels: int) -> np.ndarray:
    """Return the pixel (row-major number) of each point, the valve filling its extent."""
    low, high = points[:2].min(axis=1), points[:2].max(axis=1)
    scale = photo.extent * n_pixels / (high - low).max()
    centre = n_pixels * (0.5 + np.array([photo.offset_x, photo.offset_y]))
    origin = (centre - scale * (low + high) / 2).astype(np.float32)
    column, row = (np.float32(scale) * points[:2] + origin[:, None]).astype(np.int32)
    return row * n_pixels + column


def _nearest_points(pixels: np.ndarray, depth: np.ndarray, n_pixels: int) -> np.ndarray:
    """Return the number of the point nearest to the camera in each pixel (n, n), −1 where none."""
    # Depth in the high bits, number of the point in the low ones: one maximum finds both.
    span = depth.max() - depth.min()
    key = ((depth - depth.min()) / span * 2**20).astype(np.int64) << 32
    key |= np.arange(len(depth))
    nearest = np.full(n_pixels * n_pixels, -1, dtype=np.int64)
    np.maximum.at(nearest, pixels, key)
    number = np.where(nearest < 0, -1, nearest & 0xFFFFFFFF).reshape(n_pixels, n_pixels)
    return _close_pinholes(number)


def _close_pinholes(number: np.ndarray) -> np.ndarray:
    """Give an empty pixel among filled ones the point of its left or right neighbour."""
    crowded = uniform_filter((number >= 0).astype(np.float32), 3) > 0.6
    fill = np.maximum(np.roll(number, 1, axis=1), np.roll(number, -1, axis=1))
    return np.where((number < 0) & crowded, fill, number)


def _light(photo: Photo) -> np.ndarray:
    flat = np.cos(photo.elevation)
    return np.array(
        [flat * np.cos(photo.azimuth), flat * np.sin(photo.azimuth), np.sin(photo.elevation)],
        dtype=np.float32,
    )


def _shade(
    cover: markings.Markings, along: np.ndarray, outward: np.ndarray, light: np.ndarray
) -> np.ndarray:
    """Return the colour of points under Lambert's law, with some sky light and a highlight."""
    (ax, ay, az), (ox, oy, oz) = along, outward
    normal = np.stack([ay * oz - az * oy, az * ox - ax * oz, ax * oy - ay * ox])
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-6)
    normal *= np.where(normal[2] < 0, -1, 1)
    normal = normal - cover.along * along - cover.outward * outward
    normal /= np.linalg.norm(normal, axis=0)
    diffuse = np.clip(light @ normal, 0, None)
    sky = 0.5 + 0.5 * normal[2]
    half = light + np.array([0, 0, 1], np.float32)
    highlight = np.clip(half / np.linalg.norm(half) @ normal, 0, None) ** 24
    return cover.colour * (0.30 * sky + 0.78 * diffuse) + cover.gloss * highlight
