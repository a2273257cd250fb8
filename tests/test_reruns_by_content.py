"""Which rules a change runs again, of runs: what was made again with the same bytes stops there.

Rules that read user's files and deal taxa are as they are; all others leave a digest of what they
were given, so that they differ whenever that does.
"""

import os
import re
import shutil

import pandas as pd
import pytest
from PIL import Image
from planner import Planner
from workflow_copy import TINY, changed, copy_workflow, write_config

pytestmark = pytest.mark.slow

REAL = {"simulate_study", "ingest_specimens", "split_specimens", "measure_distances"}
REAL |= {"split_taxa", "split_unseen", "ingest_sequences", "embed_sequences", "measure_anchors"}
REAL |= {"split_taxa_again"}

DIGEST = """
import hashlib
from pathlib import Path

import visgen.names  # a script of no library code would be refused

given = hashlib.sha256(repr(dict(snakemake.params.items())).encode())
for path in snakemake.input:
    given.update(b"" if path in snakemake.input.code else Path(path).read_bytes())
for number, path in enumerate(snakemake.output):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(f"{snakemake.rule} {number} {given.hexdigest()}")
"""

PAGE = {"write_provenance", "write_report"}
ENDS = PAGE | {"write_metrics"}
CLASSIFICATION = {"train_classifier", "train_network", "score_predictions", "measure_confidence"}
CLASSIFICATION |= {"plot_classification"}
# Names are taken from the chosen classifier.
CLASSIFICATION |= {"train_naming", "score_naming", "plot_naming", "write_model_card"}
CLASSIFICATION |= {"extract_degraded", "score_degraded"}
GUIDED = {"train_embedding", "train_held_out", "score_held_out", "plot_embedding"}
RECOGNITION = {"train_variant", "score_visual_genetic", "plot_visual_genetic"}
RARE = {"predict_rare", "score_prior", "plot_prior"}
# Taxa to be withheld are drawn by genus, and anchors of genera stand in for species.
UNSEEN = {"split_unseen", "measure_anchors", "train_regime", "pool_views"}
COUNTS = {"measure_coverage", "plot_inputs", "plot_genetics"}
GENUS = {"ingest_specimens", "score_embedding", "place_taxa", "plot_embedding", "score_sequences"}
GENUS |= CLASSIFICATION | UNSEEN | RECOGNITION | RARE | {"train_prior"} | COUNTS | ENDS
GENUS |= {"extract_versions", "choose_examples", "map_images"}

# Networks deal the specimens of their seed themselves.
SEED = {"split_specimens", "score_visual_genetic", "plot_visual_genetic"}
SEED |= CLASSIFICATION | RARE | COUNTS | ENDS | {"choose_examples"}
# A tree that lies elsewhere is another tree; table and sequences are compared by what they hold.
TABLES = {"ingest_specimens", "ingest_sequences", "measure_distances", "split_taxa"}
TABLES |= {"embed_held_out", "score_embedding", "score_sequences", "score_predictions"}
TABLES |= {"plot_classification", "score_visual_genetic", "plot_visual_genetic"}
TABLES |= {"split_taxa_again", "train_ridge", "place_taxa", "train_prior"}
TABLES |= {"score_degraded"}
TABLES |= {"train_naming", "score_naming", "plot_naming", "write_model_card"}
CLASSIFICATION |= {"extract_degraded", "score_degraded"}
TABLES |= RARE | GUIDED | COUNTS | ENDS | {"choose_examples"}
# Nothing that knows the taxa alone.
PICTURES = {"ingest_specimens", "split_specimens", "train_simclr", "extract_features"}
PICTURES |= {"split_taxa", "embed_taxa", "train_ridge", "embed_held_out", "score_embedding"}
PICTURES |= RARE | {"train_prior", "extract_versions"}
PICTURES |= {"split_taxa_again", "place_taxa", "train_regime", "pool_views", "train_frozen"}
PICTURES |= CLASSIFICATION | GUIDED | RECOGNITION | COUNTS | ENDS
PICTURES |= {"choose_examples", "map_images"}


