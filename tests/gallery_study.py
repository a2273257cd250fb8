"""A study of few photographs, and the galleries that are chosen from it."""

import pandas as pd
from visgen.report.galleries.choosing import Shown, choose_galleries
from visgen.report.galleries.content import galleries_content
from visgen.report.galleries.named import NAMED_COLUMNS, Choice
from visgen.report.photographs import photographs_script

GENERA = {"Arca noae": "Arca", "Arca zebra": "Arca", "Lima lima": "Lima"}


def labels_of(names=tuple(GENERA), n=3, genera=GENERA):
    """Two photographs of each of n specimens of each species: s00a, s00b, s01a …"""
    rows = [
        (f"s{i:02d}{side}", f"s{i:02d}", genera.get(names[i // n], names[i // n]), names[i // n])
        for i in range(n * len(names))
        for side in "ab"
    ]
    return pd.DataFrame(rows, columns=["id", "specimen", "genus", "species"]).set_index("id")


def named_of(labels, taken, seeds=(1,), probability=0.6):
    """Every photograph is tested in every split; `taken` says what some are called."""
    rows = [
        (seed, image, row.specimen, row.species, *taken.get(image, (row.species, probability)))
        for seed in seeds
        for image, row in labels.iterrows()
    ]
    return pd.DataFrame(rows, columns=NAMED_COLUMNS)


def features_of(labels):
    """One feature, in which photographs of a specimen and specimens of a taxon differ."""
    return pd.DataFrame({"x": [float(i * i) for i in range(len(labels))]}, index=labels.index)


def shown_study(labels=None, taken=None, is_tested=True, distances=None):
    labels = labels_of() if labels is None else labels
    species = sorted(labels["species"].unique())
    named = named_of(labels, taken or {})
    return Shown(
        labels=labels,
        features=features_of(labels),
        parts=pd.Series("test", labels.index),
        ranks=["genus", "species"],
        rank="species",
        order=species[::-1],
        backbone="net",
        choice=Choice("net", "species", "forest") if is_tested else None,
        named=named if is_tested else named[:0],
        distances=distances,
    )


def relatives_named(labels, names):
    """What is given to each specimen without relatives, and by the tree."""
    taxa = labels.groupby("specimen")["species"].first()
    rows = [
        (1, specimen, taxa[specimen], 1, source, name)
        for specimen, given in names.items()
        for source, name in zip(("nothing", "tree"), given, strict=True)
    ]
    columns = ["seed", "specimen", "taxon", "n_train", "relatives", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def of_every_kind(names=tuple(GENERA)):
    """Return a table with something in every gallery."""
    labels = labels_of(names)
    first, other = names[0], names[1]
    taken = {"s00a": (other, 0.9), "s03a": (first, 0.7), "s06b": (first, 0.8)}
    weights = pd.DataFrame({"id": labels.index, "repeat": 0, "taxon": labels["species"].array})
    weights["weight"] = [1.0 + i for i in range(len(weights))]
    named = {"s00": (other, first), "s01": (first, other), "s02": (first, first)}
    return choose_galleries(
        shown_study(labels, taken),
        {("net", names[0]): weights},
        relatives_named(labels, named),
        source="tree",
        tail=2,
    )


def galleries_of(examples, labels=None, is_tested=True):
    """Return what the page gets of a table, its photographs being their own names."""
    script = photographs_script({image: image.encode() for image in examples["image"]})
    return galleries_content(examples, script, labels or {"net": "net"}, is_tested)
