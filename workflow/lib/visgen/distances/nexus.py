"""The trees of a Nexus file (Maddison et al. 1997), with the names of their tips."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from visgen.distances.newick import Piece, grow, label_of, pieces_of, statements_of
from visgen.scikit_bio import TreeNode

_LINK = re.compile(r"link\b.*?\btaxa\s*=\s*(?P<title>'[^']*(?:''[^']*)*'|\S+)", re.I | re.S)
_TREE = re.compile(r"u?tree\b\s*(?P<star>\*?)\s*(?P<name>.*?)\s*=\s*", re.I | re.S)


class NexusTree(NamedTuple):
    """A tree as the file has it, to be read by `grow_named`."""

    name: str
    is_default: bool  # marked by *
    pieces: Sequence[Piece]
    translated: Mapping[str, str]  # names by the keys of TRANSLATE
    taxa: Sequence[str]  # TAXLABELS, which tips may name by number


def is_nexus(text: str) -> bool:
    """Tell whether text is Nexus: it opens with ``#NEXUS``, or has a block of trees."""
    first = next(pieces_of(text), None)
    opens = first is not None and first.text.casefold() == "#nexus"
    return opens or bool(re.search(r"\bbegin\s+trees\s*;", text, re.I))


def find_trees(text: str) -> list[NexusTree]:
    """Find the trees of all blocks of trees, none where there is no such block.

    Words of Nexus are known in any case. Other blocks are passed over, but for the names of taxa.
    A block ends at ``end;``, at the next ``begin`` or with the file.

    Parameters
    ----------
    text : str
        Of the whole file.

    Returns
    -------
    list of NexusTree
        In the order of the file.

    Raises
    ------
    ValueError
        If TRANSLATE gives a key no name or two, LINK names an unknown block of taxa, or a tree
        has no ``=`` or no brackets.
    """
    found, taxa = [], {}
    block, title, linked, translated = "", "", None, {}
    for pieces in statements_of(text):
        while pieces and pieces[0].text.casefold() in ("#nexus", "end", "endblock"):
            block, pieces = "", pieces[1:]
        word = pieces[0].text.casefold() if pieces else ""
        if word == "begin" and len(pieces) > 1:
            block, title, linked, translated = pieces[1].text.casefold(), "", None, {}
        elif word == "title":
            title = label_of(pieces[1:]).casefold()
        elif word == "taxlabels":
            labels = [label_of([piece]) for piece in pieces[1:] if piece.text != ","]
            taxa.setdefault(title or f"block {len(taxa) + 1}", labels)
        elif block == "trees" and word == "link":
            linked = _linked_taxa(pieces, taxa)
        elif block == "trees" and word == "translate":
            translated = _translate_table(pieces[1:])
        elif block == "trees" and re.match(r"u?tree\b", word):
            # without a link, numbers mean the one list of taxa that there is
            lists = list(taxa.values())
            of_file = lists[0] if lists and all(one == lists[0] for one in lists) else []
            found.append(_tree(pieces, translated, of_file if linked is None else linked))
    return found


def grow_named(tree: NexusTree) -> TreeNode:
    """Return a tree whose tips have the names that TRANSLATE or TAXLABELS give them.

    Labels of inner nodes, which may be supports, stay as they are.

    Raises
    ------
    ValueError
        As `visgen.distances.newick.grow`, and if a tip is a number that no table has.
    """
    root = grow(tree.pieces)
    known = {*tree.translated.values(), *tree.taxa}
    for tip in root.tips():
        if tip.name in tree.translated:
            tip.name = tree.translated[tip.name]
        elif known and tip.name and tip.name.isdecimal() and tip.name not in known:
            tip.name = _numbered(int(tip.name), tree)
    return root


def _numbered(number: int, tree: NexusTree) -> str:
    if not 1 <= number <= len(tree.taxa):
        raise ValueError(
            f"tree {tree.name!r}: tip {number} is a number that neither TRANSLATE nor TAXLABELS "
            f"({len(tree.taxa)} names) has; expected one of theirs"
        )
    return tree.taxa[number - 1]


def _linked_taxa(pieces: list[Piece], taxa: Mapping[str, list[str]]) -> list[str] | None:
    found = _LINK.match(_text(pieces))
    if not found:
        return None
    title = found["title"].strip("'").replace("''", "'").casefold()
    if title not in taxa and len(taxa) > 1:
        raise ValueError(
            f"line {pieces[0].line}: LINK names the taxa {title!r}, expected one of "
            f"{', '.join(map(repr, taxa))}"
        )
    return taxa.get(title)


def _translate_table(pieces: list[Piece]) -> dict[str, str]:
    entries, table = [[]], {}
    for piece in pieces:
        if piece.text == ",":
            entries.append([])
        else:
            entries[-1].append(piece)
    for entry in filter(None, entries):
        key, name = label_of(entry[:1]), label_of(entry[1:])
        if not name or table.get(key, name) != name:
            what = f"{table[key]!r} and {name!r}" if name else "no name"
            raise ValueError(f"line {entry[0].line}: TRANSLATE gives {key!r} {what}, expected one")
        table[key] = name
    return table


def _tree(pieces: list[Piece], translated: dict[str, str], taxa: list[str]) -> NexusTree:
    texts = [piece.text for piece in pieces]
    start = texts.index("(") if "(" in texts else len(texts)
    head = _TREE.fullmatch(_text(pieces[:start]) + " ")
    if not head or start == len(texts):
        raise ValueError(
            f"line {pieces[0].line}: {_text(pieces[:start])[:60]!r} where a tree was expected, "
            "such as: tree name = (A:1,B:1);"
        )
    name = head["name"].strip("'\"")
    return NexusTree(name, bool(head["star"]), pieces[start:], translated, taxa)


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(" " + piece.text if piece.blank else piece.text for piece in pieces).strip()
