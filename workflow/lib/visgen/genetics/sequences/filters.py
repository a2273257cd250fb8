"""Which sequences a study takes."""

from dataclasses import dataclass

_KEY = "genetics.filters"
DUPLICATES = ("keep", "refuse")
REVERSE_COMPLEMENTS = {"refuse": "", "turn": "reverses them", "keep": "only marks them"}


@dataclass(frozen=True)
class Filters:
    """Limits on the sequences, as the config section ``genetics.filters`` gives them.

    Attributes
    ----------
    min_length : int
        Fewest bases, gaps not counted.
    max_length : int or None
        Most bases, gaps not counted.
    max_ambiguous : float
        Largest share of letters other than A, C, G and T, 0 to 1.
    duplicates : {"keep", "refuse"}
        What happens to a sequence whose bases an earlier one of the same taxon has.
    reverse_complements : {"refuse", "turn", "keep"}
        What happens to a sequence that runs against the majority.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    min_length: int
    max_length: int | None
    max_ambiguous: float
    duplicates: str
    reverse_complements: str

    def __post_init__(self):
        if self.min_length < 1:
            raise ValueError(f"{_KEY}.min_length is {self.min_length}, expected at least 1")
        if self.max_length is not None and self.max_length < self.min_length:
            raise ValueError(
                f"{_KEY}.max_length is {self.max_length}, "
                f"expected at least {_KEY}.min_length, which is {self.min_length}"
            )
        if not 0 <= self.max_ambiguous <= 1:
            raise ValueError(f"{_KEY}.max_ambiguous is {self.max_ambiguous}, expected 0 to 1")
        for key, known in (
            ("duplicates", DUPLICATES),
            ("reverse_complements", REVERSE_COMPLEMENTS),
        ):
            if (found := getattr(self, key)) not in known:
                raise ValueError(f"{_KEY}.{key} is {found!r}, expected one of {', '.join(known)}")
