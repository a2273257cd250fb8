"""Raup's model of the coiled shell, for one valve of a bivalve."""

from collections import namedtuple
from functools import lru_cache

import numpy as np
from scipy.special import expit

# Bounds of each parameter. A trait of 0 gives the middle, traits beyond ±3 hardly come nearer
# to the bounds. Chosen so that every combination is a possible valve.
RANGES = {
    "expansion": (1.0, 3.6),  # ln of Raup's W per radian: 1 tumid (cockle), 3.6 flat (tellin)
    "elongation": (0.8, 2.2),  # length / height of the generating curve
    "umbo": (0.62, 0.22),  # share of the length in front of the umbo
    "translation": (-0.02, 0.10),  # Raup's T: the beak turned forward, / length
    "distance": (0.0, 0.07),  # Raup's D: the hinge away from the coiling axis, / height
    "shoulder": (0.25, 0.80),  # dorsal margin: 0.25 straight (ark), 0.8 sloping (scallop)
    "ventral": (0.32, 0.50),  # ventral margin: 0.3 flat, 0.5 bowed
    "rostrum": (0.7, 1.9),  # hind end: 0.7 cut off, 1.9 pointed
    "obliquity": (-0.30, 0.30),  # ventral margin drawn forward or back, / height
    "auricle": (-0.65, 0.42),  # ears beside the umbo, / height; none below 0
    "ribs": (14.0, 46.0),  # radial ribs over the whole margin
    "rib_strength": (-0.6, 0.9),  # slope of their flanks; none below 0
    "rings": (7.0, 20.0),  # commarginal ridges
    "ring_strength": (-0.35, 0.55),  # slope of their flanks; faint below 0
    "hue": (-0.06, 0.12),  # of the ground colour: rose, orange, yellow (turns)
    "saturation": (0.04, 0.60),
    "value": (1.0, 0.50),  # white to dark
    "rays": (-0.8, 0.75),  # strength of radial stripes of colour; none below 0
    "n_rays": (5.0, 17.0),
    "zones": (-0.8, 0.7),  # strength of concentric bands of colour; none below 0
    "n_zones": (2.0, 6.0),
    "tip_tone": (-0.55, 0.55),  # umbo darker (−) or paler (+) than the margin
}

Shell = namedtuple("Shell", RANGES)
Shell.__doc__ = "Parameters of one valve; bounds and meaning in RANGES."

_SMALLEST = 0.015  # the beak: coiling stops at this share of the final size
_OUTLINE_POINTS = 2000


def shell_from_traits(traits: np.ndarray) -> Shell:
    """Map standardised traits to the parameters of a valve.

    Parameters
    ----------
    traits : numpy.ndarray, (n_parameters,)
        Standardised trait values, in the order of ``RANGES``.

    Returns
    -------
    Shell
        Each parameter is a monotone function of its trait and stays within its bounds.

    Raises
    ------
    ValueError
        If the number of traits is not that of the parameters.
    """
    if len(traits) != len(RANGES):
        raise ValueError(f"{len(traits)} traits given; a shell has {len(RANGES)} parameters")
    low, high = np.array(list(RANGES.values())).T
    return Shell(*(low + (high - low) * expit(1.4 * np.asarray(traits))).tolist())


