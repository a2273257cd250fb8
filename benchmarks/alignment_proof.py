"""Whether genetic anchors help to recognise rare species, on simulated studies of known truth.

``python benchmarks/alignment_proof.py FOLDER`` runs the studies through the workflow, one after the
other, and writes their table into docs/foraminifera.md; each that is done is kept in FOLDER and
not run again.

Named before any was run: the contrasts are real less permuted anchors, and real anchors less as
many steps without any, over the taxa of the tail, by as many nearest images as validation chose,
in both samplings; p is that of 99 permutations, and shown is p of at most .025.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.claims import SHOWN_AT
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role, over_seeds
from visgen.tables import read_table
from visgen.visual_genetic.recognition.alignment import COSINES, find_aligned
from visgen.visual_genetic.recognition.chance import BLIND
from visgen.visual_genetic.recognition.evaluators import chosen_evaluator
from visgen.visual_genetic.recognition.nulls import PERMUTED

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "foraminifera.md"
BEGIN, END = "<!-- proof -->", "<!-- end of proof -->"
#: How many studies of each signal; their seeds follow each other.
STUDIES = {1.0: 10, 0.5: 10, 0.0: 20}
PERMUTATIONS = 99
ALIGNMENT = {"steps": 200, "learning_rate": 0.1}
SAMPLINGS = ("natural", "balanced")
VARIANTS: dict[str, dict[str, Any]] = {
    "features": {"regime": "frozen", "stage2": "features"},
    "frozen": {"regime": "frozen"},
}
for sampling in SAMPLINGS:
    VARIANTS |= {
        f"supervised_{sampling}": {
            "regime": "frozen",
            "stage2": "supervised",
            "sampling": sampling,
        },
        f"real_{sampling}": {
            "regime": "frozen",
            "anchors": "centred",
            "sampling": sampling,
            "permutations": PERMUTATIONS,
        },
    }
TAIL, ALL = METRICS = ("tail_accuracy", "balanced_accuracy")
KEPT = ("visual_genetic/scores.tsv", "prior/scores.tsv")


class Study(NamedTuple):
    """What a study is simulated with."""

    signal: float
    seed: int

    @property
    def name(self) -> str:
        """Its folder."""
        return f"signal-{self.signal:g}-seed-{self.seed}"


def config_of(study: Study) -> dict[str, Any]:
    """Return the configuration of a study: that of the demo, but for what is compared."""
    demo = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    kept = ("inputs", "compute", "backbones")
    recognition = demo["visual_genetic"] | {"alignment": ALIGNMENT, "variants": VARIANTS}
    recognition |= {"unseen": None}
    return {key: demo[key] for key in kept} | {
        "dataset": "proof",
        "simulation": demo["simulation"] | {"signal": study.signal, "seed": study.seed},
        "splits": {"seeds": [1], "stratify_by": "species"},
        "genetics": {
            "alignment": {"aligner": "none"},
            "distances": {"model": "K2P"},
            "anchors": {"centred": {"space": "centred"}},
        },
        "prior": {
            "relatives": ["taxonomy", "alignment"],
            "permutations": PERMUTATIONS,
            "rare": 0,
            "tail": demo["visual_genetic"]["tail"],
        },
        "visual_genetic": recognition,
    }


def run_study(folder: Path, study: Study) -> None:
    """Run a study in a folder of its own, and keep its scores alone."""
    place = folder / study.name
    if all((place / Path(name).parent.name / "scores.tsv").is_file() for name in KEPT):
        return
    work = folder / "work" / study.name
    work.mkdir(parents=True, exist_ok=True)
    (folder / "resources").mkdir(exist_ok=True)
    if not (work / "resources").exists():
        (work / "resources").symlink_to((folder / "resources").resolve())
    (work / "study.yaml").write_text(yaml.safe_dump(config_of(study)))
    made = [f"results/proof/{name}" for name in KEPT]
    command = [
        sys.executable,
        "-m",
        "snakemake",
        *made,
        "--snakefile",
        str(REPOSITORY / "Snakefile"),
    ]
    command += ["--directory", str(work), "--configfile", str(work / "study.yaml")]
    command += ["--cores", "1", "--rerun-incomplete", "--nolock", "--quiet", "all"]
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    subprocess.run(command, check=True, env=os.environ | one)
    for name, path in zip(KEPT, made, strict=True):
        kept = place / Path(name).parent.name
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(work / path, kept / "scores.tsv")
    shutil.rmtree(work)


def read_study(place: Path) -> dict[tuple[str, str], float]:
    """Return what is reported of a study, by row and metric; shares in per cent."""
    scores = read_table(place / "visual_genetic" / "scores.tsv")
    best, aligned = chosen_evaluator(scores), find_aligned(scores)
    test = over_seeds(scores[scores["part"] == "test"])
    found: dict[tuple[str, str], float] = {}

    def take(row: str, rows: pd.DataFrame) -> None:
        for metric in METRICS:
            of_metric = rows[rows["metric"] == metric]
            if len(of_metric):
                found[row, metric] = 100 * of_metric["value"].iloc[0]
                found[row, f"p {metric}"] = of_metric["p"].iloc[0]

    for against in BLIND:
        take(against, of_role(test[test["variant"].isna()], EXPECTED, against))
    voted = test[test["evaluator"] == best]
    for name in VARIANTS:
        take(name, of_role(voted[voted["variant"] == name], SCORE))
    for sampling in SAMPLINGS:
        name = f"real_{sampling}"
        of_real = voted[voted["variant"] == name]
        take(f"permuted_{sampling}", of_role(of_real, EXPECTED, PERMUTED))
        take(f"{name} less permuted", of_role(of_real, DIFFERENCE, PERMUTED))
        for other in (f"supervised_{sampling}", "frozen"):
            take(f"{name} less {other}", of_role(of_real, DIFFERENCE, other))
        found[f"aligned, {sampling}", "share"] = 100.0 * aligned[name]
        cosines = scores[(scores["variant"] == name) & (scores["evaluator"] == "alignment")]
        for cosine in COSINES:
            own = of_role(cosines[cosines["metric"] == cosine], SCORE)["value"].mean()
            found[f"{cosine}, {sampling}", "value"] = own
    prior = over_seeds(read_table(place / "prior" / "scores.tsv"))
    prior = prior[(prior["evaluator"] == "balanced") & (prior["part"] == "test")]
    for source in ("nothing", "taxonomy", "alignment"):
        of_source = prior[prior["variant"] == source]
        take(f"prior: {source}", of_role(of_source, SCORE))
        take(f"prior: {source} less nothing", of_role(of_source, DIFFERENCE, "nothing"))
    return found


def in_words(value: float) -> str:
    """Return a number with one digit and a real minus."""
    return f"{value:.1f}".replace("-", "−")


def summary(studies: list[dict[tuple[str, str], float]]) -> dict[str, str]:
    """Return a cell a row: mean over studies, its standard error, and how often p is small."""
    table = pd.DataFrame(studies)
    cells = {}
    for row in dict.fromkeys(row for row, _ in table.columns):
        parts = []
        for metric in METRICS:
            if (row, metric) not in table:
                continue
            values = table[row, metric].dropna()
            error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else np.nan
            part = f"{in_words(values.mean())} ({error:.1f})"
            p = table[row, f"p {metric}"].dropna()
            if len(p):
                part += f", p ≤ .025 in {int((p <= SHOWN_AT).sum())} of {len(p)}"
            parts.append(part)
        cells[row] = " / ".join(parts)
    return cells


def write_page(columns: dict[str, list[dict[tuple[str, str], float]]]) -> str:
    """Return a table, a column a signal."""
    cells = {name: summary(studies) for name, studies in columns.items()}
    rows = list(dict.fromkeys(row for column in cells.values() for row in column if column[row]))
    heads = [f"{name}, {len(studies)} studies" for name, studies in columns.items()]
    lines = ["| tail / all species | " + " | ".join(heads) + " |"]
    lines.append("|" + " --- |" * (len(heads) + 1))
    for row in rows:
        shown = [column.get(row, "") for column in cells.values()]
        lines.append(f"| {row.replace('_', ' ')} | " + " | ".join(shown) + " |")
    for sampling in SAMPLINGS:
        shares, cosines = [], []
        for studies in columns.values():
            means = pd.DataFrame(studies).mean()
            shares.append(f"{means[f'aligned, {sampling}', 'share']:.0f} %")
            of_own, of_other = (means[f"{name}, {sampling}", "value"] for name in COSINES)
            cosines.append(f"{of_own:.2f}, {of_other:.2f}")
        lines.append(f"| aligned, {sampling} | " + " | ".join(shares) + " |")
        lines.append(
            f"| cosine to own, nearest other anchor, {sampling} | " + " | ".join(cosines) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what is left, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only-write", action="store_true", help="run no study")
    given = parser.parse_args()
    # Signals in turn, so that a run that is stopped has some of each.
    most = max(STUDIES.values())
    studies = [Study(s, k + 1) for k in range(most) for s, n in STUDIES.items() if k < n]
    if not given.only_write:
        given.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(given.processes) as pool:
            list(pool.map(lambda study: run_study(given.folder, study), studies))
    columns: dict[str, list[dict[tuple[str, str], float]]] = {}
    for study in studies:
        if (place := given.folder / study.name).is_dir():
            columns.setdefault(f"signal {study.signal:g}", []).append(read_study(place))
    table = write_page(columns)
    print(table)
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
