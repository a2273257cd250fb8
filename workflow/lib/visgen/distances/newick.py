"""Newick text: its labels, lengths and brackets, and the tree that they make, of any depth."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from visgen.scikit_bio import TreeNode

# A quotation mark opens a label where the one that closes it ends it; others are letters, as in
# Burton's_perch and 'Cichlasoma'_urophthalmum.
_QUOTED = r"""'[^'\n]*(?:''[^'\n]*)*'(?=[\s(),:;=\[\]]|\Z)|"[^"\n]*"(?=[\s(),:;=\[\]]|\Z)"""
_PIECE = re.compile(rf"(?P<blank>\s+)|{_QUOTED}|[(),:;\[\]]|[^\s(),:;\[\]]+")
_WHOLE = re.compile(r"'[^']*(?:''[^']*)*'|\"[^\"]*\"")
_COMMENT = re.compile(r"\[[^\[\]]*\]")
_BRACKET = re.compile(r"[\[\]]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMALS = re.compile(r"\d+(?:[eE][+-]?\d+)?", re.ASCII)
_LENGTH_INSIDE = re.compile(r":\s*[\d.]+(?:[eE][+-]?\d+)?\s*[,)]")


class Piece(NamedTuple):
    """A mark of ``( ) , : ; [ ]``, or a part of a label as the text has it."""

    text: str
    blank: bool  # whether white space stands before it
    line: int  # from 1


def pieces_of(text: str) -> Iterator[Piece]:
    """Take text apart, without its comments, which may lie within one another.

    >>> [piece.text for piece in pieces_of("(Arca_[a[b]]noae:1,'it''s [a]':2)")]
    ['(', 'Arca_', 'noae', ':', '1', ',', "'it''s [a]'", ':', '2', ')']
    """
    position, line, blank = 0, 1, False
    while found := _PIECE.match(text, position):
        end = found.end()
        if found[0] == "[":
            end = _end_of_comment(text, position) or end
        if found["blank"]:
            blank = True
        elif found[0] != "[" or end == found.end():
            yield Piece(found[0], blank, line)
            blank = False
        line += text.count("\n", position, end)
        position = end


def statements_of(text: str) -> Iterator[list[Piece]]:
    """Return the pieces up to each semicolon, and those after the last, where there are any."""
    statement = []
    for piece in pieces_of(text):
        if piece.text != ";":
            statement.append(piece)
        elif statement:
            yield statement
            statement = []
    if statement:
        yield statement


def label_of(pieces: Sequence[Piece]) -> str:
    """Return the label that pieces make, without the quotation marks round the whole of it.

    >>> [label_of(list(pieces_of(text))) for text in ("'it''s'", "'Theraps' x", "Arca  noae", "")]
    ["it's", "'Theraps' x", 'Arca noae', '']
    """
    text = "".join(" " + piece.text if piece.blank else piece.text for piece in pieces).strip()
    if _WHOLE.fullmatch(text):
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def grow(pieces: Sequence[Piece]) -> TreeNode:
    """Return the tree of one statement.

    Parameters
    ----------
    pieces
        One statement of `statements_of`.

    Returns
    -------
    skbio.TreeNode
        With labels as names, None where there is none, and lengths, None likewise.

    Raises
    ------
    ValueError
        If there are no brackets or they do not match, a length is no number (``1_0``, ``0x1``,
        ``1,5``), or a label holds what follows another, since its quotation mark is not closed.
    """
    if all(piece.text not in "(,)" for piece in pieces):
        raise ValueError("expected brackets round the tips, such as (A:1,B:2);")
    root = node = TreeNode()
    label, length = [], None
    for piece in pieces:
        match piece.text:
            case "(":
                if label or length is not None or node.children:
                    raise ValueError(f"line {piece.line}: '(' where ',' or ')' was expected")
                node = _child(node)
            case ":":
                if length is not None:
                    what = f"{_named(label)} has two lengths, expected one"
                    raise ValueError(f"line {piece.line}: {what}")
                length = []
            case "," | ")":
                _finish(node, label, length)
                label, length = [], None
                if node.parent is None:
                    what = f"{piece.text!r} outside of all brackets, expected ';'"
                    raise ValueError(f"line {piece.line}: {what}")
                node = node.parent
                if piece.text == ",":
                    node = _child(node)
            case "[" | "]":
                what = f"{piece.text!r} without its counterpart, expected both"
                raise ValueError(f"line {piece.line}: {what}")
            case _:
                (label if length is None else length).append(piece)
    if node is not root:
        raise ValueError("it ends before all brackets are closed, expected ')' for every '('")
    _finish(node, label, length)
    _check_decimal_sign(root)
    return root


def describe(node: TreeNode) -> str:
    """Name a node by itself if it is a tip, else by its first and last tip."""
    if not node.children:
        return f"tip {node.name!r}"
    first = last = node
    while first.children:
        first = first.children[0]
    while last.children:
        last = last.children[-1]
    return f"the ancestor of {first.name!r} and {last.name!r}"


def _end_of_comment(text: str, start: int) -> int | None:
    """Return where the comment ends that begins at a place, None where it is not closed."""
    if plain := _COMMENT.match(text, start):
        return plain.end()
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += 1 if bracket[0] == "[" else -1
        if not depth:
            return bracket.end()
    return None


def _child(parent: TreeNode) -> TreeNode:
    # not by `append`, which climbs to the root each time: quadratic in a deep tree
    child = TreeNode(parent=parent)
    parent.children.append(child)
    return child


def _finish(node: TreeNode, label: list[Piece], length: list[Piece] | None) -> None:
    """Give a node the name and the length that were read."""
    node.name = label_of(label) or None
    if node.name and _LENGTH_INSIDE.search(node.name):
        raise ValueError(
            f"line {label[0].line}: the label {node.name[:40]!r} holds the length of another; "
            "expected a quotation mark that closes it before"
        )
    if length:
        text = label_of(length)
        if not _NUMBER.fullmatch(text):
            raise ValueError(
                f"line {length[0].line}: the branch to {describe(node)} has length {text}, "
                "expected a number such as 0.12 or 3e-4"
            )
        node.length = float(text)


def _check_decimal_sign(root: TreeNode) -> None:
    # (A:0,5,B:1,2) reads as four tips, of which two are named 5 and 2
    tips = list(root.tips())
    bare = [tip for tip in tips if tip.length is None and _DECIMALS.fullmatch(tip.name or "")]
    if bare and any(tip.length is not None for tip in tips):
        raise ValueError(
            f"tip {bare[0].name!r} has a number for a name and no length: is it what follows a "
            "decimal comma? expected decimal points, and a length of every branch"
        )


def _named(label: list[Piece]) -> str:
    return f"the branch to {label_of(label)!r}" if label else "a branch"
