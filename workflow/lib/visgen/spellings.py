"""Names that mean one another: in another case, as synonyms, misspelt."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

log = logging.getLogger(__name__)

_N_EXAMPLES = 5
# comparing every name with every other would take hours for tens of thousands of taxa
_PAIRS = 10_000
_COMMON = 500  # names that share a word; more of them are like "sp.", which tells nothing


def unify_case(names: Iterable[str], source: str) -> dict[str, str]:
    """Return one spelling for names that differ in upper and lower case only, and log them.

    Parameters
    ----------
    names : iterable of str
        In normal form, as often as they occur.
    source : str
        What to call the place they come from.

    Returns
    -------
    dict of str to str
        For each name its most frequent spelling; of equals one with a capital at the front only.

    Examples
    --------
    >>> unify_case(["Acer rubrum", "Acer Rubrum", "Acer rubrum", "Acer nigrum"], "meta.csv")
    {'Acer rubrum': 'Acer rubrum', 'Acer Rubrum': 'Acer rubrum', 'Acer nigrum': 'Acer nigrum'}
    """
    counts = Counter(names)
    of_fold = defaultdict(list)
    for name in counts:
        of_fold[name.casefold()].append(name)
    best = {
        fold: min(found, key=lambda name: (-counts[name], name != name.capitalize(), name))
        for fold, found in of_fold.items()
    }
    used = {name: best[name.casefold()] for name in counts}
    _say(used, f"{source}: names that differ in case only are one taxon")
    return used


def match_case(names: Iterable[str], wanted: Iterable[str], source: str) -> dict[str, str]:
    """Return names as others spell them, where the two differ in case only, and log these.

    Parameters
    ----------
    names : iterable of str
        In normal form.
    wanted : iterable of str
        Names whose spelling counts.
    source : str
        What to call the place that the names come from.

    Returns
    -------
    dict of str to str
        For each name the one to use: itself, where it is among the wanted or none is near.
    """
    wanted = dict.fromkeys(wanted)
    of_fold = {name.casefold(): name for name in reversed(wanted)}
    used = {
        name: name if name in wanted else of_fold.get(name.casefold(), name)
        for name in dict.fromkeys(names)
    }
    _say(used, f"{source}: names are taken in another case")
    return used


def match_names(
    names: Iterable[str],
    study_taxa: Iterable[str],
    synonyms: Mapping[str, str],
    source: str,
) -> dict[str, str]:
    """Return the names to use for those of a tree or of distances, each of them once.

    Parameters
    ----------
    names : iterable of str
        Different names in normal form.
    study_taxa : iterable of str
        Taxa of the images.
    synonyms : mapping of str to str
        As `visgen.name_tables.read_synonyms` returns it.
    source : str
        The file.

    Returns
    -------
    dict of str to str
        For each name its accepted one, as the images spell it. Where several names stand for one
        taxon, the taxon's own goes before its synonyms, which keep their names.

    Raises
    ------
    ValueError
        If several names stand for a taxon of the images and none of them is its own.
    """
    study_taxa = set(study_taxa)
    accepted = accept(names, synonyms, source)
    spelled = match_case(accepted.values(), sorted(study_taxa), source)
    used = {name: spelled[accepted[name]] for name in accepted}
    claims = defaultdict(list)
    for name, taxon in used.items():
        claims[taxon].append(name)
    for taxon, claimants in claims.items():
        if len(claimants) == 1:
            continue
        same = [name for name in claimants if name.casefold() == taxon.casefold()]
        own = [name for name in same if name == taxon] or same
        if len(own) != 1 and taxon in study_taxa:
            raise ValueError(
                f"{source}: {claimants[0]!r} and {claimants[1]!r} both stand for {taxon!r}; "
                "expected one of them"
            )
        others = [name for name in claimants if own != [name]]
        used |= {name: name for name in others}
        if own:
            log.info("%s: %r is there; not used for it: %s", source, taxon, _examples(others))
    return used


def accept(names: Iterable[str], synonyms: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the accepted name of each name, itself where it is no synonym, and log what changes.

    Parameters
    ----------
    names : iterable of str
        In normal form; synonyms are known in any case.
    synonyms : mapping of str to str
        As `visgen.name_tables.read_synonyms` returns it.
    source : str
        What to call the place that the names come from.

    Returns
    -------
    dict of str to str
        Of each name.
    """
    of_fold = {name.casefold(): accepted for name, accepted in synonyms.items()}
    used = {name: of_fold.get(name.casefold(), name) for name in dict.fromkeys(names)}
    _say(used, f"{source}: synonyms")
    there = {name.casefold() for name in used}
    unused = [name for name, to in synonyms.items() if to != name and name.casefold() not in there]
    if unused:
        log.info("%s: synonyms that are not there: %s", source, _examples(unused))
    return used


def similar_names(here: Collection[str], there: Collection[str]) -> dict[str, str]:
    """Return the nearest name on the other side: a hint at a misspelling, never used to match.

    Parameters
    ----------
    here, there : collection of str
        Names that only one side has.

    Returns
    -------
    dict of str to str
        For each name of ``here`` the nearest among those of ``there``, or an empty string. Where
        there are many names, among those that share a word or the first three letters with it.
    """
    if len(here) * len(there) <= _PAIRS:
        everyone = sorted(there)
        return {name: _nearest(name, everyone) for name in here}
    by_key = defaultdict(set)
    for name in there:
        for key in _keys(name):
            by_key[key].add(name)
    by_key = {key: names for key, names in by_key.items() if len(names) <= _COMMON}
    return {
        name: _nearest(name, sorted(set().union(*(by_key.get(key, ()) for key in _keys(name)))))
        for name in here
    }


def propose(here: Collection[str], there: Collection[str]) -> str:
    """Return a few pairs of similar names for an error, with a full stop; empty without any."""
    pairs = [(name, near) for name, near in sorted(similar_names(here, there).items()) if near]
    listed = ", ".join(f"{name!r} and {near!r}" for name, near in pairs[:_N_EXAMPLES])
    return f"Similar are {listed}. " if pairs else ""


def _nearest(name: str, candidates: list[str]) -> str:
    of_fold = {candidate.casefold(): candidate for candidate in candidates}
    near = get_close_matches(name.casefold(), of_fold, n=1, cutoff=0.8)
    return of_fold[near[0]] if near else ""


def _keys(name: str) -> set[str]:
    return {name[:3].casefold(), *name.casefold().split()}


def _say(used: Mapping[str, str], what: str) -> None:
    changed = [f"{name!r} is {to!r}" for name, to in used.items() if name != to]
    if changed:
        more = f" and {len(changed) - _N_EXAMPLES} more" if len(changed) > _N_EXAMPLES else ""
        log.info("%s: %s%s", what, ", ".join(changed[:_N_EXAMPLES]), more)


def _examples(names: Collection[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _N_EXAMPLES} more" if len(names) > _N_EXAMPLES else ""
    return ", ".join(map(repr, names[:_N_EXAMPLES])) + more
