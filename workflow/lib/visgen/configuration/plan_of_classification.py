"""What follows from a configuration for classifiers: which there are, and what they learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visgen.classification.classifiers.options import BASELINE_METHODS, NETWORK


@dataclass(frozen=True)
class ClassificationPlan:
    """Names of classifiers by what is done with them.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it.
    """

    config: Mapping[str, Any]

    @property
    def section(self) -> Mapping[str, Any]:
        """The section classification."""
        return self.config["classification"]

    @property
    def ranks(self) -> list[str]:
        """Ranks that any classifier learns, coarse to fine."""
        learned = {rank for name in self.classifiers for rank in self.ranks_of(name)}
        return [rank for rank in self.config["inputs"]["ranks"] if rank in learned]

    def ranks_of(self, classifier: str) -> list[str]:
        """Return the ranks that a classifier learns, coarse to fine."""
        own = self.section["classifiers"][classifier]["ranks"] or self.section["ranks"]
        ranks = self.config["inputs"]["ranks"]
        return [rank for rank in ranks if rank in (own or ranks)]

    @property
    def classifiers(self) -> list[str]:
        """Names of the classifiers."""
        return list(self.section["classifiers"])

    def options(self, classifier: str) -> dict[str, Any]:
        """Return the options of a classifier."""
        options = self.section["classifiers"][classifier] | {"seed": self.config["seed"]}
        kept = ("method", "seed", "transform", "network")
        if classifier in self.networks:
            return {key: options[key] for key in kept}
        return {key: value for key, value in options.items() if key not in ("network", "ranks")}

    @property
    def networks(self) -> list[str]:
        """Classifiers that are networks."""
        classifiers = self.section["classifiers"]
        return [name for name in classifiers if classifiers[name]["method"] == NETWORK]

    @property
    def rank_by_rank(self) -> list[str]:
        """Classifiers that learn each rank alone."""
        return [name for name in self.classifiers if name not in self.networks]

    @property
    def baselines(self) -> list[str]:
        """Classifiers that do not see the images."""
        classifiers = self.section["classifiers"]
        return [name for name in classifiers if classifiers[name]["method"] in BASELINE_METHODS]

    def group_of(self, classifier: str) -> str | None:
        """Return the group of jobs of a baseline, which takes seconds; others are jobs alone."""
        return "classification" if classifier in self.baselines else None

    @property
    def candidates(self) -> list[str]:
        """Classifiers to choose from: the baselines only where there is nothing else."""
        seeing = [name for name in self.classifiers if name not in self.baselines]
        return seeing or self.classifiers

    @property
    def reference(self) -> str:
        """Classifier that the others are compared with."""
        return self.section["reference"] or self.candidates[0]
