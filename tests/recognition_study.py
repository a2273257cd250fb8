"""Predictions of a made-up study of recognition: 13 species, 5 genera, a long tail of images."""

import numpy as np
import pandas as pd
from visgen.genetics.anchors.files import write_anchors
from visgen.tables import write_table

RANKS = ["family", "genus", "species"]
GENERA = {"Aa": "F", "Ba": "F", "Ca": "G", "Da": "G", "Ea": "H"}
SPECIES = [
    *("Aa a", "Aa b", "Aa c", "Ba a", "Ba b", "Ba c", "Ca a", "Ca b", "Da a", "Da b", "Da c"),
    *("Ea a", "Ea b"),
]
UNANCHORED = {"anchors": None, "permutations": 0, "sampling": None}
VARIANTS = {
    "control": UNANCHORED | {"regime": "control", "stage2": "features"},
    "wd": UNANCHORED | {"regime": "wd", "stage2": "projection"},
    "wd_sgt": {
        "regime": "wd",
        "anchors": "sgt",
        "permutations": 7,
        "stage2": "anchors",
        "sampling": "natural",
    },
}
RIGHT = {"control": 0.3, "wd": 0.6, "wd_sgt": 0.75}  # share recognised
EVALUATORS = ["knn_1", "knn_5", "head"]
SEEDS = [1, 2]


