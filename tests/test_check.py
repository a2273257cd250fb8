"""What is odd about a study is told before it runs, and whether it can run at all."""

import logging
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from visgen.configuration.schema import load_schema
from visgen.specimens.headers import header_inspector
from visgen.specimens.images import RefusedImage, inspect_image
from visgen.specimens.ingest import ingest
from visgen.starting import check as checking
from visgen.starting.intake import said
from visgen.starting.others import other_files
from visgen.starting.remarks import REASONS

RANKS = ["family", "genus", "species"]
SPECIES = {
    "Arca noae": "Arcidae",
    "Arca tetragona": "Arcidae",
    "Solen marginatus": "Solenidae",
    "Ensis ensis": "Solenidae",
}
cache_of_schemas = cache(load_schema)


def put(path, seed=0, size=(11, 13)):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return a function that writes the study of a table and checks it; four images a species."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "load_schema", cache_of_schemas)
    monkeypatch.setattr(checking, "check_models", lambda backbones: None)
    rows = []
    for s, (species, family) in enumerate(SPECIES.items()):
        for i in range(4):
            put(tmp_path / f"photos/{s}{i}.png", 9 * s + i)
            rows.append((f"{s}{i}.png", family, species.split()[0], species))
    table = pd.DataFrame(rows, columns=["filename", *RANKS])

    def run(table=table, **changes):
        table.to_csv("meta.csv", index=False)
        inputs = {"images": "photos", "meta": "meta.csv", "ranks": RANKS}
        config = {
            "dataset": "odd",
            "inputs": inputs | changes.pop("inputs", {}),
            "ingest": {"max_rejected": 0.5},
            "backbones": {"bundled": {"model": "tf_efficientnet_lite0", "weights": "bundled"}},
        }
        Path("odd.yaml").write_text(yaml.safe_dump(config | changes))
        before = listing(tmp_path)
        found = checking.check("odd.yaml")
        assert listing(tmp_path) == before, "a check writes no file"
        return found

    run.table, run.folder = table, tmp_path
    return run


