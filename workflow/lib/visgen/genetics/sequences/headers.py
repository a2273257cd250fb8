"""The taxon in the header of a sequence, found by a pattern of the user."""

import re

from visgen.fields import clean_cell, gap_words
from visgen.names import normalise_taxon

_GAPS = gap_words([])


def compile_header_pattern(pattern: str) -> re.Pattern:
    """Compile a pattern over headers.

    Parameters
    ----------
    pattern : str
        A regular expression with a named group ``taxon``, or the groups ``genus`` and
        ``species``.

    Returns
    -------
    re.Pattern
        For `taxon_in_header`.

    Raises
    ------
    ValueError
        If it is no regular expression or lacks the groups.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"inputs.sequence_pattern {pattern!r} is not a regular expression: {error}"
        ) from error
    groups = set(expression.groupindex)
    if "taxon" not in groups and not {"genus", "species"} <= groups:
        raise ValueError(
            f"inputs.sequence_pattern {pattern!r} has the named groups {sorted(groups)}, "
            "expected `taxon`, or `genus` and `species`"
        )
    return expression


def taxon_in_header(header: str, expression: re.Pattern) -> str:
    """Return the taxon that a header names, in normal form; empty where it names none.

    Parameters
    ----------
    header : str
        Without the leading ``>``.
    expression : re.Pattern
        As `compile_header_pattern` returns it; searched anywhere in the header. Genus and
        species are joined by a blank; half a name is none, and neither are gaps as in tables of
        images: ``unidentified``, ``Arca indet.``.

    Returns
    -------
    str
        The taxon.
    """
    match = expression.search(header)
    if match is None:
        return ""
    groups = match.groupdict()
    names = [groups["taxon"]] if "taxon" in groups else [groups["genus"], groups["species"]]
    # a group that took no part in the match is None
    taxon = normalise_taxon(" ".join(names)) if all(names) else ""
    return clean_cell(taxon, "taxon", ["taxon"], _GAPS) or ""
