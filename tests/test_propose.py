"""A configuration from what lies in a folder: it can be run, and says what it was made of."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from visgen.configuration.schema import load_schema
from visgen.delimited import Cells
from visgen.specimens.coverage import coverage
from visgen.specimens.paths import labels_from_paths
from visgen.starting.check import read_config
from visgen.starting.choices import choose
from visgen.starting.columns import columns_to_name, find_columns
from visgen.starting.folders import find_layout
from visgen.starting.found import Asked, Found, look_around
from visgen.starting.propose import SCHEMA, main, propose
from visgen.starting.words import FIELDS, RANKS
from visgen.starting.yaml_text import as_yaml, comment

SPECIES = {
    "Arca noae": "Arcidae",
    "Arca tetragona": "Arcidae",
    "Solen marginatus": "Solenidae",
    "Ensis ensis": "Solenidae",
    "Pinna nobilis": "Pinnidae",
}
TREE = "((Arca noae:1,Arca tetragona:1):2,(Solen marginatus:2,Ensis ensis:2):1,Pinna nobilis:3);"


cache_of_schemas = cache(load_schema)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module in ("check", "propose"):  # a schema takes a quarter of a second, the models one
        monkeypatch.setattr(f"visgen.starting.{module}.load_schema", cache_of_schemas)
    monkeypatch.setattr("visgen.starting.check.check_models", lambda backbones: None)
    return tmp_path


def put(path, seed=0):
    """Write a photograph of six by five pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)


def put_folders(folder, n=4, form="{family}/{species}/{i}.png"):
    for s, (species, family) in enumerate(SPECIES.items()):
        for i in range(n):
            put(
                folder / form.format(family=family, species=species.replace(" ", "_"), i=i),
                9 * s + i,
            )


def read(path="config/my_study.yaml"):
    """Return what a run would make of a configuration, once all checks of a run were passed."""
    return read_config(path)


def proposed(out="config/my_study.yaml", **asked):
    lines = propose(Asked(**asked), out)
    return lines, read(out)


def cells(**columns):
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return Cells(list(columns), list(range(2, len(rows) + 2)), rows)


# --- folders ---


def test_folders_of_families_and_species_give_three_ranks(here):
    put_folders(here / "photos")
    lines, config = proposed(images="photos")
    inputs = config["inputs"]
    assert inputs["ranks"] == ["family", "genus", "species"] and inputs["meta"] is None
    assert config["classification"]["ranks"] == ["family", "genus", "species"]
    assert config["backbones"]["efficientnet_lite0"]["weights"] == "bundled"
    assert config["naming"] is None and config["dataset"] == "my_study"
    assert "species: 5 taxa, 5 with 3 specimens or more, 4 photographs each in the middle" in lines


@pytest.mark.parametrize(
    ("files", "ranks", "first"),
    [
        (["Arcidae/Arca/noae/1.jpg", "Solenidae/Solen/vagina/1.jpg"],
         ["family", "genus", "species"], ("Arcidae", "Arca", "Arca noae")),
        (["Arca_noae/1.jpg", "Solen_vagina/1.jpg"], ["genus", "species"], ("Arca", "Arca noae")),
        (["all/Arca noae/1.jpg", "all/Solen vagina/1.jpg"],
         ["genus", "species"], ("Arca", "Arca noae")),
        (["Arcidae/1.jpg", "Solenidae/1.jpg"], ["family"], ("Arcidae",)),
        (["red ones/1.jpg", "blue/1.jpg", "green/2.jpg"], ["group"], ("red ones",)),
        (["Arca_noae_1.jpg", "x/Solen_vagina_front_2.jpg"],
         ["genus", "species"], ("Arca", "Arca noae")),
    ],
)  # fmt: skip
def test_levels_of_folders_are_ranks_by_what_their_names_look_like(files, ranks, first):

    layout = find_layout(files, "photos")
    labels = labels_from_paths(files, layout.pattern, layout.ranks)
    assert layout.ranks == ranks and tuple(labels.loc[0, ranks]) == first
    assert len(labels) == len(files)


def test_folders_below_the_species_are_specimens_whose_names_differ_between_species(here):
    put_folders(here / "photos", form="{species}/box{i}/front.png")
    _, config = proposed(images="photos")
    found = look_around(Asked("photos"))
    assert "(?P<specimen>" in config["inputs"]["path_pattern"]
    assert found.labels["specimen"].nunique() == 20


