"""What follows from a study's configuration: its files, and what is made of them, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgen.configuration.checks.genetics import INFERRED
from visgen.configuration.checks.paths import STUDY_FILES
from visgen.configuration.plan_of_classification import ClassificationPlan
from visgen.configuration.plan_of_embedding import EmbeddingPlan
from visgen.configuration.plan_of_features import FeaturesPlan
from visgen.configuration.plan_of_naming import NamingPlan
from visgen.configuration.plan_of_prior import PriorPlan
from visgen.configuration.plan_of_visual_genetic import VisualGeneticPlan
from visgen.genetics.anchors.options import ENCODINGS
from visgen.genetics.vectors.options import SCALINGS


@dataclass(frozen=True)
class Plan:
    """What follows from a configuration; asks no file and no clock.

    Attributes
    ----------
    config
        As `visgen.configuration.reading.checked_config` returns it.
    """

    config: Mapping[str, Any]

    @property
    def results(self) -> str:
        """Folder of all that the study makes."""
        return f"results/{self.config['dataset']}"

    @property
    def simulated(self) -> str | None:
        """Folder of the simulated study; None where the study is the user's own."""
        made = self.config["simulation"] is not None
        return f"resources/simulated/{self.config['dataset']}" if made else None

    # Files of the study.

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """The section inputs, with the paths of what is simulated or inferred filled in."""
        inputs = dict(self.config["inputs"])
        if self.simulated:
            inputs |= {
                "images": f"{self.simulated}/images",
                "meta": f"{self.simulated}/meta.csv",
                "sequences": f"{self.simulated}/sequences.fasta",
            }
            if not self.is_inferred:
                inputs["tree"] = f"{self.simulated}/tree.nwk"
        for kind, name in (("tree", "tree.nwk"), ("distances", "distances.tsv")):
            if inputs[kind] == INFERRED:
                inputs[kind] = f"{self.results}/genetics/{name}"
        return inputs

    @property
    def study_files(self) -> list[str]:
        """Files that the study is made of, beside its images."""
        return [path for key in STUDY_FILES for path in given(self.inputs[key])]

    @property
    def images_made(self) -> list[str]:
        """The folder of images where a rule makes it; the user's own is noticed by its listing."""
        return given(self.simulated and self.inputs["images"])

    @property
    def is_inferred(self) -> bool:
        """Whether phylogenetic distances come from the sequences themselves."""
        return INFERRED in (self.config["inputs"]["tree"], self.config["inputs"]["distances"])

    @property
    def has_sequences(self) -> bool:
        """Whether there are sequences."""
        return bool(self.inputs["sequences"])

    @property
    def has_tree(self) -> bool:
        """Whether there are phylogenetic distances."""
        return bool(self.inputs["tree"] or self.inputs["distances"])

    @property
    def infers_tree(self) -> bool:
        """Whether a tree is inferred from the sequences."""
        return self.config["genetics"]["tree"] is not None

    @property
    def trusted_tree(self) -> str | None:
        """Tree that does not come from the sequences, to compare the inferred one with."""
        if self.inputs["tree_rank"] != self.inputs["sequence_rank"]:
            return None
        if self.simulated:
            return f"{self.simulated}/tree.nwk"
        return None if self.is_inferred else self.inputs["tree"]

    @property
    def tree_ranks(self) -> list[str]:
        """The rank of the tips; none without a tree."""
        return [self.inputs["tree_rank"]] if self.has_tree else []

    @property
    def tree_distances(self) -> list[str]:
        """Distances between tips; none without a tree."""
        return [f"{self.results}/distances/{rank}.tsv" for rank in self.tree_ranks]

    @property
    def sequenced_distances(self) -> list[str]:
        """Distances between tips where these are of the sequenced rank; else none."""
        same = self.inputs["tree_rank"] == self.inputs["sequence_rank"]
        return self.tree_distances if same else []

    # Images: splits, features.

    @property
    def seed(self) -> int:
        """Seed of all that is drawn by chance, but the splits and what is simulated."""
        return self.config["seed"]

    @property
    def seeds(self) -> list[int]:
        """Seeds of the splits."""
        return self.config["splits"]["seeds"]

    @property
    def splits(self) -> list[str]:
        """The split of every seed."""
        return [f"{self.results}/splits/seed-{seed}.tsv" for seed in self.seeds]

    @property
    def split_options(self) -> dict[str, Any]:
        """How specimens are dealt to parts, whatever the seed."""
        return {key: self.config["splits"][key] for key in ("stratify_by", "test", "val")}

    @cached_property
    def features(self) -> FeaturesPlan:
        """What follows for networks, their weights and features."""
        return FeaturesPlan(self.config)

    # Sequences.

    @property
    def encodings(self) -> list[str]:
        """Kinds of vectors that sequences can have: of their own, or of sets of anchors."""
        return [*ENCODINGS, *(f"sgt_{scaling}" for scaling in SCALINGS)]

    def encoding_options(self, encoding: str) -> dict[str, Any]:
        """Return how sequences become vectors; a scaling in the name is that of these."""
        kind, _, scaling = encoding.partition("_")
        return self.config["genetics"][kind] | ({"scaling": scaling} if scaling else {})

    def anchor_options(self, anchors: str) -> dict[str, Any]:
        """Return the options of a set of anchors, the seed only where something is drawn.

        The scaling is one of the vectors that the set is made of.
        """
        options = dict(self.config["genetics"]["anchors"][anchors])
        del options["scaling"]
        return options | ({"seed": self.seed} if options["source"] == "random" else {})

    @property
    def tree_options(self) -> dict[str, Any] | None:
        """How a tree is inferred; None where none is."""
        tree = self.config["genetics"]["tree"]
        return tree and tree | {"seed": self.seed}

    def anchor_vectors(self, anchors: str) -> str:
        """Return the vectors a set is made of; a control takes its shape and taxa from them."""
        genetics = self.config["genetics"]
        options = genetics["anchors"][anchors]
        encoding = "kmers" if options["source"] == "kmers" else "sgt"
        if options["scaling"] not in (None, genetics["sgt"]["scaling"]):
            encoding = f"sgt_{options['scaling']}"
        return f"{self.results}/genetics/{encoding}.npz"

    def anchor_taxonomy(self, anchors: str) -> list[str]:
        """Return the taxonomy where a set is made of it or falls back on taxa above; else none."""
        options = self.config["genetics"]["anchors"][anchors]
        knows = options["source"] == "taxonomy" or options["fallback"]
        return given(knows and f"{self.results}/specimens/taxonomy.tsv")

    def anchor_distances(self, anchors: str) -> list[str]:
        """Return the distances a set is made of; none where it is made of something else."""
        of_tree = self.config["genetics"]["anchors"][anchors]["source"] == "tree"
        return self.sequenced_distances if of_tree else []

    @property
    def anchor_files(self) -> list[str]:
        """Every set of anchors."""
        folder = f"{self.results}/genetics/anchors"
        return [f"{folder}/{name}.npz" for name in self.config["genetics"]["anchors"]]

    # The other questions.

    @cached_property
    def classification(self) -> ClassificationPlan:
        """What follows for classifiers."""
        return ClassificationPlan(self.config)

    @cached_property
    def embedding(self) -> EmbeddingPlan:
        """What follows for taxon vectors."""
        return EmbeddingPlan(self.config)

    @cached_property
    def visual_genetic(self) -> VisualGeneticPlan | None:
        """What follows for recognition with genetic anchors; None where it is not asked for."""
        return None if self.config["visual_genetic"] is None else VisualGeneticPlan(self.config)

    @cached_property
    def prior(self) -> PriorPlan | None:
        """What follows for the prior from relatives; None where it is not asked for."""
        return None if self.config["prior"] is None else PriorPlan(self.config)

    @cached_property
    def naming(self) -> NamingPlan | None:
        """What follows for names of unnamed specimens; None where they are not asked for."""
        return None if self.config["naming"] is None else NamingPlan(self.config)

    @cached_property
    def score_tables(self) -> list[str]:
        """Every table of scores that the study makes."""
        backbones = list(self.config["backbones"])
        names = [
            f"classification/{backbone}/{table}.tsv"
            for backbone in backbones
            for table in ("scores", "confidence")
        ]
        if len(backbones) > 1:
            names.append("classification/backbones.tsv")
        names += [f"features/{backbone}/map.scores.tsv" for backbone in backbones]
        if self.has_sequences:
            names.append("genetics/scores.tsv")
        if self.visual_genetic:
            names.append("visual_genetic/scores.tsv")
            names += ["visual_genetic/spaces.tsv"] * bool(self.visual_genetic.pair)
        if self.prior:
            names.append("prior/scores.tsv")
        if self.naming:
            names.append("naming/scores.tsv")
            names += ["naming/degraded.tsv"] * bool(self.naming.degraded)
        if self.has_tree:
            names += [f"embedding/{backbone}/scores.tsv" for backbone in backbones]
            names.append("embedding/held_out.tsv")
        return [f"{self.results}/{name}" for name in names]


def given(path: str | bool | None) -> list[str]:
    """Return a path as a list: empty where the study has no such file."""
    return [path] if path else []
