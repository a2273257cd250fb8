from functools import cache

import numpy as np
import pandas as pd
import pytest
from skbio.stats.distance import DistanceMatrix
from visgen.classification.classifiers.ranks import predict_ranks
from visgen.classification.scores.taxa import TAXA_COLUMNS
from visgen.distances.matrices import match_taxa
from visgen.embedding.folds import deal_folds
from visgen.embedding.held_out.rows import nearest_table
from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.pooling import enough_images
from visgen.genetics.anchors.measuring import measure_anchors
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.ingest import ingest
from visgen.genetics.sequences.matching import find_unmatched
from visgen.genetics.trees.representatives import choose_representatives
from visgen.genetics.vectors.files import SequenceVectors
from visgen.metrics import COLUMNS, metrics_table
from visgen.shares import per_taxon
from visgen.specimens.coverage import coverage, summarise_ranks
from visgen.specimens.split_notes import split_notes
from visgen.specimens.splits import PARTS, read_splits
from visgen.specimens.taxonomy import group_above, lineage
from visgen.tables import KINDS, read_table, write_table
from visgen.visual_genetic.cross_modal.taxa import list_omitted
from visgen.visual_genetic.recognition.withheld import deal_withheld
from visgen.visual_genetic.regimes.results import norm_table

#: Names that look like something else; each is a name of a species, a genus and a sequence too.
NAMES = ["008", "NA", "1e5", "True", "nan", "False", "-7"]
GENERA = ["007", "007", "NA", "NA", "True", "True", "1e5"]
RANKS = ["genus", "species"]
GRID = {"transform": [[], ["l2"]]}
VALUES = {
    "integer": [3, 2**53 - 1, -7],
    "number": [1 / 3, 1e-300, 2.0],
    "boolean": [True, False, True],
    "text": ["3", "1e5", "True"],
}


def there_and_back(path, table):
    write_table(path, table)
    return read_table(path)


@pytest.mark.parametrize("column", [*KINDS, "taxon", "rank", "species", "relative", "group"])
def test_every_column_comes_back_exactly_with_gaps_and_without(tmp_path, column):
    values = VALUES[KINDS.get(column, "text")]
    for column_of in (values, [*values, None], [None] * 3):
        names = pd.Series([*NAMES[: len(column_of) - 1], None], dtype="str")
        table = pd.DataFrame({"of": names, column: pd.Series(column_of, dtype=object)})
        back = there_and_back(tmp_path / "t.tsv", table)
        assert back["of"].dropna().tolist() == names.dropna().tolist()
        assert back[column].isna().tolist() == table[column].isna().tolist()
        assert back[column].dropna().tolist() == [v for v in column_of if v is not None]


def test_columns_without_gaps_have_the_types_of_their_kinds(tmp_path):
    table = pd.DataFrame({"taxon": ["007"], "seed": [1], "value": [2], "chosen": [True]})
    types = there_and_back(tmp_path / "t.tsv", table).dtypes.astype(str).to_dict()
    assert types == {"taxon": "str", "seed": "int64", "value": "float64", "chosen": "bool"}


def test_whole_numbers_beside_gaps_are_written_as_such_and_compare(tmp_path):
    table = pd.DataFrame({"fold": [3, None, 12], "seed": [None] * 3, "taxon": ["NA"] * 3})
    back = there_and_back(tmp_path / "t.tsv", table)
    assert (tmp_path / "t.tsv").read_text().splitlines()[1:] == ["3\t\tNA", "\t\tNA", "12\t\tNA"]
    assert (back["fold"] == 3).tolist() == [True, False, False]
    assert [int(fold) for fold in back["fold"].dropna()] == [3, 12]
    assert there_and_back(tmp_path / "t.tsv", back).equals(back)


def test_a_text_column_without_a_word_is_gaps(tmp_path):
    table = pd.DataFrame({"against": [None, ""], "n": [1, 2]})
    back = there_and_back(tmp_path / "t.tsv", table)["against"]
    assert back.isna().all()
    assert back.dtype == "str"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("n_legs", [None, 4], "column 'n_legs', such as 4, is not all text"),
        ("shape", [0.5, np.nan], "column 'shape', such as 0.5, is not all text"),
        ("odd", [True, False], "column 'odd', such as True, is not all text"),
        ("taxon", ["008", 8], "column 'taxon', such as 008, is not all text"),
        ("value", [0.5, "high"], "column 'value', such as 0.5, is not all number"),
        ("value", [True, False], "column 'value', such as True, is not all number"),
        ("seed", [1.5, 2], "column 'seed', such as 1.5, is not all integer"),
        ("chosen", [0, 1], "column 'chosen', such as 0, is not all boolean"),
    ],
)
def test_a_column_that_is_not_what_is_declared_is_refused(tmp_path, column, values, message):
    table = pd.DataFrame({"taxon": ["a", "b"], column: pd.Series(values, dtype=object)})
    with pytest.raises(ValueError, match=message):
        write_table(tmp_path / "t.tsv", table)
    assert not (tmp_path / "t.tsv").exists()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_scores_comes_back(tmp_path, column):
    rows = [{"metric": "1e5", "role": "expected", "against": "True", column: v} for v in "ab"]
    if KINDS.get(column):
        rows = [row | {column: value} for row, value in zip(rows, (1, None), strict=True)]
    if column == "role":
        rows = [{"metric": "1e5", "role": "difference", "against": "True"}] * 2
    table = metrics_table(rows)
    back = there_and_back(tmp_path / "t.tsv", table)
    pd.testing.assert_frame_equal(back, table, check_dtype=False, check_exact=True)