@pytest.mark.parametrize("files", [["IMG_1.jpg", "IMG_2.jpg"], ["a/1.jpg", "a/2.jpg"]])
def test_folders_that_name_no_taxa_are_refused_with_what_to_do(files):
    with pytest.raises(ValueError, match=r"no names of taxa.*META=table\.csv"):
        find_layout(files, "photos")


def test_a_rank_of_one_taxon_is_left_out_and_said(here):
    put_folders(here / "photos", form="Bivalvia/{family}/{species}/{i}.png")
    for path in (here / "photos").glob("Bivalvia/[SP]*"):
        path.rename(here / "photos/Bivalvia/Arcidae" / path.name)
    put(here / "photos/Bivalvia/Arcidae/Arca_noae/9.png", 99)
    for path in (here / "photos/Bivalvia/Arcidae").glob("*idae/*"):
        path.rename(here / "photos/Bivalvia/Arcidae" / path.name)
    lines, config = proposed(images="photos")
    assert config["inputs"]["ranks"] == ["genus", "species"]
    assert any(line.startswith("family: Arcidae alone, left out") for line in lines)


# --- tables ---


def test_columns_are_found_whatever_they_are_called(here):
    table = cells(
        Bild=["1.png", "2.png"],
        Gattung=["Arca", "Solen"],
        Art=["noae", "vagina"],
        catalogNumber=["a", "b"],
        Fundort=["x", "y"],
        **{"Family ": ["Arcidae", "Solenidae"]},
    )
    found = find_columns(table._replace(header=[name.strip() for name in table.header]),
                         ["1.png", "2.png"], "meta.csv")  # fmt: skip
    assert found.ranks == ["family", "genus", "species"]
    assert found.fields["species"] == ["Gattung", "Art"]
    assert found.fields["filename"] == "Bild" and found.fields["specimen"] == "catalogNumber"
    assert found.unread == found.places == ["Fundort"]
    assert columns_to_name(found)["family"] == "Family"


def test_the_column_of_files_is_the_one_whose_cells_are_files():
    table = cells(file=["x", "y"], Note=["1.png", "2.png"], species=["Arca noae", "Solen vagina"])
    found = find_columns(table, ["1.png", "2.png"], "meta.csv")
    assert found.fields["filename"] == "Note" and found.unread == ["file"]


def test_whole_names_are_preferred_to_epithets_and_no_spelling_means_two_things():
    table = cells(
        filename=["1.png"], genus=["Arca"], species=["noae"], scientificName=["Arca noae"]
    )
    assert find_columns(table, ["1.png"], "m").fields["species"] == "scientificName"
    known = [word for words in (*FIELDS.values(), *RANKS.values()) for word in words]
    assert len(known) == len(set(known))


