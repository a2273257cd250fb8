"""Colour and relief of a simulated valve."""

from collections import namedtuple

import numpy as np
from scipy.special import expit

from visgen.simulate.shells import Shell

Markings = namedtuple("Markings", "colour along outward gloss")
Markings.__doc__ = """What covers a surface, point by point.

colour (3, n_points) RGB 0 to 1; along, outward (n_points,) slopes of the relief in the directions
of the two tangents; gloss, strength of the highlight."""

_NACRE = np.array([0.93, 0.91, 0.88], np.float32)


def outside(
    shell: Shell, u: np.ndarray, s: np.ndarray, n_pixels: int, rng: np.random.Generator
) -> Markings:
    """Paint the outer face: ribs, growth lines, stripes and bands of colour.

    Parameters
    ----------
    shell : Shell
        Parameters of the valve.
    u, s : numpy.ndarray, (n_points,)
        Place along the margin and growth, both 0 to 1.
    n_pixels : int
        Extent of the valve in pixels: relief too fine for it is faded out.
    rng : numpy.random.Generator
        Source of the chance that is the specimen's own.

    Returns
    -------
    Markings
        Colour, relief and gloss.
    """
    phases = rng.uniform(0, 2 * np.pi, 7).tolist()
    uneven = 0.5 * np.sin(9 * s + phases[0]) + 0.3 * np.sin(23 * s + phases[1])
    mottled = np.sin(13 * u + 7 * s + phases[2]) * np.sin(29 * u - 17 * s + phases[3])

    n_ribs = round(shell.ribs)
    rib_visible = np.clip(2.5 * n_pixels * s / n_ribs / 3 - 0.7, 0, 1)
    rib = 2 * np.pi * n_ribs * u
    rib_slope = max(shell.rib_strength, 0) * rib_visible
    ring = 2 * np.pi * shell.rings * s**0.8 + 2 * uneven
    ring_slope = max(shell.ring_strength, 0.07) * np.clip(3 * s, 0, 1)
    groove = 0.14 * rib_slope * (1 - np.cos(rib)) + 0.16 * ring_slope * (1 - np.cos(ring))

    ray = expit(7 * (np.sin(2 * np.pi * round(shell.n_rays) * u + phases[4]) + 0.5 * mottled - 0.2))
    zone = expit(6 * np.sin(2 * np.pi * shell.n_zones * s + phases[5] + 0.6 * uneven))
    stain = max(shell.rays, 0) * ray + max(shell.zones, 0) * zone
    tone = shell.tip_tone * (1 - s) ** 1.3
    value = shell.value * (1 - 0.55 * np.clip(stain, 0, 1)) * (1 - groove) + 0.45 * tone
    value += 0.025 * mottled + 0.02 * np.sin(2 * np.pi * shell.rings * 2.7 * s + phases[6])
    saturation = shell.saturation * (1 + 0.5 * stain) - 0.35 * tone + 0.05 * stain
    hue = shell.hue - 0.035 * stain
    return Markings(
        _hsv_to_rgb(hue, saturation, value),
        rib_slope * np.sin(rib),
        ring_slope * np.sin(ring),
        0.18,
    )


def inside(shell: Shell, u: np.ndarray, s: np.ndarray) -> Markings:
    """Paint the inner face: nacre, pallial line with its sinus, and two muscle scars.

    Parameters
    ----------
    shell : Shell
        Parameters of the valve.
    u, s : numpy.ndarray, (n_points,)
        Place along the margin and growth, both 0 to 1.

    Returns
    -------
    Markings
        Colour, relief and gloss.
    """
    sinus = 0.22 * np.exp(-(((u - 0.3) / 0.05) ** 2)) * (shell.rostrum - 0.75)
    depth = s - (0.84 - sinus)
    line = np.exp(-((depth / 0.014) ** 2))
    scars = sum(
        np.exp(-((((u - at) / 0.035) ** 2 + ((s - 0.74) / 0.07) ** 2) ** 2)) for at in (0.14, 0.87)
    )
    flush = expit(-12 * (depth + 0.1)) * (0.25 + 0.6 * shell.saturation)
    ground = _hsv_to_rgb(
        np.full_like(s, shell.hue), np.full_like(s, shell.saturation), np.full_like(s, 0.85)
    )
    colour = _NACRE[:, None] * (1 - flush) + ground * flush
    colour = colour * (1 - 0.13 * line - 0.16 * scars)
    edge = expit((s - 0.95) / 0.01)  # the ribs show again along the very margin
    rib = max(shell.rib_strength, 0) * edge * np.sin(2 * np.pi * round(shell.ribs) * u)
    return Markings(colour, rib, 0.25 * line, 0.35)


def _hsv_to_rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return RGB (3, n) of hue in turns, saturation and value; values out of range are clipped."""
    offset = np.array([5, 3, 1], np.float32)[:, None]
    k = (offset + 6 * hue) % 6
    value = np.clip(value, 0.04, 1)
    return value * (1 - np.clip(saturation, 0, 0.9) * np.clip(np.minimum(k, 4 - k), 0, 1))
