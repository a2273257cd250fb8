"""Real birds with a tree and barcodes: relatives help to see rare species, permuted ones do not."""

import pandas as pd
import pytest
import yaml
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role
from visgen.prior.files import read_prior
from visgen.report.prior.findings import prior_findings
from visgen.tables import read_table
from workflow_copy import REPOSITORY, copy_workflow, run_jobs

pytestmark = pytest.mark.slow

SHARED = REPOSITORY.parent / "shared"
SOURCES = ["taxonomy", "tree", "alignment"]


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    if not (SHARED / "data" / "birds").is_dir():
        pytest.skip(f"the birds are not in {SHARED}")
    beside = tmp_path_factory.mktemp("birds")
    (beside / "visgen").mkdir()
    folder = copy_workflow(beside / "visgen")
    (beside / "shared").symlink_to(SHARED)
    config = yaml.safe_load((REPOSITORY / "config" / "birds.yaml").read_text())
    config["splits"]["seeds"] = [1, 2]
    config["visual_genetic"] = None
    config["compute"] = {"threads": 1, "workers": 1}
    config["prior"]["curve"] = [0, 1]
    results = "results/birds/prior"
    run_jobs(folder, config, f"{results}/gain.png", f"{results}/lacking.tsv")
    return folder / results


@pytest.fixture(scope="module")
def scores(birds):
    return read_table(birds / "scores.tsv")


def rows(scores, role, metric, part="test", evaluator="balanced"):
    chosen = of_role(scores, role)
    chosen = chosen[(chosen["metric"] == metric) & (chosen["part"] == part)]
    return chosen[chosen["evaluator"] == evaluator].set_index("variant")


def test_relatives_help_rare_species_and_permuted_ones_fall_silent(scores):
    level = rows(scores, SCORE, "tail_accuracy")["value"]
    gains = rows(scores, DIFFERENCE, "tail_accuracy")
    gains = gains[gains["against"] == "nothing"].loc[SOURCES]
    assert (gains["ci_low"] > 0).all() and (gains["p"] == 1 / 40).all()
    assert 0.5 < level["nothing"] < 0.7 and (gains["value"] < 0.08).all()
    nulls = rows(scores, EXPECTED, "tail_accuracy").loc[SOURCES]
    assert (nulls["value"] - level["nothing"]).abs().max() < 0.01


def test_others_lose_nothing_where_they_are_expected_as_they_came(scores):
    lost = rows(scores, DIFFERENCE, "head_accuracy", evaluator="as_collected")
    lost = lost[lost["against"] == "nothing"].loc[SOURCES]
    assert (lost["value"].abs() < 0.02).all() and (lost["ci_high"] > -0.01).all()


def test_barcodes_add_nothing_that_is_shown_to_the_taxonomy(scores):
    gain = rows(scores, DIFFERENCE, "tail_accuracy")
    gain = gain[gain["against"] == "taxonomy"].loc["alignment_beyond_taxonomy"]
    assert abs(gain["value"]) < 0.02
    said = " ".join(prior_findings(scores, "species", 2, 2, [], {}))
    assert "Genes beyond the taxonomy" in said and "permuted" in said


def test_species_without_a_photograph_are_named_by_their_place(scores):
    named = rows(scores, SCORE, "among_unseen", "unseen")["value"]
    assert named["nothing"] == pytest.approx(1 / 49) and (named[SOURCES] > 0.15).all()
    nulls = rows(scores, EXPECTED, "among_unseen", "unseen")
    assert (nulls["value"] < 0.05).all() and (nulls["p"] == 1 / 40).all()


def test_species_without_a_barcode_are_listed_and_lean_on_the_taxonomy(birds):
    lacking = read_table(birds / "lacking.tsv")
    assert set(lacking["relatives"]) == {"alignment"} and len(lacking) == 245 - 151
    fits = pd.concat([read_table(birds / f"seed-{seed}" / "fits.tsv") for seed in (1, 2)])
    of_source = fits.set_index("relatives")["n_filled"]
    assert (of_source["alignment"] == 94).all() and (of_source["tree"] == 0).all()


def test_a_kept_prior_has_every_species(birds):
    kept = read_prior({"tensors": birds / "tree.safetensors", "about": birds / "tree.json"})
    assert len(kept.taxa) == 245 and (kept.n_images == 5).all()
    assert kept.about["relatives"][0]["name"] == "tree"
