"""What follows from a configuration for taxon vectors: which are guided, and their references."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgen.embedding.guidance.options import OPTIONS
from visgen.embedding.options import is_learned
from visgen.embedding.references import references


@dataclass(frozen=True)
class EmbeddingPlan:
    """Names of variants by what is done to them.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it.
    """

    config: Mapping[str, Any]

    @property
    def variants(self) -> Mapping[str, Mapping[str, Any]]:
        """Options by name."""
        return self.config["embedding"]["variants"]

    @cached_property
    def guided(self) -> list[str]:
        """Variants that are fitted to phylogenetic distances."""
        return [name for name, v in self.variants.items() if v["guidance"] is not None]

    @cached_property
    def unguided(self) -> list[str]:
        """Variants that are not."""
        return [name for name in self.variants if name not in self.guided]

    def of_backbone(self, backbone: str, names: Iterable[str]) -> list[str]:
        """Return which of some variants are made of a backbone."""
        asked = {name: self.variants[name]["backbones"] for name in names}
        return [name for name, backbones in asked.items() if backbone in (backbones or [backbone])]

    def of_backbones(
        self, names: Iterable[str], backbones: Iterable[str] | None = None
    ) -> list[tuple[str, str]]:
        """Return each backbone, all by default, with each of some variants that is made of it."""
        names, backbones = list(names), backbones or self.config["backbones"]
        return [(one, variant) for one in backbones for variant in self.of_backbone(one, names)]

    def files(
        self, file: str, names: Iterable[str], backbones: Iterable[str] | None = None
    ) -> list[str]:
        """Return a file of each of some variants, in the order of `of_backbones`."""
        folder = f"results/{self.config['dataset']}/embedding"
        return [
            f"{folder}/{backbone}/{variant}/{file}"
            for backbone, variant in self.of_backbones(names, backbones)
        ]

    @cached_property
    def alike(self) -> list[tuple[str, list[str], list[str]]]:
        """Variants, and the backbones of which just these are made: most often all of all.

        With a mark for each such group, none for the first, by which rules tell them apart.
        """
        groups: dict[tuple[str, ...], list[str]] = {}
        for backbone in self.config["backbones"]:
            variants = tuple(self.of_backbone(backbone, self.variants))
            groups.setdefault(variants, []).append(backbone)
        return [
            (f"_{number}" if number else "", list(variants), backbones)
            for number, (variants, backbones) in enumerate(groups.items())
        ]

    @property
    def unguided_options(self) -> dict[str, Mapping[str, Any]]:
        """Options of the unguided variants by name."""
        return {name: self.guidance_of(name) for name in self.unguided}

    @cached_property
    def fine_tuned(self) -> list[str]:
        """Guided variants that train stages of the network."""
        guidance = {name: self.variants[name]["guidance"] for name in self.guided}
        return [name for name in self.guided if guidance[name]["fine_tune"] is not None]

    @cached_property
    def ridge(self) -> list[str]:
        """Guided variants that are fitted in closed form: they have no losses."""
        guidance = {name: self.variants[name]["guidance"] for name in self.guided}
        return [name for name in self.guided if guidance[name]["method"] == "ridge"]

    @property
    def descended(self) -> list[str]:
        """Guided variants whose loss was made small step by step."""
        return [name for name in self.guided if name not in self.ridge]

    @cached_property
    def frozen(self) -> list[str]:
        """Variants that leave the network alone."""
        return [name for name in self.variants if name not in self.fine_tuned]

    @property
    def guided_frozen(self) -> list[str]:
        """Guided variants that leave the network alone and descend."""
        return [name for name in self.descended if name in self.frozen]

    @cached_property
    def random(self) -> list[str]:
        """Variants that know nothing of the images."""
        return [name for name in self.unguided if self.variants[name]["pooling"] == "random"]

    @property
    def plainest(self) -> list[tuple[str, str]]:
        """Each backbone with its first variant that sees images and not the tree.

        One without such a variant has its first of another kind.
        """
        order = sorted(self.variants, key=lambda name: (name in self.random, name in self.guided))
        made = {
            backbone: self.of_backbone(backbone, order) for backbone in self.config["backbones"]
        }
        return [(backbone, names[0]) for backbone, names in made.items() if names]

    @cached_property
    def references(self) -> dict[str, str]:
        """By variant: the unguided one that it is compared with."""
        return references(self.variants, self.config["embedding"]["reference"])

    @property
    def unguided_refits(self) -> list[int]:
        """How often each unguided variant is embedded again under each null."""
        return [self.refits_of(name) for name in self.unguided]

    @cached_property
    def refits(self) -> dict[str, int]:
        """By variant: how often it is fitted again under each null."""
        return {name: self.refits_of(name) for name in self.variants}

    def refits_of(self, variant: str) -> int:
        """Return how often a variant is fitted again under each null."""
        guidance = self.variants[variant]["guidance"]
        if guidance is None or guidance["refits"] is None:
            return self.config["embedding"]["refits"]
        return guidance["refits"]

    def guidance_of(self, variant: str) -> dict[str, Any]:
        """Return a variant without its backbones and what its refits, or other methods, take."""
        options = {k: v for k, v in self.variants[variant].items() if k != "backbones"}
        if options["guidance"] is None:
            return options
        method = options["guidance"]["method"]
        taken = {key: options["guidance"][key] for key in OPTIONS[method]}
        return {**options, "guidance": taken}

    def labels_of(self, variant: str) -> list[str]:
        """Return the tables of labels that a variant is made by, first that of the tips.

        Those of finer ranks are asked for where taxa are cut to a size: finer ones take turns.
        """
        ranks, rank = self.config["inputs"]["ranks"], self.config["inputs"]["tree_rank"]
        is_cut = self.variants[variant]["per_taxon"] is not None
        finer = ranks[ranks.index(rank) + 1 :] if is_cut else []
        folder = f"results/{self.config['dataset']}/specimens/labels"
        return [f"{folder}/{name}.parquet" for name in [rank, *finer]]

    def learns_pooling(self, variant: str) -> bool:
        """Return whether a variant learns how much each image counts.

        Then bags of images are worth threads and a GPU; pooled vectors are few and are not.
        """
        return is_learned(self.variants[variant]["pooling"])

    @property
    def weighing(self) -> list[str]:
        """Guided variants that learn how much each image counts."""
        return [name for name in self.descended if self.learns_pooling(name)]

    def threads_of(self, variant: str) -> int:
        """Return the threads of a variant's jobs."""
        return self.config["compute"]["threads"] if self.learns_pooling(variant) else 1

    def gpu_of(self, variant: str) -> int:
        """Return the GPUs of a variant's jobs."""
        return int(self.learns_pooling(variant))

    @property
    def fine_tuning_options(self) -> dict[str, Any]:
        """How images are read where stages of the network are trained."""
        features, ingest = self.config["features"], self.config["ingest"]
        return {
            "seed": self.config["seed"],
            "batch_size": features["batch_size"],
            "precision": features["precision"],
            "background": ingest["background"],
            "max_pixels": ingest["max_pixels"],
        }
