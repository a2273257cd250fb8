"""What follows from a configuration for the prior from relatives."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgen.configuration.checks.prior import rank_of_prior, sources_of_prior
from visgen.prior.options import GENES

#: Options of a seed's fits.
_FITTED = ("rare", "tail", "curve", "unseen", "permutations")


@dataclass(frozen=True)
class PriorPlan:
    """Sources, seeds and files.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it, with a section prior.
    """

    config: Mapping[str, Any]

    @property
    def section(self) -> Mapping[str, Any]:
        """The section prior."""
        return self.config["prior"]

    @property
    def folder(self) -> str:
        """Folder of the results."""
        return f"results/{self.config['dataset']}"

    @property
    def rank(self) -> str:
        """Rank of the taxa."""
        return rank_of_prior(self.config)

    @property
    def backbone(self) -> str:
        """Whose features are used."""
        return self.section["backbone"] or next(iter(self.config["backbones"]))

    @property
    def seeds(self) -> list[int]:
        """Seeds of the splits that are used."""
        return self.section["seeds"] or self.config["splits"]["seeds"]

    @cached_property
    def sources(self) -> list[str]:
        """Where relatives are known from."""
        return sources_of_prior(self.config)

    @property
    def uses_genes(self) -> bool:
        """Whether relatives are known from DNA, too."""
        return not GENES.keys().isdisjoint(self.sources)

    def measured_from(self, source: str) -> list[str]:
        """Return the distances, or the vectors, that a source is made of; none of taxonomy."""
        match source:
            case "tree":
                return [f"{self.folder}/distances/{self.config['inputs']['tree_rank']}.tsv"]
            case "alignment":
                return [f"{self.folder}/genetics/distances.tsv"]
            case "kmers" | "sgt":
                return [f"{self.folder}/genetics/{source}.npz"]
        return []

    @property
    def options(self) -> dict[str, Any]:
        """Options of a seed's fits."""
        return {key: self.section[key] for key in _FITTED} | {"study_seed": self.config["seed"]}

    @property
    def settings(self) -> dict[str, Any]:
        """What the report says of the prior."""
        settings = {
            key: self.section[key]
            for key in ("tail", "rare", "apart", "permutations", "bootstraps")
        }
        return settings | {
            "rank": self.rank,
            "backbone": self.backbone,
        }