class Study:
    """A study of one's own files, and what each run of it has run."""

    def __init__(self, folder):
        self.folder = copy_workflow(folder)
        self.planner = Planner(self.folder)
        self.config = changed(
            TINY, "visual_genetic.unseen", {"share": 0.3, "variants": ["aligned"]}
        )
        self.run("resources/simulated/tiny/meta.csv")
        shutil.move(self.folder / "resources/simulated/tiny", self.folder / "drawer")
        self.table = pd.read_csv(
            self.folder / "drawer/meta.csv", dtype="str", keep_default_na=False
        )
        files = {"images": "images", "meta": "meta.csv", "tree": "tree.nwk"}
        files |= {"sequences": "sequences.fasta"}
        for key, name in files.items():
            self.set(f"inputs.{key}", f"drawer/{name}")
        self.set("simulation", None)
        self.set("ingest", {"max_rejected": 0.5})
        for script in (self.folder / "workflow/scripts").glob("*.py"):
            if script.stem not in REAL:
                script.write_text(DIGEST)

    def set(self, key, value):
        self.config = changed(self.config, key, value)

    def write(self, table):
        self.table = table
        table.to_csv(self.folder / self.config["inputs"]["meta"], index=False)

    def run(self, *words):
        """Run the study, and return the rules that ran."""
        words = [*words, *write_config(self.folder, self.config), "--cores", "2"]
        done = self.planner.run(*words)
        assert done.returncode == 0, done.stdout[-5000:]
        return set(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", done.stdout, re.M)) - {
            "all"
        }


def touch(study):
    for path in (study.folder / "drawer/images").rglob("*.*"):
        os.utime(path)
    os.utime(study.folder / "drawer/tree.nwk")


def move_images(study):
    (study.folder / "drawer/images").rename(study.folder / "elsewhere")
    study.set("inputs.images", "elsewhere")


def move_tables(study):
    for key in ("meta", "tree", "sequences"):
        name = study.config["inputs"][key].removeprefix("drawer/")
        (study.folder / "drawer" / name).rename(study.folder / name)
        study.set(f"inputs.{key}", name)


def edit_view(study):
    study.write(study.table.assign(view="left"))


def rename_genus(study):
    genera = study.table["genus"]
    study.write(study.table.assign(genus=genera.replace(genera.max(), "Zzus")))


def more_pictures(study):
    rows = []
    for number, row in study.table[study.table["species"] != ""].iloc[5:50:5].iterrows():
        name = f"new-{number}.png"
        Image.new("RGB", (64, 64), (number, 90, 90)).save(study.folder / "elsewhere" / name)
        rows.append({**row, "filename": name, "specimen": f"new {number}"})
    study.write(pd.concat([study.table, pd.DataFrame(rows)]))


def more_refusals(study):
    study.set("ingest.max_rejected", 0.6)


def other_neighbours(study):
    study.set("visual_genetic.neighbours", [1, 3])


def another_seed(study):
    study.set("splits.seeds", [1, 2, 3])


def view_and_epochs(study):
    study.write(study.table.assign(view="right"))
    study.set("embedding.variants.guided.guidance.epochs", 4)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("study"))
    study.run()
    yield study
    study.planner.close()


# One after the other: what was changed stays so.
@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (touch, {"ingest_specimens"}),  # some files were refused, and are looked at again
        (more_refusals, {"ingest_specimens"} | PAGE),
        (edit_view, {"ingest_specimens"} | PAGE),
        (view_and_epochs, {"ingest_specimens", "choose_examples"} | GUIDED | ENDS),
        (other_neighbours, RECOGNITION | ENDS),
        (rename_genus, GENUS),
        (another_seed, SEED),
        (move_tables, TABLES),
        (move_images, PAGE),
        (more_pictures, PICTURES),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_only_what_reads_other_bytes_runs_again(study, change, rules):
    change(study)
    assert study.run() == rules
    assert study.run() == set()
