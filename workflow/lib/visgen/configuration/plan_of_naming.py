"""What follows from a configuration for names of specimens that have none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visgen.configuration.checks.naming import ranks_of_naming, variant_of_naming
from visgen.configuration.plan_of_prior import PriorPlan
from visgen.configuration.plan_of_visual_genetic import VisualGeneticPlan
from visgen.naming.options import PRIOR, with_versions_of
from visgen.visual_genetic.regimes.options import FROZEN
from visgen.visual_genetic.scopes import SCOPES

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
        if self.variant:
            return self.config["visual_genetic"]["backbone"]
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
    def by_classifier(self) -> bool:
        """Whether names come from the chosen classifier."""
        return not self.by_prior and self.variant is None

    @property
    def chosen(self) -> list[str]:
        """The table that says which classifier was chosen; none of another head."""
        table = f"results/{self.config['dataset']}/classification/{self.backbone}/chosen.tsv"
        return [table] if self.by_classifier else []

    @property
    def classifiers(self) -> dict[str, Any]:
        """Options of the classifiers to choose from; none of another head."""
        return self.config["classification"]["classifiers"] if self.by_classifier else {}

    @property
    def variant(self) -> str | None:
        """The variant of visual_genetic whose network names come from; None of another head."""
        return variant_of_naming(self.config)

    @property
    def sees_anew(self) -> bool:
        """Whether the encoder of that network was trained, so that stored features are not its."""
        if self.variant is None:
            return False
        return self.config["visual_genetic"]["variants"][self.variant]["regime"] != FROZEN

    @property
    def image_size(self) -> int | None:
        """Side of images for such an encoder, in pixels; None leaves the backbone's."""
        return self.config["visual_genetic"]["image_size"] if self.sees_anew else None

    @property
    def looking(self) -> dict[str, Any]:
        """How many images at a time, and in what arithmetic, the network sees."""
        of = self.config["features"]
        if self.sees_anew:
            of = self.config["visual_genetic"]["pretraining"]
        return {key: of[key] for key in ("batch_size", "precision")}

    @property
    def kept_runs(self) -> list[tuple[str, int]]:
        """Scope and seed of the network that is kept; none of another head."""
        if self.variant is None:
            return []
        return [(SCOPES[0], VisualGeneticPlan(self.config).seeds[0])]

    @property
    def known_runs(self) -> list[tuple[str, int]]:
        """Those of networks that names of test specimens are scored with."""
        return [(SCOPES[0], seed) for seed in self.seeds] if self.variant else []

    @property
    def scored_runs(self) -> list[tuple[str, int]]:
        """These, and networks that were trained without some taxa, where there are any."""
        without = self.variant in VisualGeneticPlan(self.config).unseen if self.variant else False
        unseen = [(scope, seed) for scope in SCOPES[1:] for seed in self.seeds]
        return self.known_runs + (unseen if without else [])

    def networks(self, runs: list[tuple[str, int]]) -> dict[str, list[str]]:
        """Return the files of networks, by name a list of one a run."""
        if not runs:
            return {name: [] for name in ("networks", "network_images", "regimes", "pooled")}
        plan, variant = VisualGeneticPlan(self.config), self.variant
        folders = [f"{plan.folder}/{scope}/{variant}/seed-{seed}" for scope, seed in runs]
        regimes = [plan.checkpoint_of(scope, variant, str(seed)) for scope, seed in runs]
        pooled = [plan.pooled_for(scope, variant, str(seed))[0] for scope, seed in runs]
        return {
            "networks": [f"{folder}/checkpoint.safetensors" for folder in folders],
            "network_images": [f"{folder}/embeddings.npz" for folder in folders],
            "regimes": regimes,
            "pooled": pooled if self.sees_anew else [],
        }

    @property
    def withheld_taxa(self) -> list[str]:
        """The table of taxa that networks were trained without; none without such networks."""
        if self.scored_runs == self.known_runs:
            return []
        return VisualGeneticPlan(self.config).withheld_taxa

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
        if self.variant:
            return self.section["seeds"] or VisualGeneticPlan(self.config).seeds
        return self.section["seeds"] or self.config["splits"]["seeds"]

    @property
    def versions(self) -> list[str]:
        """Features of degraded versions of labelled images, which are learned from too."""
        return [f"{self.folder}/versions/{word}.parquet" for word in self.section["augment"]]

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
            names += ["naming.html", "photographs.js"]
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
        if self.variant:
            by = f"the network of the variant {self.variant}"
        return {key: self.section[key] for key in ("confidence", "false_flags")} | {
            "ranks": self.ranks,
            "backbone": self.backbone,
            "degraded": self.degraded,
            "described": by + with_versions_of(self.section["augment"]),
        }