def specimens():
    """One row an image; a specimen has two images, the last a single one."""
    rows = []
    for i, species in enumerate(SPECIES):
        genus = species.split()[0]
        for j in range(11 + 97 // (i + 1)):
            specimen = f"{species} {j // 2}"
            rows.append((f"{species} {j:03d}.png", specimen, GENERA[genus], genus, species))
    return pd.DataFrame(rows, columns=["id", "specimen", *RANKS])


def split(images, seed):
    """Part of each image by specimen, index id: about half train, a quarter each val and test."""
    number = images["specimen"].str.rsplit(n=1).str[-1].astype(int)
    part = (number + seed) % 4
    names = np.array(["train", "train", "val", "test"])[part]
    return pd.Series(names, index=pd.Index(images["id"], name="id"), name="split")


def predictions(images, parts, variant, seed, taxa=SPECIES, evaluators=None):
    """Predictions of a variant; permuted runs recognise fewer."""
    rng = np.random.default_rng([seed, len(variant)])
    scored = images[images["id"].map(parts).isin(["val", "test", "unseen"])]
    evaluators = evaluators or EVALUATORS + ["anchor"] * (VARIANTS[variant]["anchors"] is not None)
    tables = []
    for permutation in range(VARIANTS[variant]["permutations"] + 1):
        right = RIGHT[variant] - 0.2 * (permutation > 0)
        for evaluator in evaluators:
            guess = np.array(taxa)[rng.integers(0, len(taxa), len(scored))]
            is_right = rng.random(len(scored)) < right
            tables.append(
                pd.DataFrame(
                    {
                        "permutation": permutation,
                        "evaluator": evaluator,
                        "id": scored["id"],
                        "part": scored["id"].map(parts),
                        "truth": scored["species"],
                        "predicted": np.where(is_right, scored["species"], guess),
                        "score": np.float32(0.5),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def history(rng, permutations, steps=50):
    """History of stage 2: real anchors watched every tenth step, permuted ones first and last."""
    rows = [
        (
            permutation,
            step,
            part,
            {"train": 211, "val": 97}[part],
            3 * np.exp(-step / (20 if part == "train" else 30)),
            0.1 + (0.7 if permutation == 0 else 0.5) * (1 - np.exp(-step / 20)),
            0.4 + 0.2 * (1 - np.exp(-step / 20)),
        )
        for permutation in range(permutations + 1)
        for step in range(0, steps + 1, 10 if permutation == 0 else steps)
        for part in ("train", "val")
    ]
    cosines = ["own_cosine", "nearest_other_cosine"]
    columns = ["permutation", "step", "part", "n_images", "cross_entropy", *cosines]
    table = pd.DataFrame(rows, columns=columns)
    table[cosines] += rng.normal(0, 0.01, (len(table), 2))
    return table


def training(rng, images, parts, epochs=6):
    """History and norms of a regime."""
    trained = images[images["id"].map(parts) == "train"]["species"].value_counts()
    rows = [("network", e, 3 / e + rng.normal(0, 0.05)) for e in range(1, epochs + 1)]
    rows += [("head", e, 0.4 / e) for e in range(1, 4)]
    history = pd.DataFrame(rows, columns=["phase", "epoch", "loss"])
    norms = pd.DataFrame(
        [
            (phase, epoch, taxon, n, scale * np.log1p(n) + rng.normal(0, 0.05))
            for phase, scale in (("network", 0.5), ("head", 0.3))
            for epoch in (1, 3)
            for taxon, n in trained.items()
        ],
        columns=["phase", "epoch", "taxon", "n_images", "norm"],
    )
    return history, norms


def anchors(size=17, seed=5):
    """Vectors of which those of a genus are alike."""
    rng = np.random.default_rng(seed)
    of_genus = {genus: rng.normal(size=size) for genus in GENERA}
    values = [of_genus[s.split()[0]] + 0.5 * rng.normal(size=size) for s in SPECIES]
    return pd.DataFrame(values, index=pd.Index(SPECIES, name="taxon"))


def write_study(folder):
    """Write every file that scripts of this study read; return them by input name."""
    images = specimens()
    images.to_parquet(folder / "specimens.parquet")
    given = {name: [] for name in ("splits", "predictions", "unseen", "histories", "norms")}
    given |= {name: [] for name in ("alignments", "embeddings")}
    given["specimens"] = folder / "specimens.parquet"
    given["anchors"] = [folder / "sgt.npz"]
    write_anchors(folder / "sgt.npz", anchors())
    hidden = pd.DataFrame({"taxon": SPECIES, "group": [s.split()[0] for s in SPECIES]})
    hidden["unseen_species"] = hidden["taxon"].isin(["Aa a", "Da b"])
    hidden["unseen_genera"] = hidden["group"] == "Ca"
    given["withheld"] = [folder / "withheld.tsv"]
    write_table(folder / "withheld.tsv", hidden)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        parts = split(images, seed)
        given["splits"].append(folder / f"seed-{seed}.tsv")
        write_table(given["splits"][-1], parts.reset_index())
        for variant, options in VARIANTS.items():
            runs = {"visual_genetic": parts}
            if options["anchors"]:
                for scope in ("unseen_species", "unseen_genera"):
                    is_hidden = images["species"].isin(hidden.loc[hidden[scope], "taxon"])
                    runs[scope] = parts.mask(is_hidden.to_numpy(), "unseen")
            for scope, of_scope in runs.items():
                place = folder / scope / variant / f"seed-{seed}"
                place.mkdir(parents=True)
                known = SPECIES if scope == "visual_genetic" else []
                if not known:
                    known = hidden.loc[~hidden[scope], "taxon"].tolist()
                table = predictions(images, of_scope, variant, seed, known)
                if scope != "visual_genetic":  # a withheld taxon has no images to be nearest to
                    wrong = ~table["predicted"].isin(known) & (table["evaluator"] != "anchor")
                    table.loc[wrong, "predicted"] = "Aa b"
                table.to_parquet(place / "predictions.parquet")
                key = "predictions" if scope == "visual_genetic" else "unseen"
                given[key].append(place / "predictions.parquet")
            place = folder / "visual_genetic" / variant / f"seed-{seed}"
            values = anchors().loc[images["species"]].to_numpy() * (1 + len(options))
            values = (values + rng.normal(0, 2, values.shape)).astype(np.float32)
            np.savez(
                place / "embeddings.npz",
                id=images["id"].to_numpy().astype(str),
                part=parts.to_numpy().astype(str),
                values=values,
            )
            given["embeddings"].append(place / "embeddings.npz")
            if options["anchors"]:
                write_table(place / "history.tsv", history(rng, options["permutations"]))
                given["alignments"].append(place / "history.tsv")
        for regime in ("naive", "wd"):
            place = folder / "visual_genetic" / "regimes" / regime / f"seed-{seed}"
            place.mkdir(parents=True)
            for name, table in zip(("history", "norms"), training(rng, images, parts), strict=True):
                write_table(place / f"{name}.tsv", table)
            given["histories"].append(place / "history.tsv")
            given["norms"].append(place / "norms.tsv")
    return given
