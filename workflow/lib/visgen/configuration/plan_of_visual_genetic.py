"""What follows from a configuration for recognition: what is compared, on which seeds, by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgen.configuration.checks.visual_genetic import (
    OF_TRAINING,
    alignment_of,
    recognised_rank,
    stage2_of,
    training_of,
)
from visgen.configuration.plan_of_features import FeaturesPlan
from visgen.visual_genetic.recognition.comparisons import main_pair, references
from visgen.visual_genetic.regimes.options import FROZEN
from visgen.visual_genetic.scopes import SCOPES


@dataclass(frozen=True)
class VisualGeneticPlan:
    """Names of variants, regimes and anchors, and what each is made of.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it, with a section
        visual_genetic.
    """

    config: Mapping[str, Any]

    @property
    def section(self) -> Mapping[str, Any]:
        """The section visual_genetic."""
        return self.config["visual_genetic"]

    @property
    def folder(self) -> str:
        """Folder of the results."""
        return f"results/{self.config['dataset']}"

    @property
    def rank(self) -> str:
        """Rank of the taxa that are recognised."""
        return recognised_rank(self.config)

    @property
    def seeds(self) -> list[int]:
        """Seeds of the splits that are used."""
        return self.section["seeds"] or self.config["splits"]["seeds"]

    @property
    def backbone(self) -> Mapping[str, Any]:
        """Options of the network that is trained."""
        return FeaturesPlan(self.config).backbone(self.section["backbone"])

    @cached_property
    def compared(self) -> dict[str, dict[str, Any]]:
        """By variant: regime, anchors, permutations, stage2, and how it learns there."""
        keys = ("regime", "anchors", "permutations")
        variants = self.section["variants"].items()
        return {
            name: {key: options[key] for key in keys}
            | {"stage2": stage2_of(options)}
            | {key: alignment_of(options, self.section).get(key) for key in OF_TRAINING}
            for name, options in variants
        }

    @cached_property
    def regimes(self) -> list[str]:
        """Regimes that variants go on from."""
        return list(dict.fromkeys(variant["regime"] for variant in self.compared.values()))

    @cached_property
    def anchored(self) -> list[str]:
        """Variants that are aligned to anchors."""
        return [name for name, variant in self.compared.items() if variant["anchors"]]

    @cached_property
    def learning(self) -> list[str]:
        """Variants that learn in stage 2: those, and supervised ones."""
        stages = ("anchors", "supervised")
        return [name for name, variant in self.compared.items() if variant["stage2"] in stages]

    @cached_property
    def anchor_sets(self) -> list[str]:
        """Sets of anchors that variants are aligned to."""
        return sorted({self.compared[name]["anchors"] for name in self.anchored})

    @cached_property
    def pair(self) -> tuple[str, str] | None:
        """The variants before and after alignment whose spaces are drawn; None without any."""
        return main_pair(self.compared)

    @property
    def spaces(self) -> list[str]:
        """The table of scores of their spaces; none without them."""
        return [f"{self.folder}/visual_genetic/spaces.tsv"] if self.pair else []

    @property
    def space_embeddings(self) -> list[str]:
        """Embeddings of the pair, of the first seed."""
        return [
            f"{self.folder}/{SCOPES[0]}/{variant}/seed-{self.seeds[0]}/embeddings.npz"
            for variant in self.pair or ()
        ]

    @property
    def space_anchors(self) -> list[str]:
        """Anchors that the pair is aligned to."""
        return self.anchors_file_of(self.pair[1]) if self.pair else []

    @cached_property
    def unseen(self) -> list[str]:
        """Variants that are trained anew without the withheld taxa."""
        return list(self.section["unseen"]["variants"]) if self.section["unseen"] else []

    @property
    def withheld_taxa(self) -> list[str]:
        """The table of withheld taxa; none where no variant is trained without them."""
        return self.withheld_from(SCOPES[1]) if self.unseen else []

    @cached_property
    def unseen_anchored(self) -> list[str]:
        """Those of them that are aligned to anchors."""
        return [name for name in self.unseen if self.compared[name]["anchors"]]

    def runs(self, scopes: Sequence[str]) -> list[str]:
        """Return the folders of all that is trained in some scopes, a variant and seed each."""
        return [
            f"{self.folder}/{scope}/{variant}/seed-{seed}"
            for scope in scopes
            for variant in (self.compared if scope == SCOPES[0] else self.unseen)
            for seed in self.seeds
        ]

    def anchors_of(self, variant: str) -> str | None:
        """Return the set of anchors that a variant is aligned to; None for none."""
        return self.compared[variant]["anchors"]

    def anchors_file_of(self, variant: str) -> list[str]:
        """Return the anchors that a variant is aligned to; none for none."""
        return self.anchors_files([name] if (name := self.anchors_of(variant)) else [])

    def anchors_beside(self, variant: str) -> list[str]:
        """Return the anchors of those that a supervised variant stands beside; none for others.

        Stage 2 learns from taxa that have anchors, so as much learning without any does, too.
        """
        if self.compared[variant]["stage2"] != "supervised":
            return []
        beside = [name for name, lower in references(self.compared).items() if variant in lower]
        return self.anchors_files(sorted({self.compared[name]["anchors"] for name in beside}))

    def anchors_files(self, names: list[str]) -> list[str]:
        """Return the files of sets of anchors."""
        return [f"{self.folder}/genetics/anchors/{name}.npz" for name in names]

    def withheld_from(self, scope: str) -> list[str]:
        """Return the table of withheld taxa; none where all are trained on."""
        return [] if scope == SCOPES[0] else [f"{self.folder}/visual_genetic/withheld.tsv"]

    def regime_options(self, regime: str) -> dict[str, Any]:
        """Return how a regime's network is built and trained."""
        keys = ("image_size", "colour") if regime != FROZEN else ()
        return {key: self.section[key] for key in (*keys, "hidden", "size")} | training_of(
            regime, self.section
        )

    @property
    def view_options(self) -> dict[str, Any]:
        """How distorted views of training images are made and pooled, to align by."""
        section = self.section
        return {
            "image_size": section["image_size"],
            "colour": section["colour"],
            "augmentation": section["augmentation"],
            "n_views": section["alignment"]["views"],
            "batch_size": section["pretraining"]["batch_size"],
            "precision": section["pretraining"]["precision"],
        }

    def checkpoint_of(self, scope: str, variant: str, seed: str) -> str:
        """Return the weights of a variant's regime."""
        return f"{self._regime_folder(scope, variant, seed)}/checkpoint.safetensors"

    def pooled_for(self, scope: str, variant: str, seed: str) -> list[str]:
        """Return the features that a variant's regime makes of images, and of views to align by."""
        names = ["pooled"]
        if self.variant_options(variant).get("views"):
            names.append("views")
        return [f"{self._regime_folder(scope, variant, seed)}/{name}.npz" for name in names]

    def _regime_folder(self, scope: str, variant: str, seed: str) -> str:
        regime = self.compared[variant]["regime"]
        return f"{self.folder}/{scope}/regimes/{regime}/seed-{seed}"

    def variant_options(self, variant: str) -> dict[str, Any]:
        """Return what a variant does in stage 2."""
        return alignment_of(self.section["variants"][variant], self.section)

    @property
    def settings(self) -> dict[str, Any]:
        """What the report says of how taxa were recognised."""
        settings = {key: self.section[key] for key in ("tail", "head", "bootstraps")}
        steps = self.section["alignment"]["steps"]
        return settings | {"rank": self.rank, "variants": self.compared, "steps": steps}