def listing(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def lines_with(found, about, *parts):
    return [line for line in found[about] if all(part in line for part in parts)]


def test_a_sound_study_has_its_numbers_and_nothing_else(study):
    found = study()
    assert found["photographs"] == [
        "16 of 16 in the folder can be used, of 16 specimens (headers were read)"
    ]
    assert found["taxa"] == [
        "family: 2 taxa, 2 with 3 specimens or more",
        "genus: 3 taxa, 3 with 3 specimens or more",
        "species: 4 taxa, 4 with 3 specimens or more",
    ]
    assert found["relatives"] == found["names and cells"] == [] and "naming" not in found
    assert found["runs"] == [
        "specimens, features, classification (not asked: genetics, embedding, prior, "
        "visual_genetic, naming)"
    ]


def test_files_and_rows_without_each_other_are_counted_with_the_first(study):
    put(study.folder / "photos/new.png", 99)
    (study.folder / "photos/notes.txt").write_text("x")
    (study.folder / "photos/a.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    table = study.table.assign(remark="x")
    table.loc[0, "filename"] = "lost.png"
    found = study(table)
    assert lines_with(found, "photographs", "15 of 17 in the folder can be used")
    assert lines_with(found, "photographs", "without a name (no row", ": 2, 00.png; new.png")
    assert lines_with(found, "photographs", "is not in the folder: 1, lost.png: line 2: no such")
    assert lines_with(found, "photographs", "1 ending in .heic", "save them as JPEG")
    assert lines_with(found, "photographs", "columns that are not used: 'remark'")


def test_what_cannot_be_opened_and_copies_with_other_names_are_told_from_headers(study):
    (study.folder / "photos/00.png").write_bytes(b"no picture")
    (study.folder / "photos/10.png").write_bytes(b"")
    (study.folder / "photos/21.png").write_bytes((study.folder / "photos/01.png").read_bytes())
    found = study()
    assert lines_with(found, "photographs", "cannot be opened: 1, 00.png")
    assert lines_with(found, "photographs", "without content: 1, 10.png")
    assert lines_with(
        found, "photographs", "with different names: 2", "01.png: line 3", "same content"
    )


def test_a_species_in_two_genera_is_told_once_with_its_row(study):
    table = study.table.copy()
    table.loc[[1, 2], "genus"] = ["Barbatia", "Barbatia"]
    table.loc[len(table)] = ["nothing.png", "Arcidae", "Arca", "Arca noae"]
    table = table.drop(index=3)
    found = study(table.assign(filename=table["filename"].replace("nothing.png", "03.png")))
    told = lines_with(found, "photographs", "lies elsewhere in most rows: 4")
    assert told and told[0].count("'Arca noae' is under genus") == 2 and "line 2: " in told[0]


def test_taxa_with_one_specimen_and_ranks_of_one_taxon_are_named(study):
    table = study.table.drop(index=[13, 14, 15])
    table["family"] = "Arcidae"
    found = study(table)
    assert lines_with(found, "taxa", "family: Arcidae alone")
    assert lines_with(found, "taxa", "family: is not classified")
    assert lines_with(found, "taxa", "species: 1 with one specimen", "Ensis ensis")
    few = study(study.table.drop_duplicates("species"))
    assert lines_with(few, "taxa", "species: is not classified")
    assert not lines_with(few, "taxa", "no rank can be classified")  # genera may have two
    one = study(study.table.drop_duplicates("genus"))
    assert lines_with(one, "taxa", "genus: is not classified")


def test_taxa_of_two_specimens_may_be_classified(study):
    table = study.table.groupby("species").head(2)
    found = study(table)
    assert lines_with(found, "taxa", "species: is classified only if the split parts")
    assert not lines_with(found, "taxa", "is not classified")
    assert not lines_with(found, "taxa", "no rank can be classified")


def test_too_many_refusals_name_no_list_that_is_not_there(study):
    with pytest.raises(ValueError, match=r"were rejected") as error:
        study(study.table.assign(filename="none.png"))
    assert "All are listed" not in str(error.value)


def test_names_in_doubt_are_told_in_the_words_of_the_ingest(study):
    table = study.table.copy()
    table.loc[0, "species"], table.loc[4, "species"] = "Arca Noae", "Arca tetragona Poli, 1795"
    table.loc[8, "family"] = "unknown"
    found = study(table)
    assert lines_with(found, "names and cells", "'Arca Noae' is 'Arca noae'")
    assert lines_with(found, "names and cells", "differ in signs or authors only")
    assert lines_with(found, "names and cells", "taken as gaps: 'unknown' (1)")
    assert lines_with(found, "taxa", "family: 1 photographs without a name")


def test_tips_and_sequences_that_match_no_taxon_come_with_likely_spellings(study):
    tree = "((Arca noae:1,Arca tetragonna:1):2,(Solen marginatus:1,(Ensis ensis:1,Pinna:1):1):2);"
    (study.folder / "tree.nwk").write_text(tree)
    bases = ["ACGTTGCA" * 20, "ACGTTGCATT" * 16]
    fasta = f">a Arca noae\n{bases[0]}\n>b Ensis  ensiss\n{bases[1]}\n>c Solen marginatus\nACGT\n"
    (study.folder / "a.fasta").write_text(fasta)
    given = {"tree": "tree.nwk", "tree_rank": "species", "sequences": "a.fasta"}
    found = study(inputs=given | {"sequence_rank": "species"})
    told = found["relatives"]
    assert "3 of 4 species names are tips of the tree" in told
    assert lines_with(found, "relatives", "tips of the tree: 1", "(there is Arca tetragonna)")
    assert lines_with(found, "relatives", "2 tips of the tree have no photograph")
    assert lines_with(found, "relatives", "without a sequence: 3", "(there is Ensis ensiss)")
    assert lines_with(found, "relatives", "1 sequences are refused as too_short: c")


def test_specimens_to_be_named_that_the_study_has_are_told_by_content_and_by_name(study):
    put(study.folder / "drawer/new.png", 77, (12, 12))
    put(study.folder / "drawer/00.png", 78, (12, 12))
    (study.folder / "drawer/copy.png").write_bytes((study.folder / "photos/31.png").read_bytes())
    (study.folder / "drawer/bad.jpg").write_bytes(b"no picture")
    found = study(naming={"images": "drawer"})
    assert found["naming"][0] == "3 photographs to be named, of 3 specimens"
    assert lines_with(found, "naming", "cannot be opened: 1, bad.jpg")
    assert lines_with(found, "naming", "1 of them are in the study already: copy.png (as 31.png)")
    assert lines_with(found, "naming", "1 of them have names of the study's: 00.png (as 00.png)")
    assert "naming" in found["runs"][0].split(" (")[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": {"images": "phottos"}}, "config key inputs.images: found 'phottos'"),
        ({"inputs": {"columns": {"genus": "gen"}}}, "config key inputs.columns.genus: found 'gen'"),
        ({"embeding": {}}, "config key embeding: unknown; did you mean 'embedding'"),
        ({"naming": {"images": "empty"}}, "empty: found no file; expected photographs"),
    ],
)
def test_a_study_that_cannot_run_ends_with_its_key(study, change, message):
    (study.folder / "empty").mkdir()
    with pytest.raises(ValueError, match=message):
        study(**change)


def test_too_many_refusals_end_with_their_reasons_and_rows(study):
    table = study.table.assign(filename="x" + study.table["filename"])
    with pytest.raises(ValueError, match=r"(?s)no image was accepted.*missing_file: 16.*line"):
        study(table)
    ragged = "filename,family,genus,species\n00.png,Arcidae,Arca\n"
    (study.folder / "meta.csv").write_text(ragged)
    assert checking.main(["odd.yaml"]) == 1


def test_the_status_says_whether_it_can_run(study, capsys):
    study()
    assert checking.main(["odd.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "It can run: .venv/bin/snakemake --cores all --configfile odd.yaml" in printed
    assert checking.main(["none.yaml"]) == checking.main([]) == 1
    assert capsys.readouterr().out.startswith("Cannot run. none.yaml: is no file")


def test_a_simulated_study_has_nothing_to_check(study):
    made = str(Path(__file__).with_name("tiny.yaml"))
    assert checking.check(made)["photographs"] == ["none yet: the study is simulated"]


# --- headers ---


def test_headers_refuse_what_decoding_refuses_for_its_shape_or_format(tmp_path):
    put(tmp_path / "wide.png", 1, (3, 40))
    (tmp_path / "bad.png").write_bytes(b"GIF89a")
    (tmp_path / "empty.png").write_bytes(b"")
    paths = [*map(str, sorted(tmp_path.iterdir())), str(tmp_path / "lost.png")]
    limits = ({}, {"min_side": 4}, {"max_aspect_ratio": 5.0}, {"max_pixels": 100})

    def reason(inspect, path, limit):
        try:
            return inspect(path, **limit)[1:3]
        except RefusedImage as refusal:
            return refusal.reason, refusal.detail

    inspect = header_inspector(paths)
    for path in paths:
        for limit in limits:
            assert reason(inspect, path, limit) == reason(inspect_image, path, limit)


def test_an_ingest_by_headers_accepts_what_one_by_pixels_accepts(study):
    study()
    meta = study.table.assign(line=range(2, 18), specimen=None, view=None, source=None, split=None)
    meta = meta.astype({"specimen": "str", "view": "str", "source": "str", "split": "str"})
    meta[["specimen", "view", "source", "split"]] = None
    inspect = header_inspector(os.fspath(path) for path in Path("photos").iterdir())
    quick, _ = ingest("photos", meta=meta, ranks=RANKS, inspect=inspect)
    whole, _ = ingest("photos", meta=meta, ranks=RANKS)
    columns = ["id", "path", "width", "height", *RANKS, "specimen"]
    pd.testing.assert_frame_equal(quick[columns], whole[columns])


def test_what_the_library_says_is_collected_once_and_its_logger_left_as_it_was():
    logger = logging.getLogger("visgen")
    before = logger.level, list(logger.handlers), logger.propagate
    with said() as messages:
        for _ in range(2):
            logging.getLogger("visgen.names").warning("%d names", 3)
    assert messages == ["3 names"]
    assert (logger.level, list(logger.handlers), logger.propagate) == before


def test_every_reason_of_the_ingests_has_words():
    text = (ingest.__doc__ or "").partition("``no_filename")[2].partition("``.")[0]
    reasons = set(f"no_filename{text}".split()) - {"not_an_image"}
    assert reasons == set(REASONS)


def test_hidden_files_are_no_news():
    files = pd.DataFrame({"name": [".DS_Store", "a.pdf"], "reason": "not_an_image"})
    assert other_files(files) == [
        "1 ending in .pdf, such as 'a.pdf' (save the pictures in them as PNG)"
    ]
