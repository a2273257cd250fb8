"""What follows from a configuration for names of specimens that have none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visgen.configuration.checks.naming import ranks_of_naming
from visgen.configuration.plan_of_prior import PriorPlan
from visgen.naming.options import PRIOR

#: Of a model: what it is and what names photographs; a card for people beside.
_MODEL = ("model.json", "model.safetensors", "gallery.tsv", "pictures.tsv")
_MODEL += ("network.safetensors",)


@dataclass(frozen=True)
class NamingPlan:
    """Photographs, the model, and files.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it, with a section naming.
    """

    config: Mapping[str, Any]

    @property
    def section(self) -> Mapping[str, Any]:
        """The section naming."""
        return self.config["naming"]

    @property
    def folder(self) -> str:
        """Folder of the results."""
        return f"results/{self.config['dataset']}/naming"

    @property
    def by_prior(self) -> bool:
        """Whether names come from the prior."""
        return self.section["with"] == PRIOR

    @property
    def ranks(self) -> list[str]:
        """Ranks of names, coarse to fine."""
        return ranks_of_naming(self.config)

    @property
    def backbone(self) -> str:
        """Which network sees the photographs."""
        if self.by_prior:
            return PriorPlan(self.config).backbone
        return self.section["backbone"] or next(iter(self.config["backbones"]))

    @property
    def source(self) -> str | None:
        """Where relatives are known from; None without a prior."""
        if not self.by_prior:
            return None
        return self.section["relatives"] or PriorPlan(self.config).sources[0]

    @property
    def relatives(self) -> list[str]:
        """The distances, or vectors, of that source; none of taxonomy."""
        return PriorPlan(self.config).measured_from(self.source) if self.by_prior else []

    @property
    def chosen(self) -> list[str]:
        """The table that says which classifier was chosen; none with a prior."""
        table = f"results/{self.config['dataset']}/classification/{self.backbone}/chosen.tsv"
        return [] if self.by_prior else [table]

    @property
    def classifiers(self) -> dict[str, Any]:
        """Options of the classifiers to choose from; none with a prior."""
        return {} if self.by_prior else self.config["classification"]["classifiers"]

    @property
    def images(self) -> str | None:
        """Folder of the photographs; None makes the model alone."""
        if self.config["simulation"] is not None:
            return f"resources/simulated/{self.config['dataset']}/unnamed"
        return self.section["images"]

    @property
    def meta(self) -> str | None:
        """Table about them."""
        if self.config["simulation"] is not None:
            return f"resources/simulated/{self.config['dataset']}/unnamed.csv"
        return self.section["meta"]

    @property
    def model(self) -> dict[str, str]:
        """Files of the model, by name without its ending."""
        return {name.partition(".")[0] + "_" + name.partition(".")[2]: f"{self.folder}/model/{name}"
                for name in _MODEL}  # fmt: skip

    @property
    def seeds(self) -> list[int]:
        """Seeds of the splits that it is scored on."""
        return self.section["seeds"] or self.config["splits"]["seeds"]

    @property
    def degraded(self) -> list[str]:
        """What is left out of test images to score names of them."""
        return self.section["degraded"]

    @property
    def made(self) -> list[str]:
        """What the target naming makes."""
        names = ["model/model_card.md", "scores.tsv", "suspects.tsv"]
        names += ["degraded.tsv"] * bool(self.degraded)
        if self.images is not None:
            names += ["specimens.tsv", "images.tsv", "rejected.tsv"]
        return [f"{self.folder}/{name}" for name in names]

    @property
    def figures(self) -> list[str]:
        """Names of its figures."""
        return ["answers"] if self.images is None else ["answers", "specimens"]

    @property
    def tree_rank(self) -> str | None:
        """Rank of the tips, where names have it and there is a tree."""
        inputs = self.config["inputs"]
        has_tree = self.config["simulation"] is not None or inputs["tree"] or inputs["distances"]
        return inputs["tree_rank"] if has_tree and inputs["tree_rank"] in self.ranks else None

    def knows(self, key: str) -> bool:
        """Whether a rank of the inputs, of the tree or of sequences, is the finest of names."""
        return self.config["inputs"][key] == self.ranks[-1]

    @property
    def settings(self) -> dict[str, Any]:
        """What the report says of it."""
        by = f"prior, relatives by {self.source}" if self.by_prior else "the chosen classifier"
        return {key: self.section[key] for key in ("confidence", "false_flags")} | {
            "ranks": self.ranks,
            "backbone": self.backbone,
            "degraded": self.degraded,
            "described": by,
        }