@cache
def study():
    """Thirty images a species, in thirds a part, and distances between the species."""
    n = 30 * len(NAMES)
    images = pd.DataFrame({"id": [f"{i:03}" for i in range(n)]})
    images = images.assign(specimen=[f"{i // 2:03}" for i in range(n)], split=None)
    for rank, names in zip(RANKS, (GENERA, NAMES), strict=True):
        images[rank] = pd.Series([names[i // 30] for i in range(n)], dtype="str")
    parts = pd.Series([PARTS[i // 10 % 3] for i in range(n)], images["id"], name="split")
    between = np.abs(np.subtract.outer(range(len(NAMES)), range(len(NAMES)))).astype(float)
    return images, parts, DistanceMatrix(between, NAMES)


def records():
    bases = np.random.default_rng(3).choice(list("ACGT"), (len(NAMES), 60))
    lines = [f">{n} {n}\n{''.join(b)}\n" for n, b in zip(NAMES, bases, strict=True)]
    return "".join(lines)


def ingested(folder, strictest=1):
    path = folder / "records.fasta"
    path.write_text(records())
    filters = Filters(strictest, None, 0.5, "keep", "keep")
    return ingest(path, filters=filters, pattern=r"^\S+ (?P<taxon>.*)$")


def classified(**given):
    images, parts, _ = study()
    index = pd.MultiIndex.from_product([images["id"], [0]], names=["id", "repeat"])
    features = pd.get_dummies(images["species"]).astype("float32").set_axis(index)
    options = {"method": "nearest_centroid", "transform": None, "best_features": None, "pca": None}
    options |= {"resample": None, "seed": 0, "tune": {"folds": 2, "halving": None, "grid": GRID}}
    specimens = images.set_index("id")
    return predict_ranks(features, specimens, RANKS, {1: parts}, options | given, threads=1)


def scored_taxa():
    images = study()[0]
    found = classified().predictions[1, "species"]
    found = found[found["part"] == "test"]
    specimens = images.set_index("id")["specimen"].loc[found["id"]]
    rows = per_taxon(found, specimens, pd.Series(10, NAMES))
    table = pd.DataFrame(rows).assign(variant="50", evaluator="NA", rank="True", seed=1)
    return table[TAXA_COLUMNS]


def anchors():
    values, names = np.random.default_rng(5).random((len(NAMES) - 1, 5)), np.array(NAMES[1:])
    vectors = SequenceVectors(names, names, np.array(list("ABCDE")), values)
    options = {"source": "sgt", "average": "mean", "space": "raw", "size": None}
    options |= {"fallback": ["genus"], "permutation": None, "seed": 0}
    return measure_anchors("sgt", options, vectors, lineage(study()[0], RANKS, "species"), None)[1]


def nearest():
    held_out = np.arange(len(NAMES)) < 3
    return nearest_table("tips", [Fold(study()[2].data, study()[2].data, held_out)], NAMES)


def folds():
    images, _, genetic = study()
    groups = group_above(images, RANKS, "species")
    return deal_folds(genetic, NAMES, groups, 3, 0)[0].reset_index()


def species():
    return study()[0].set_index("id")["species"]


def omitted():
    images = study()[0].assign(taxon=study()[0]["species"], part=study()[1].to_numpy())
    return list_omitted(images, "species", pd.DataFrame(index=["-7"]), "NA")


#: What the library writes, by what makes it; each has names of the study.
WRITTEN = {
    "split": lambda _: study()[1].reset_index(),
    "notes": lambda _: split_notes(study()[0], study()[1].replace("test", "val"), RANKS),
    "coverage": lambda _: coverage(study()[0], RANKS, NAMES[:3], "species", {"NA": 2}, "species"),
    "missing": lambda _: match_taxa(NAMES[:4], NAMES[1:])[1],
    "few images": lambda _: enough_images(species().iloc[28:], 3)[1],
    "folds": lambda _: folds(),
    "withheld": lambda _: deal_withheld(study()[0], "species", RANKS, 0.3, 0)[0],
    "sequences": lambda folder: ingested(folder)[0],
    "refused sequences": lambda folder: ingested(folder)[0].assign(gc=None, duplicate_of="008"),
    "unmatched": lambda folder: find_unmatched(ingested(folder)[0], [*NAMES[:4], "1e6"]),
    "representatives": lambda folder: choose_representatives(ingested(folder)[1]),
    "anchors": lambda _: anchors(),
    "norms": lambda _: norm_table({"network": [np.arange(7) / 7] * 2}, dict.fromkeys(NAMES, 3)),
    "omitted": lambda _: omitted(),
    "training": lambda _: classified().training,
    "importances": lambda _: classified(method="random_forest", trees=3).importances,
    "tuning": lambda _: classified().tuning,
    "taxa": lambda _: scored_taxa(),
    "nearest": lambda _: nearest(),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_no_taxon_of_a_study_comes_back_with_another_name(tmp_path, name):
    table = WRITTEN[name](tmp_path).reset_index(drop=True)
    assert len(table)
    back = there_and_back(tmp_path / "t.tsv", table)
    expected = table.astype(object).where(table.notna(), None).replace({"": None})
    pd.testing.assert_frame_equal(
        back.astype(object).where(back.notna(), None), expected, check_exact=True
    )


def test_ranks_called_as_their_taxa_come_back(tmp_path):
    images = study()[0].rename(columns={"genus": "NA", "species": "1e5"})
    table = summarise_ranks(coverage(images, ["NA", "1e5"], None, None, None, None), len(images))
    assert there_and_back(tmp_path / "t.tsv", table)["rank"].tolist() == ["NA", "1e5"]


def test_parts_are_read_by_the_names_of_images(tmp_path):
    write_table(tmp_path / "seed-3.tsv", study()[1].reset_index())
    assert read_splits([tmp_path / "seed-3.tsv"])[3].to_dict() == study()[1].to_dict()
