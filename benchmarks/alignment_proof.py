"""Whether genetic anchors help to recognise rare species, on simulated studies of known truth.

``python benchmarks/alignment_proof.py FOLDER`` runs the studies through the workflow, in FOLDER,
and writes their table into docs/foraminifera.md. What each says is kept in
docs/alignment-proof.tsv; studies that stand there are not run again, so that it can be stopped at
any time.

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
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.claims import SHOWN_AT
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role, over_seeds
from visgen.tables import read_table
from visgen.visual_genetic.recognition.alignment import COSINES, find_aligned, that_decide
from visgen.visual_genetic.recognition.chance import BLIND
from visgen.visual_genetic.recognition.evaluators import chosen_evaluator
from visgen.visual_genetic.recognition.nulls import PERMUTED

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "foraminifera.md"
KEPT = REPOSITORY / "docs" / "alignment-proof.tsv"
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
SCORES = ("visual_genetic/scores.tsv", "prior/scores.tsv")


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


def read_kept() -> pd.DataFrame:
    """Return what is kept of the studies that are done: a row a study, index signal and seed."""
    if not KEPT.is_file():
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=Study._fields))
    return pd.read_csv(KEPT, sep="\t", index_col=list(Study._fields))


def keep(study: Study, found: dict[str, float]) -> None:
    """Add what a study says."""
    row = pd.DataFrame([found], index=pd.MultiIndex.from_tuples([study], names=Study._fields))
    kept = pd.concat([read_kept(), row]).sort_index(ascending=[False, True])
    kept.to_csv(KEPT, sep="\t", float_format="%.5g")


def run_study(folder: Path, study: Study) -> dict[str, float]:
    """Run a study in a folder of its own, and return what it says."""
    work = folder / study.name
    weights = work / "resources" / "weights"  # which all studies share, and nothing else
    weights.parent.mkdir(parents=True, exist_ok=True)
    (folder / "weights").mkdir(exist_ok=True)
    if not weights.exists():
        weights.symlink_to((folder / "weights").resolve())
    (work / "study.yaml").write_text(yaml.safe_dump(config_of(study)))
    made = [f"results/proof/{name}" for name in SCORES]
    command = [sys.executable, "-m", "snakemake", *made, "--directory", str(work)]
    command += ["--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--configfile", str((work / "study.yaml").resolve())]
    command += ["--cores", "1", "--rerun-incomplete", "--nolock", "--quiet", "all"]
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    subprocess.run(command, check=True, env=os.environ | one)
    found = read_study(work / "results" / "proof")
    shutil.rmtree(work)
    return found


def read_study(place: Path) -> dict[str, float]:
    """Return what is reported of a study, by row and metric; shares in per cent."""
    scores = read_table(place / "visual_genetic" / "scores.tsv")
    best, aligned = chosen_evaluator(scores), find_aligned(scores)
    test = over_seeds(scores[scores["part"] == "test"])
    found: dict[str, float] = {}

    def take(row: str, rows: pd.DataFrame) -> None:
        for metric in METRICS:
            of_metric = rows[rows["metric"] == metric]
            if len(of_metric):
                found[f"{row}: {metric}"] = 100 * of_metric["value"].iloc[0]
                if of_metric["p"].notna().all():
                    found[f"{row}: p {metric}"] = of_metric["p"].iloc[0]

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
        found[f"aligned, {sampling}"] = 100.0 * aligned.get(name, False)
        cosines = that_decide(scores[scores["variant"] == name])
        for cosine in COSINES:
            own = of_role(cosines[cosines["metric"] == cosine], SCORE)["value"].mean()
            found[f"{cosine}, {sampling}"] = own
    prior = over_seeds(read_table(place / "prior" / "scores.tsv"))
    prior = prior[(prior["evaluator"] == "balanced") & (prior["part"] == "test")]
    for source in ("nothing", "taxonomy", "alignment"):
        of_source = prior[prior["variant"] == source]
        take(f"prior by {source}", of_role(of_source, SCORE))
        take(f"prior by {source} less nothing", of_role(of_source, DIFFERENCE, "nothing"))
    return found


def in_words(value: float) -> str:
    """Return a number with one digit and a real minus."""
    return f"{value:.1f}".replace("-", "−")


def summary(studies: pd.DataFrame) -> dict[str, str]:
    """Return a cell a row: mean over studies, its standard error, and how often p is small."""
    rows = dict.fromkeys(name.partition(": ")[0] for name in studies if ": " in name)
    cells = {}
    for row in rows:
        parts = []
        for metric in METRICS:
            if f"{row}: {metric}" not in studies:
                continue
            values = studies[f"{row}: {metric}"].dropna()
            part = in_words(values.mean())
            if len(values) > 1:
                part += f" ({values.std(ddof=1) / math.sqrt(len(values)):.1f})"
            if (p := f"{row}: p {metric}") in studies:
                part += f", p ≤ .025 in {int((studies[p] <= SHOWN_AT).sum())} of {len(studies)}"
            parts.append(part)
        cells[row] = " / ".join(parts)
    return cells


def write_table(columns: dict[str, pd.DataFrame]) -> str:
    """Return a table, a column a signal."""
    cells = {name: summary(studies) for name, studies in columns.items()}
    heads = [
        f"{name}, {len(studies)} stud{'y' if len(studies) == 1 else 'ies'}"
        for name, studies in columns.items()
    ]
    lines = ["| tail / all species | " + " | ".join(heads) + " |"]
    lines.append("|" + " --- |" * (len(heads) + 1))
    for row in next(iter(cells.values())):
        shown = [column[row] for column in cells.values()]
        lines.append(f"| {row.replace('_', ' ')} | " + " | ".join(shown) + " |")
    for sampling in SAMPLINGS:
        shares, cosines = [], []
        for studies in columns.values():
            means = studies.mean()
            shares.append(f"{means[f'aligned, {sampling}']:.0f} %")
            cosines.append(", ".join(f"{means[f'{name}, {sampling}']:.2f}" for name in COSINES))
        lines.append(f"| aligned, {sampling} | " + " | ".join(shares) + " |")
        what = f"cosine to own, nearest other anchor, {sampling}"
        lines.append(f"| {what} | " + " | ".join(cosines) + " |")
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
    left = [study for study in studies if study not in read_kept().index]
    if not given.only_write:
        with ThreadPoolExecutor(given.processes) as pool:
            running = {pool.submit(run_study, given.folder, study): study for study in left}
            for done in as_completed(running):
                keep(running[done], done.result())
    kept = read_kept().reset_index()
    table = write_table({f"signal {s:g}": kept[kept["signal"] == s] for s in STUDIES})
    print(table)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
