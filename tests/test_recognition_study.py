import pandas as pd
import pytest
from visgen.tables import write_table
from visgen.visual_genetic.recognition.labelled_images import read_withheld, study_images

TAXA = ["Alpha", "Beta", "Alpha", "Gamma", None, "Beta", "Gamma"]
IDS = [f"i{i:02}" for i in range(7)]
PARTS = pd.Series(["train", "train", "val", "test", "train", "test", "train"], IDS)
LABELS = pd.DataFrame({"specimen": IDS, "species": pd.Series(TAXA, IDS, dtype="str")})


def test_images_get_taxon_and_part_by_name():
    made = study_images(LABELS[::-1], PARTS.sample(frac=1, random_state=3), "species", ["Beta"])
    assert list(made["id"]) == IDS
    expected = ["train", "unseen", "val", "test", "train", "unseen", "train"]
    assert list(made["part"]) == expected
    assert list(made["taxon"].dropna()) == [taxon for taxon in TAXA if taxon]
    assert list(made["taxon"].isna()) == [taxon is None for taxon in TAXA]


def test_studies_that_cannot_be_labelled_are_refused():
    twice = pd.concat([LABELS, LABELS[3:4]])
    for specimens, parts, rank, withheld, message in (
        (LABELS, PARTS.drop("i04"), "species", [], "no part for 1 images, such as 'i04'"),
        (twice, PARTS, "species", [], "specimens: id 'i03' is there twice, expected once"),
        (LABELS, PARTS.iloc[[*range(7), 2]], "species", [], "split: id 'i02' is there twice"),
        (LABELS, PARTS, "species", ["Omega"], "withheld: no image of 'Omega' at rank species"),
    ):
        with pytest.raises(ValueError, match=message):
            study_images(specimens, parts, rank, withheld)


def test_withheld_taxa_are_those_of_the_scope(tmp_path):
    table = pd.DataFrame(
        {
            "taxon": ["007", "Beta", "Gamma"],
            "group": ["A", "B", "C"],
            "unseen_species": [True, False, True],
            "unseen_genera": [False, True, False],
        }
    )
    write_table(tmp_path / "withheld.tsv", table)
    assert read_withheld([tmp_path / "withheld.tsv"], "unseen_species") == ["007", "Gamma"]
    assert read_withheld([tmp_path / "withheld.tsv"], "unseen_genera") == ["Beta"]
    assert read_withheld([], "visual_genetic") == []