def test_columns_of_numbers_and_empty_ones_are_no_ranks(here):
    rows = [(f"{n}.png", n, "", "Bivalvia", name) for n, name in enumerate(["Arca a", "Solen b"])]
    for name, *_ in rows:
        put(here / "photos" / name)
    table = pd.DataFrame(rows, columns=["filename", "order", "Subfamily", "Class", "Species"])
    table.to_csv("meta.csv", index=False)
    lines, config = proposed(images="photos", meta="meta.csv")
    assert config["inputs"]["ranks"] == ["species"]
    assert config["inputs"]["columns"] == {"species": "Species"}
    assert "columns that are not used: 'order', 'Subfamily'" in lines
    assert any(line.startswith("class: Bivalvia alone") for line in lines)
    assert any(line.startswith("one rank alone") for line in lines)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"family": ["A"], "species": ["A b"]}, "no column with the names of the photographs"),
        ({"filename": ["p/1.png"], "species": ["A b"]}, "line 2: .*'p/1.png'.*but '1.png' is"),
        ({"filename": ["1"], "species": ["A b"]}, "lack their ending"),
        ({"filename": ["7.png"], "species": ["A b"]}, "there lies for example '1.png'"),
        ({"filename": ["1.png"], "what": ["A b"]}, "no column that is a rank"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_a_line(columns, message):
    with pytest.raises(ValueError, match=message) as caught:
        find_columns(cells(**columns), ["1.png"], "meta.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["semicolons", "utf-16"])
def test_a_table_as_excel_saves_it_gives_a_study_with_a_tree_and_a_drawer(here, form):
    rows = []
    for s, (species, family) in enumerate(SPECIES.items()):
        for i in range(4):
            put(here / f"my photos/{s}{i}.png", 9 * s + i)
            rows.append((f"{s}{i}.png", family, *species.split(), f"box {s}{i}"))
    table = pd.DataFrame(rows, columns=["Photo", "Family", "Genus", "Species", "Specimen ID"])
    if form == "semicolons":
        table.to_csv("meta.csv", sep=";", index=False)
    else:
        table.to_csv("meta.csv", sep="\t", index=False, encoding="utf-16")
    (here / "tree.nwk").write_text(TREE)
    put(here / "drawer/u.png", 77)
    lines, config = proposed(images="my photos", meta="meta.csv", tree="tree.nwk", unnamed="drawer")
    inputs = config["inputs"]
    assert inputs["columns"] == {
        "filename": "Photo",
        "specimen": "Specimen ID",
        "family": "Family",
        "genus": "Genus",
        "species": ["Genus", "Species"],
    }
    assert inputs["tree_rank"] == "species" and config["naming"]["images"] == "drawer"
    assert config["embedding"]["folds"] == 3 and "ridge" in config["embedding"]["variants"]
    assert "tree: 5 tips; of the 5 taxa at the rank species 5 are in it" in lines


def test_sequences_are_matched_wherever_the_header_has_their_taxon(here):
    put_folders(here / "photos")
    headers = [f"X{n}|{species.replace(' ', '_')}|COI" for n, species in enumerate(SPECIES)]
    (here / "a.fasta").write_text("".join(f">{head}\n{'ACGT-' * 30}\n" for head in headers))
    lines, config = proposed(images="photos", sequences="a.fasta")
    inputs = config["inputs"]
    assert inputs["sequence_rank"] == "species" and inputs["distances"] == "inferred"
    assert config["genetics"]["alignment"]["aligner"] == "none"
    assert "sequences: 5; of the 5 taxa at the rank species 5 have one" in lines


# --- what follows from the size ---


def sized(n_species, n_each):
    """Return what is found of a study of so many species, two a genus, without its files."""
    species = [f"G{s // 2} s{s}" for s in range(n_species) for _ in range(n_each)]
    labels = pd.DataFrame({"species": species})
    labels["genus"] = labels["species"].str.split().str[0]
    labels["specimen"] = labels["id"] = labels.index.astype(str)
    taxa = coverage(labels, ["genus", "species"], None, None, None, None)
    return Found(Asked("photos"), {}, [], labels, taxa, {}, None, None, 0, 0)


def test_few_photographs_are_dealt_more_often_and_many_grow_no_forests():
    few, some, many = choose(sized(20, 5)), choose(sized(40, 100)), choose(sized(60, 100))
    assert [len(c.seeds) for c in (few, some, many)] == [5, 3, 1]
    assert [c.forests for c in (few, some, many)] == [True, True, False]
    assert (few.tail, some.tail) == (5, 100)


def test_only_ranks_that_can_be_tested_are_classified():
    assert choose(sized(20, 5)).ranks == ["genus", "species"]
    assert choose(sized(20, 2)).ranks == ["genus"]


def test_relatives_are_asked_for_where_many_taxa_are_rare_and_yet_testable():
    assert choose(sized(20, 5)).prior == "species"
    assert choose(sized(20, 40)).prior is None
    found = choose(sized(8, 5))
    assert found.prior is None and "8 species names are too few" in found.no_prior


# --- the file ---


def test_a_file_that_is_there_is_never_touched(here):
    put_folders(here / "photos")
    (here / "mine.yaml").write_text("dataset: mine\n")
    with pytest.raises(ValueError, match=r"already there.*OUT=mine_2\.yaml"):
        propose(Asked("photos"), "mine.yaml")
    assert (here / "mine.yaml").read_text() == "dataset: mine\n"


def test_a_study_that_would_not_pass_its_checks_leaves_no_file(here):
    put_folders(here / "photos", form="a\n b{family}/{species}/{i}.png")
    (here / "photos").rename(here / "pho\ntos")
    with pytest.raises(ValueError, match="control characters"):
        propose(Asked("pho\ntos"), "config/my_study.yaml")
    assert not (here / "config/my_study.yaml").exists()


NASTY = [
    "no", "1e3", "010", "1:30", "a: b", "a #b", "- x", "it's", 'say "x"', "back\\slash", "{a}",
    "[a]", "*a", "&a", "!a", "%a", "@a", "été — 日本", " blank ", "null", "~", "", "a\tb",
    "\u2028x", "2024-01-01", "x" * 300, "?", "😀",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_text_is_read_back_as_it_was(text):
    line = f"- {as_yaml(text)} # {comment(text)}"
    assert "\n" not in line
    assert yaml.safe_load(line) == [text]
    assert yaml.safe_load(as_yaml({"k": [text, 3, None, True]})) == {"k": [text, 3, None, True]}


def test_hostile_names_of_files_columns_and_taxa_stay_text(here):
    rows = []
    for s, species in enumerate(["A: b # c", "it's 'x'", 'back\\slash "q"', "<img src=x>"]):
        for i in range(3):
            put(here / f"it's: #1/{s}{i}.png", 9 * s + i)
            rows.append((f"{s}{i}.png", species))
    table = pd.DataFrame(rows, columns=["Datei", "Scientific: 'Name' # 1"])
    table.columns = ["Datei", "Scientific: Name"]
    table.to_csv("it's a table: 1.csv", index=False)
    _, config = proposed("my: study's.yaml", images="it's: #1", meta="it's a table: 1.csv")
    assert config["dataset"] == "my_study_s"
    assert config["inputs"]["images"] == "it's: #1"
    assert config["inputs"]["columns"]["species"] == "Scientific: Name"


def test_every_line_that_may_be_changed_has_a_comment(here):
    put_folders(here / "photos")
    (here / "tree.nwk").write_text(TREE)
    put(here / "drawer/u.png", 77)
    propose(Asked("photos", tree="tree.nwk", unnamed="drawer"), "config/my_study.yaml")
    lines = (here / "config/my_study.yaml").read_text().splitlines()
    bare = [line for line in lines if line and "#" not in line]
    known = ("inputs:", "splits:", "backbones:", "  variants:", "  path_pattern:", "    logistic:",
             "    prototypes:", "    random_forest:")  # fmt: skip
    assert not [line for line in bare if not line.startswith(known)]
    assert max(map(len, lines)) <= 120
    sections = set(load_schema(SCHEMA)["properties"]) - {"seed", "simulation"}
    assert not [section for section in sections if section not in "\n".join(lines)]


# --- what people bring ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "IMAGES: missing; name the folder"),
        (["phottos"], "IMAGES: found 'phottos', which is no folder; did you mean 'photos'"),
        (["empty"], "found no photograph in 'empty'.*nothing at all"),
        (["telephone"], "2 ending in .heic, such as '1.HEIC' .*save them as JPEG"),
        (["photos.zip"], "which is a file, expected a folder; unpack it"),
        (["photos", "--meta", "meta.xlsx"], "ZIP archive|Excel workbook"),
        (["photos", "--meta", "nothing.csv"], "META: found 'nothing.csv', which is no file"),
        (["photos", "--tree", "other.nwk"], "no taxon of the photographs among its 3 names"),
        (["photos", "--unnamed", "telephone"], "UNNAMED: found no photograph in 'telephone'"),
        (["photos", "--unnamed", "photos/Arcidae"], "UNNAMED: .*lies in IMAGES"),
        (["photos", "--out", "photos"], "already there"),
        (["photos", "--out", "study.txt"], "expected a name that ends in .yaml"),
    ],
)
def test_what_cannot_be_used_ends_in_one_clear_line(here, arguments, message):
    put_folders(here / "photos", n=1)
    (here / "empty").mkdir()
    (here / "telephone").mkdir()
    for n in "12":
        (here / f"telephone/{n}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("photos.zip", "meta.xlsx"):
        (here / name).write_bytes(b"PK\x03\x04")
    (here / "other.nwk").write_text("(Homo:1,Pan:1,Pongo:2);")
    with pytest.raises(ValueError, match=message) as caught:
        main(arguments)
    assert "\n" not in str(caught.value) and not (here / "config").exists()


def test_the_end_says_what_to_do_next(here, capsys):
    put_folders(here / "my photos")
    main(["my photos", "--out", "my config/a b.yaml"])
    printed = capsys.readouterr().out
    assert "make check CONFIG='my config/a b.yaml'" in printed
    assert "snakemake --cores all --configfile 'my config/a b.yaml'" in printed