def generating_curve(shell: Shell) -> np.ndarray:
    """Return the margin of the valve: the aperture of Raup's model.

    Parameters
    ----------
    shell : Shell
        Parameters of the valve.

    Returns
    -------
    numpy.ndarray, (n_points, 2)
        Closed curve in even steps, from the hinge along the hind margin and back along the front
        one. x runs from front (−) to hind (+), y from the coiling axis downwards; the height is 1.
    """
    turn = np.linspace(0, np.pi, _OUTLINE_POINTS)
    y = (1 - np.cos(turn)) / 2
    front = shell.elongation * shell.umbo
    hind = shell.elongation - front
    ear = max(shell.auricle, 0) * expit((0.17 - y) / 0.025)
    # A ventral exponent above a half would make a corner at the ventral margin.
    ventral_hind = min(shell.ventral * shell.rostrum, 0.5)
    x_hind = hind * _half_width(y, shell.shoulder * shell.rostrum, ventral_hind)
    x_front = front * _half_width(y, shell.shoulder, shell.ventral)
    x = np.concatenate([np.maximum(x_hind, ear), -np.maximum(x_front, 0.8 * ear)[::-1]])
    y = np.concatenate([y, y[::-1]])
    x += shell.obliquity * y**1.5 + shell.translation * shell.elongation
    curve = np.column_stack([x, y + shell.distance])
    curve = np.vstack([curve, curve[:1]])
    steps = np.hypot(*np.diff(curve, axis=0).T)
    along = np.concatenate([[0], np.cumsum(steps)])
    even = np.linspace(0, along[-1], _OUTLINE_POINTS)
    return np.column_stack([np.interp(even, along, curve[:, i]) for i in range(2)])


def _half_width(y: np.ndarray, dorsal: float, ventral: float) -> np.ndarray:
    """Return the beta curve y^dorsal (1−y)^ventral, its largest value scaled to 1."""
    peak = dorsal / (dorsal + ventral)
    return (y / peak) ** dorsal * ((1 - y) / (1 - peak)) ** ventral


@lru_cache(maxsize=4)
def surface_grid(n_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return surface coordinates that cover a valve evenly.

    Parameters
    ----------
    n_pixels : int
        Extent of the valve in pixels; the points lie closer together than pixels do.

    Returns
    -------
    u : numpy.ndarray, (n_points,)
        Place along the generating curve, 0 to 1.
    s : numpy.ndarray, (n_points,)
        Growth: size of the generating curve, from nearly 0 at the beak to 1 at the margin.
    """
    sizes = np.linspace(_SMALLEST, 1, int(1.4 * n_pixels))
    counts = np.ceil(2.9 * n_pixels * sizes).astype(int)
    s = np.repeat(sizes, counts)
    u = np.concatenate([(np.arange(n) + (i % 2) / 2) / n for i, n in enumerate(counts)])
    return u.astype(np.float32), s.astype(np.float32)


def surface_points(curve: np.ndarray, expansion: float, u: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Evaluate the surface of a valve.

    Parameters
    ----------
    curve : numpy.ndarray, (n, 2)
        Its generating curve.
    expansion : float
        ln W per radian, W being Raup's rate of whorl expansion.
    u, s : numpy.ndarray, (n_points,)
        Surface coordinates, see ``surface_grid``.

    Returns
    -------
    numpy.ndarray, (3, n_points)
        x from front to hind, y downwards from the hinge, z outwards; the margin lies in z = 0.

    References
    ----------
    Raup 1966, Journal of Paleontology 40: 1178–1190: the generating curve turns about the hinge
    axis while it grows by W a revolution.
    """
    x, y = _at(u, curve)
    angle = -np.log(s) / expansion
    return np.stack([s * x, s * y * np.cos(angle), s * y * np.sin(angle)])


def surface_tangents(
    curve: np.ndarray, expansion: float, u: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return unit tangents (3, n_points) along the growth lines and in the direction of growth.

    Parameters are those of ``surface_points``.
    """
    x, y = _at(u, curve)
    dx, dy = _at(u, np.gradient(curve, axis=0))
    k = expansion
    angle = -np.log(s) / k
    cos, sin = np.cos(angle), np.sin(angle)
    along = np.stack([dx, dy * cos, dy * sin])
    outward = np.stack([x, y * (cos + sin / k), y * (sin - cos / k)])
    return _unit(along), _unit(outward)


def _at(u: np.ndarray, table: np.ndarray) -> np.ndarray:
    place = (u * len(table)).astype(np.int32)
    x, y = table.astype(np.float32).T
    return np.stack([x.take(place), y.take(place)])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.sqrt((vectors**2).sum(axis=0)), 1e-9)
