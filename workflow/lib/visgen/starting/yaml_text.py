"""Values as YAML, quoted where they have to be; words of people in comments, on one line."""

import re
from collections.abc import Mapping, Sequence

import yaml

from visgen.names import normalise_text

_PLAIN = re.compile(r"[A-Za-z./][\w./-]*(?: [A-Za-z][\w./-]*)*", re.ASCII)
_NO_LIMIT = 2**31


def as_yaml(value: object) -> str:
    r"""Return a value in one line of YAML that is read back as the same.

    Parameters
    ----------
    value
        Text, a number, a truth value or nothing, or lists and mappings of such.

    Raises
    ------
    ValueError
        If text holds what UTF-8 cannot, such as the bytes of a foreign file name.

    Examples
    --------
    >>> print(as_yaml({"images": "my photos: 'new'", "ranks": ["genus", "no"], "n": 3}))
    {images: 'my photos: ''new''', ranks: [genus, 'no'], n: 3}
    """
    match value:
        case Mapping():
            return "{" + ", ".join(f"{as_yaml(k)}: {as_yaml(v)}" for k, v in value.items()) + "}"
        case str():
            return _quoted(value)
        case Sequence():
            return "[" + ", ".join(map(as_yaml, value)) + "]"
    return yaml.safe_dump(value).split("\n")[0]


def comment(text: str) -> str:
    r"""Return text for a comment: on one line, without what cannot be seen or printed.

    >>> comment("two\nlines\u2028or\x07 three")
    'two lines or three'
    """
    return "".join(sign for sign in normalise_text(text) if sign.isprintable())


def _quoted(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"found {text!r}, which is not UTF-8; rename it") from None
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    single = "'" + text.replace("'", "''") + "'"
    if text.isprintable() and text == text.strip():
        return single
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=_NO_LIMIT).strip()
