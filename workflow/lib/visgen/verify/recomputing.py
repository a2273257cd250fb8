"""The tables of scores that can be made again from what an archive holds, without images."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from visgen.classification.confidence.of_backbone import measure_backbone
from visgen.classification.scores.chosen import score_chosen
from visgen.classification.scores.guessed import Study
from visgen.classification.scores.of_backbone import score_backbone
from visgen.configuration.plan import Plan
from visgen.distances.matrices import load_distances
from visgen.embedding.held_out.of_study import score_held_out
from visgen.metrics import metrics_table
from visgen.prior.scoring import EXPERIMENT, score_prior
from visgen.specimens.records import read_labels
from visgen.tables import read_table
from visgen.visual_genetic.recognition.of_study import RecognitionFiles, score_study
from visgen.visual_genetic.scopes import SCOPES


def recomputable(plan: Plan, folder: Path) -> Iterator[tuple[str, Callable[[], pd.DataFrame]]]:
    """Yield the tables that can be scored again, each with what scores it.

    Parameters
    ----------
    plan
        Of the archived configuration.
    folder
        That the archive was unpacked into.

    Yields
    ------
    table : str
        Its path in the archive.
    score : callable
        Returns its scores: columns of the contract.
    """
    of = plan.results
    for backbone in plan.config["backbones"]:
        table = f"{of}/classification/{backbone}"
        yield f"{table}/scores.tsv", lambda b=backbone: _classification(plan, folder, b)
        yield f"{table}/confidence.tsv", lambda b=backbone: _confidence(plan, folder, b)
    if len(plan.config["backbones"]) > 1:
        yield f"{of}/classification/backbones.tsv", lambda: _backbones(plan, folder)
    if plan.has_tree:
        yield f"{of}/embedding/held_out.tsv", lambda: _held_out(plan, folder)
    if plan.prior:
        yield f"{of}/prior/scores.tsv", lambda: _prior(plan, folder)
    if plan.visual_genetic:
        yield f"{of}/visual_genetic/scores.tsv", lambda: _recognition(plan, folder)


def _labels(plan: Plan, folder: Path) -> pd.DataFrame:
    labels = folder / plan.results / "specimens/labels"
    return read_labels([labels / f"{rank}.parquet" for rank in plan.inputs["ranks"]])


def _tables(plan: Plan, folder: Path, backbone: str, names: list[str], file: str) -> dict:
    of = folder / plan.results / "classification" / backbone
    return {name: of / name / file for name in names}


def _classification(plan: Plan, folder: Path, backbone: str) -> pd.DataFrame:
    distances = [load_distances(folder / path) for path in plan.tree_distances]
    inputs = plan.inputs
    study = Study(
        _labels(plan, folder), inputs["ranks"], next(iter(distances), None), inputs["tree_rank"]
    )
    names = plan.classification.classifiers
    return score_backbone(
        backbone,
        _tables(plan, folder, backbone, names, "predictions.parquet"),
        _tables(plan, folder, backbone, names, "training.tsv"),
        study,
        candidates=plan.classification.candidates,
        reference=plan.classification.reference,
        bootstraps=plan.config["classification"]["bootstraps"],
    ).scores


def _confidence(plan: Plan, folder: Path, backbone: str) -> pd.DataFrame:
    names = plan.classification.candidates
    return measure_backbone(
        backbone,
        _tables(plan, folder, backbone, names, "predictions.parquet"),
        _tables(plan, folder, backbone, names, "training.tsv"),
        _labels(plan, folder),
        plan.inputs["ranks"],
        tail=plan.config["classification"]["tail"],
        confidence=plan.config["classification"]["confidence"],
    ).scores


def _backbones(plan: Plan, folder: Path) -> pd.DataFrame:
    of, backbones = folder / plan.results / "classification", list(plan.config["backbones"])
    chosen = pd.concat(
        read_table(of / backbone / "chosen.tsv").assign(backbone=backbone) for backbone in backbones
    )
    predictions = {
        (backbone, name): of / backbone / name / "predictions.parquet"
        for backbone in backbones
        for name in plan.classification.candidates
    }
    return score_chosen(
        chosen,
        predictions,
        Study(_labels(plan, folder), plan.inputs["ranks"]),
        bootstraps=plan.config["classification"]["bootstraps"],
    )


def _held_out(plan: Plan, folder: Path) -> pd.DataFrame:
    embedding = plan.embedding

    def files(file: str, names: list[str]) -> dict:
        pairs, paths = embedding.of_backbones(names), embedding.files(file, names)
        return {pair: folder / path for pair, path in zip(pairs, paths, strict=True)}

    scores, _ = score_held_out(
        load_distances(folder / plan.tree_distances[0]),
        read_table(folder / plan.results / "embedding/folds.tsv").set_index("taxon"),
        files("held_out.npz", list(embedding.variants)),
        files("permuted.tsv", list(embedding.variants)),
        files("fit.tsv", embedding.guided),
        references=embedding.references,
        random=embedding.random,
        rank=plan.inputs["tree_rank"],
        seed=plan.seed,
    )
    return scores


def _prior(plan: Plan, folder: Path) -> pd.DataFrame:
    of, section = folder / plan.results / "prior", plan.config["prior"]
    taxa, permuted = (
        pd.concat(read_table(of / f"seed-{seed}" / table) for seed in plan.prior.seeds)
        for table in ("taxa.tsv", "permuted.tsv")
    )
    options = {key: section[key] for key in ("tail", "apart", "bootstraps")}
    rows = score_prior(taxa, permuted, **options, seed=plan.seed)
    shared = {"backbone": plan.prior.backbone, "rank": plan.prior.rank}
    return metrics_table([{"experiment": EXPERIMENT} | shared | row for row in rows])


def _recognition(plan: Plan, folder: Path) -> pd.DataFrame:
    asked, section = plan.visual_genetic, plan.config["visual_genetic"]
    results = folder / plan.results

    def runs(scopes: tuple[str, ...]) -> list[Path]:
        return [folder / run / "predictions.parquet" for run in asked.runs(scopes)]

    anchors = asked.anchors_files([asked.anchors_of(name) for name in asked.unseen_anchored])
    files = RecognitionFiles(
        [results / f"splits/seed-{seed}.tsv" for seed in asked.seeds],
        runs(SCOPES[:1]),
        runs(SCOPES[1:]),
        [
            results / f"visual_genetic/{variant}/seed-{seed}/history.tsv"
            for variant in asked.anchored
            for seed in asked.seeds
        ],
        [folder / path for path in asked.withheld_taxa],
        {name: folder / path for name, path in zip(asked.unseen_anchored, anchors, strict=True)},
        [folder / path for path in plan.tree_distances],
    )
    scored = score_study(
        files,
        _labels(plan, folder),
        asked.compared,
        ranks=plan.inputs["ranks"],
        rank=asked.rank,
        tree_rank=plan.inputs["tree_rank"],
        **{key: section[key] for key in ("tail", "head", "bootstraps")},
        seed=plan.seed,
    )
    shared = {"experiment": "visual_genetic", "backbone": section["backbone"], "rank": asked.rank}
    return metrics_table([shared | row for row in scored.rows])
