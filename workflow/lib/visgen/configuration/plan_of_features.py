"""What follows from a configuration for networks: their weights, and the features they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from visgen.features.options import BUNDLED_SCALE, OPEN_CLIP, OPEN_CLIP_CONFIG, file_name

#: Of preprocessing, what also holds for the views that weights are learned from.
_LEARNED_WITH = ("mean", "std", "crop_mode")

#: Where weights lie that are fetched or unpacked.
WEIGHTS_FOLDER = "resources/weights/"


@dataclass(frozen=True)
class FeaturesPlan:
    """Weights and features by backbone.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it.
    """

    config: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """Folder of the results."""
        return f"results/{self.config['dataset']}"

    @property
    def shards(self) -> range:
        """Numbers of the shards that features are written in."""
        return range(self.config["features"]["shards"])

    @property
    def models(self) -> list[str]:
        """Names of the models of all backbones, as their files go by."""
        return sorted({file_name(b["model"]) for b in self.config["backbones"].values()})

    @cached_property
    def learned_models(self) -> list[str]:
        """Models whose weights are learned here without labels."""
        backbones = self.config["backbones"].values()
        return sorted({b["model"] for b in backbones if b["weights"] == "simclr"})

    @property
    def simclr_options(self) -> dict[str, Any]:
        """How weights are learned without labels."""
        apart = ("image_size", "initial_weights")
        options = {
            key: self.config["simclr"][key] for key in self.config["simclr"] if key not in apart
        }
        return options | {"seed": self.config["seed"]}

    def weights_of(self, backbone: str) -> list[str]:
        """Return the weights file of a backbone; none for an untrained one."""
        options = self.config["backbones"][backbone]
        if options["model"] == OPEN_CLIP:
            return [f"{self.folder}/weights/{backbone}.safetensors"]
        return self._weights(options["model"], options["weights"])

    def open_clip_weights_of(self, backbone: str) -> str:
        """Return the file that the image tower of a CLIP model is taken from."""
        return self.config["backbones"][backbone]["weights"]

    def open_clip_config_of(self, backbone: str) -> str:
        """Return the config of a CLIP model, which lies beside its weights."""
        return str(PurePath(self.open_clip_weights_of(backbone)).with_name(OPEN_CLIP_CONFIG))

    def initial_weights_of(self, model: str) -> list[str]:
        """Return the weights file that learning without labels starts from, if any."""
        return self._weights(model, self.config["simclr"]["initial_weights"])

    def _weights(self, model: str, weights: str) -> list[str]:
        match weights:
            case "none":
                return []
            case "imagenet" | "hub":
                return [f"{WEIGHTS_FOLDER}{file_name(model)}.safetensors"]
            case "bundled":
                return [f"{WEIGHTS_FOLDER}bundled/{model}.safetensors"]
            case "simclr":
                return [f"{self.folder}/simclr/{model}/weights.safetensors"]
            case path:
                return [path]

    @property
    def weights_files(self) -> list[str]:
        """Weights files of all backbones, and those that they were learned or converted from."""
        found = {path for name in self.config["backbones"] for path in self.weights_of(name)}
        for name, backbone in self.config["backbones"].items():
            if backbone["model"] == OPEN_CLIP:
                found |= {self.open_clip_weights_of(name), self.open_clip_config_of(name)}
        found |= {path for m in self.learned_models for path in self.initial_weights_of(m)}
        return sorted(found)

    @property
    def fetched_files(self) -> list[str]:
        """Those of them that come from a hub or with the workflow, and are of no study."""
        return [path for path in self.weights_files if path.startswith(WEIGHTS_FOLDER)]

    def trained_as(self, model: str) -> dict[str, Any]:
        """Return what a model that SimCLR trains is built with; its backbones agree on it."""
        backbone = next(
            self.backbone(name)
            for name, backbone in self.config["backbones"].items()
            if backbone["model"] == model and backbone["weights"] == "simclr"
        )
        preprocessing = {
            key: value for key, value in backbone["preprocessing"].items() if key in _LEARNED_WITH
        }
        simclr = self.config["simclr"]
        return {
            "model": model,
            "model_args": backbone["model_args"],
            "seed": self.config["seed"],
            "preprocessing": preprocessing | {"image_size": simclr["image_size"]},
        }

    def backbone(self, backbone: str) -> dict[str, Any]:
        """Return the options of a frozen network.

        One whose weights are, or started from, those installed with the workflow takes channels on
        their scale, where the user gives no other.
        """
        options = self.config["backbones"][backbone]
        started = {options["weights"], self.config["simclr"]["initial_weights"]}
        if options["weights"] == "bundled" or started == {"simclr", "bundled"}:
            options = options | {"preprocessing": BUNDLED_SCALE | options["preprocessing"]}
        return options | {"seed": self.config["seed"]}

    @property
    def augmentation(self) -> dict[str, Any]:
        """How augmented repeats are drawn."""
        return self.config["features"]["augmentation"] | {"seed": self.config["seed"]}

    def clean_features(self, backbone: str) -> list[str]:
        """Return the shards of features of clean images."""
        return self._features(backbone, ["clean"])

    def training_features(self, backbone: str) -> list[str]:
        """Return the shards that classifiers learn from: of repeats too where there are any."""
        repeats = self.config["features"]["repeats"]
        return self._features(backbone, ["clean", "repeats"] if repeats else ["clean"])

    def taxon_features(self, backbone: str, variant: str) -> list[str]:
        """Return the shards that taxa are embedded by: repeats where they are brought to a size."""
        if self.config["embedding"]["variants"][variant]["per_taxon"] is None:
            return self.clean_features(backbone)
        return self.training_features(backbone)

    def _features(self, backbone: str, kinds: list[str]) -> list[str]:
        folder = f"{self.folder}/features/{backbone}"
        return [f"{folder}/{kind}-{shard}.parquet" for kind in kinds for shard in self.shards]
