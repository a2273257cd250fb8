import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import reverse_complement
from visgen.genetics.fasta import read_fasta
from visgen.genetics.sequences.accepted import read_accepted, write_accepted
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.ingest import COLUMNS, ingest
from visgen.genetics.sequences.matching import count_accepted, find_unmatched
from visgen.names import normalise_taxon
from visgen.tables import read_table, write_table

SHARED = Path(__file__).parents[2] / "shared" / "data"
RDNA = SHARED / "foram_rdna" / "sequences.fasta"
RDNA_PATTERN = r"^[^|]*\|[^|]*\|(?P<genus>[^_|]+)_(?P<species>[^|]+)\|"
needs_rdna = pytest.mark.skipif(not RDNA.exists(), reason="real data not beside the checkout")

DEFAULTS = {
    "min_length": 5,
    "max_length": None,
    "max_ambiguous": 0.2,
    "duplicates": "keep",
    "reverse_complements": "refuse",
}
PATTERN = r"^\S+\s+(?P<taxon>\S.*)$"
RNG = np.random.default_rng(11)
ANCESTOR = RNG.choice(list("ACGT"), 211)


def relative(seed):
    rng = np.random.default_rng(seed)
    changed = np.where(rng.random(211) < 0.1, rng.choice(list("ACGT"), 211), ANCESTOR)
    return "".join(changed)


def run(tmp_path, text, filters=(), **options):
    path = tmp_path / "rdna.fasta"
    path.write_text(text, encoding="utf-8")
    if "taxa" not in options:
        options.setdefault("pattern", PATTERN)
    return ingest(path, filters=Filters(**DEFAULTS | dict(filters)), **options)


def fates(table):
    return dict(zip(table["name"], table["reason"], strict=True))


FINE = ">ok1 Arca noae\nACGTAC\n>ok2 Pinna nobilis\nAAGTCC\n"


def test_table_has_every_record_in_order_and_the_fasta_what_is_accepted(tmp_path):
    text = (
        ">>s1 Arca_noae\nacgu\nAC.GN~\n>s2 Pinna nobilis\nGGG CCA*\n>s3\nACGTACG\n"
        ">s4 Arca alba\nAC\n"
    )
    table, accepted = run(tmp_path, text)
    assert table.columns.tolist() == COLUMNS
    expected = [
        (1, "s1", "Arca noae", "Arca noae", 8, 4 / 7, 1 / 8, 2, "", "forward", "accepted"),
        (2, "s2", *["Pinna nobilis"] * 2, 6, 5 / 6, 0.0, 0, "", "forward", "accepted"),
        (3, "s3", "", "", 7, 4 / 7, 0.0, 0, "", "", "refused"),
        (4, "s4", "Arca alba", "Arca alba", 2, 0.5, 0.0, 0, "", "", "refused"),
    ]
    assert list(table[COLUMNS[:-2]].itertuples(index=False, name=None)) == expected
    assert table["reason"].tolist() == ["", "", "no_taxon", "too_short"]
    assert table["detail"].tolist() == [
        "",
        "",
        "inputs.sequence_pattern finds no taxon in 's3'",
        "it has 2 bases, expected at least 5",
    ]
    assert accepted == [
        ("s1", "Arca noae", "ACGTAC-GN-"),
        ("s2", "Pinna nobilis", "GGGCCA"),
    ]


@pytest.mark.parametrize(
    ("bases", "filters", "reason", "detail"),
    [
        ("", {}, "empty", "it has no bases"),
        ("---..~", {}, "empty", "it has no bases"),
        ("*", {}, "empty", "it has no bases"),
        ("ACGTAC1", {}, "not_nucleotides", "it holds '1', expected letters .*: digits, as some"),
        ("MSLEQKACGT", {}, "not_nucleotides", "it holds 'ELQ', .*: it looks like protein"),
        ("AC*GTAC", {}, "not_nucleotides", r"it holds '\*', .*: it looks like protein"),
        ("AC'GTAC", {}, "not_nucleotides", r"it holds \"'\", expected letters of IUPAC"),
        ("???", {}, "empty", "it has no bases"),
        ("??ACGT?~", {}, "too_short", "it has 4 bases, expected at least 5"),
        ("ACGTA>x Lima", {}, "not_nucleotides", "it holds '>.*: a '>' stands within a line"),
        ("AC-GT--", {}, "too_short", "it has 4 bases, expected at least 5"),
        ("ACGTACGT", {"max_length": 7}, "too_long", "it has 8 bases, expected at most 7"),
        ("ACGTNNR", {}, "ambiguous", "42.86% of its letters are not A, C, G or T, .* 20.00%"),
        ("NNNNNNN", {}, "ambiguous", "100.00%"),
    ],
)
def test_unfit_sequence_is_refused_with_reason_and_detail(tmp_path, bases, filters, reason, detail):
    table, accepted = run(tmp_path, FINE + f">bad Arca noae\n{bases}\n", filters=filters)
    assert fates(table) == {"ok1": "", "ok2": "", "bad": reason}
    assert pd.Series(table["detail"].iloc[2]).str.match(detail).all()
    assert [sequence.name for sequence in accepted] == ["ok1", "ok2"]


@pytest.mark.parametrize(
    ("text", "bases", "length", "ambiguous"),
    [
        ("?-?ACGTAC??", "---ACGTAC--", 6, 0),
        ("ACGT??AC", "ACGTNNAC", 6, 0),
        ("acgtuXAC", "ACGTTNAC", 8, 1 / 8),
        ("..ACGTA.C~", "--ACGTA-C-", 6, 0),
    ],
    ids=["ends", "inside", "lower case, U and X", "signs of gaps"],
)
def test_what_is_missing_is_no_base(tmp_path, text, bases, length, ambiguous):
    table, accepted = run(tmp_path, FINE + f">s Arca noae\n{text}\n")
    assert accepted[2].bases == bases
    assert table[["length", "ambiguous"]].iloc[2].tolist() == [length, ambiguous]


def test_points_that_stand_for_the_first_sequence_stop_the_run(tmp_path):
    rows = [">a Arca noae\nACGTACGTAC\n", ">b Lima\n...T.....-\n", ">c Lima lima\n..........\n"]
    with pytest.raises(ValueError, match=r"rdna\.fasta: in 2 of 3 records .* write the bases out"):
        run(tmp_path, "".join(rows))
    table, _ = run(tmp_path, FINE + ">gaps Arca noae\n.ACGTA\n")
    assert (table["reason"] == "").all()


def test_limits_themselves_are_accepted(tmp_path):
    text = FINE + ">at Arca noae\nACGTN\n>top Arca noae\nACGTAGG\n"
    table, _ = run(tmp_path, text, filters={"max_length": 7})
    assert (table["reason"] == "").all()


def test_proteins_have_a_length_but_no_gc(tmp_path):
    table, _ = run(tmp_path, FINE + ">p Arca noae\nMSLEQ\n")
    assert table["length"].iloc[2] == 5
    assert table[["gc", "ambiguous"]].iloc[2].isna().all()


def test_a_name_with_two_contents_is_refused_wherever_it_stands(tmp_path):
    text = FINE + ">x Arca noae\nACGTT\n>x Arca noae\nACGTA\n>y Arca noae\nACGTA\n>y Lima\nACGTA\n"
    table, _ = run(tmp_path, text + ">x Arca noae\nACGTT\n")
    assert table["reason"].tolist() == ["", "", *["name_taken"] * 5]
    of_x = "rows 3, 4, 7 have the name 'x', with different bases or taxa"
    of_y = "rows 5, 6 have the name 'y', with different bases or taxa"
    assert table["detail"].tolist()[2:] == [of_x, of_x, of_y, of_y, of_x]


def test_a_record_given_twice_is_kept_once(tmp_path):
    table, accepted = run(tmp_path, FINE + ">ok1 Arca_noae\nAC-GTAC\n")
    assert table["reason"].tolist() == ["", "", "duplicate"]
    assert table["detail"].iloc[2] == "row 1 has the same name, bases and taxon"
    assert table["duplicate_of"].tolist() == ["", "", "ok1"]
    assert [sequence.bases for sequence in accepted] == ["ACGTAC", "AAGTCC"]


TWINS = (
    ">a Arca noae\nACGTAC\n>b Lima lima\nAC-GTAC\n>c Lima lima\nACGTAC\n>d Arca noae\nacgtac\n"
    ">e Pinna nobilis\nAAGTCC\n"
)


@pytest.mark.parametrize(
    ("duplicates", "reasons"),
    [("keep", ["", "", "", "", ""]), ("refuse", ["", "", "duplicate", "duplicate", ""])],
)
def test_same_bases_are_refused_within_a_taxon_only_and_named_across_taxa(
    tmp_path, duplicates, reasons
):
    table, _ = run(tmp_path, TWINS, filters={"duplicates": duplicates})
    assert table["reason"].tolist() == reasons
    assert table["duplicate_of"].tolist() == ["", "a", "a", "a", ""]
    details = table["detail"].tolist()
    assert details[:2] == [
        "other taxa have the same bases: Lima lima",
        "other taxa have the same bases: Arca noae",
    ]
    if duplicates == "refuse":
        assert details[2] == "the same bases as b of the same taxon"
        assert details[3] == "the same bases as a of the same taxon"


def test_long_lists_of_rows_and_taxa_end_in_how_many_more(tmp_path):
    names = "".join(f">x Arca noae\nACGTA{'A' * i}\n" for i in range(23))
    taxa = "".join(f">s{i} T{i:02d}\nACGTTT\n" for i in range(29))
    table, _ = run(tmp_path, FINE + names + taxa)
    detail = table["detail"].iloc[2]
    assert detail.startswith("rows 3, 4, ") and ", 22 and 3 more have the name 'x'" in detail
    first, last = table["detail"].iloc[25], table["detail"].iloc[-1]
    assert first.endswith(": " + ", ".join(f"T{i:02d}" for i in range(1, 21)) + " and 8 more")
    assert last.endswith(": " + ", ".join(f"T{i:02d}" for i in range(20)) + " and 8 more")


def test_a_refused_record_takes_no_twin_with_it(tmp_path):
    text = ">z\nACGTAC\n" + FINE + ">last Arca noae\nACGTAC\n"
    table, _ = run(tmp_path, text, filters={"duplicates": "refuse"})
    assert table["reason"].tolist() == ["no_taxon", "", "", "duplicate"]
    assert table["duplicate_of"].tolist() == ["", "", "", "ok1"]


@pytest.mark.parametrize("choice", ["refuse", "turn", "keep"])
def test_reverse_complement_is_refused_turned_or_only_marked(tmp_path, choice):
    sequences = [relative(seed) for seed in range(7)]
    given = list(sequences)
    given[4] = reverse_complement(sequences[4])[:100] + "-" + reverse_complement(sequences[4])[100:]
    text = "".join(f">s{i} Arca noae\n{bases}\n" for i, bases in enumerate(given))
    table, accepted = run(tmp_path, text, filters={"reverse_complements": choice})
    assert table["orientation"].tolist() == ["forward"] * 4 + ["reverse"] + ["forward"] * 2
    bases = {sequence.name: sequence.bases for sequence in accepted}
    if choice == "refuse":
        assert table["reason"].iloc[4] == "reverse_complement"
        assert "s4" not in bases
    else:
        assert table["status"].iloc[4] == "accepted"
        expected = sequences[4][:111] + "-" + sequences[4][111:] if choice == "turn" else given[4]
        assert bases["s4"] == expected
        assert table["detail"].iloc[4].startswith("turned: ") == (choice == "turn")
    assert (table["detail"].drop(4) == "").all()


def test_a_turned_sequence_is_a_duplicate_of_what_it_turns_into(tmp_path):
    sequences = [relative(seed) for seed in range(5)] + [reverse_complement(relative(2))]
    text = "".join(f">s{i} Arca noae\n{bases}\n" for i, bases in enumerate(sequences))
    filters = {"reverse_complements": "turn", "duplicates": "refuse"}
    table, _ = run(tmp_path, text, filters=filters)
    assert table.loc[5, ["duplicate_of", "reason"]].tolist() == ["s2", "duplicate"]
    kept, _ = run(
        tmp_path, text + ">t Lima\n" + relative(2), filters={"reverse_complements": "turn"}
    )
    assert kept["detail"].iloc[5] == (
        "turned: its reverse complement fits most others better; "
        "other taxa have the same bases: Lima"
    )


def test_taxa_come_from_a_table_and_through_synonyms(tmp_path):
    text = ">s1|x\nACGTAC\n>s2 more words\nAAGTCC\n>s3\nAAGTCT\n>s4\nAAGTGG\n"
    table, accepted = run(
        tmp_path,
        text,
        taxa={"s2": "Pinna nobilis", "s1|x": "Arca alba", "s3": "", "lost": "Lima lima"},
        synonyms={"Arca alba": "Arca noae", "Lima": "Lima lima"},
    )
    assert table["given_taxon"].tolist() == ["Arca alba", "Pinna nobilis", "", ""]
    assert table["taxon"].tolist() == ["Arca noae", "Pinna nobilis", "", ""]
    assert table["detail"].tolist()[2:] == [
        "its row in inputs.sequence_table names no taxon",
        "no row of inputs.sequence_table has its name",
    ]
    assert accepted[0] == ("s1|x", "Arca noae", "ACGTAC")


def test_pattern_and_table_exclude_each_other(tmp_path):
    with pytest.raises(ValueError, match="either a pattern over headers or a table"):
        run(tmp_path, FINE, pattern=PATTERN, taxa={"ok1": "A"})


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            ">a Arca noae\nMSLE\n>b Lima\n\n>c Arca noae\nQKV\n",
            {},
            r"all 2 records hold letters that are no nucleotides \(ELQ\): it looks like protein",
        ),
        (
            ">a\nACGTAC\n>b Lima\nAC\n>c\nACGTAA\n",
            {},
            "0 of 3 sequences accepted, expected at least 2: no_taxon: 2, such as row 1: .*; "
            "too_short: 1, such as row 2: it has 2 bases",
        ),
        (">a Arca noae\nACGTAC\n>b Lima\nAC\n", {}, "1 of 2 sequences accepted.*: too_short: 1"),
        ("ACGT\n", {}, "not a FASTA file: it starts with 'ACGT'"),
    ],
    ids=["protein", "none", "one", "no fasta"],
)
def test_a_file_that_carries_no_study_is_refused_as_a_whole(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=rf"rdna\.fasta: .*{message}"):
        run(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("min_length", 0, "is 0, expected at least 1"),
        ("max_length", 4, r"is 4, expected at least genetics\.filters\.min_length, which is 5"),
        ("max_ambiguous", 1.5, "is 1.5, expected 0 to 1"),
        ("duplicates", "drop", "is 'drop', expected one of keep, refuse"),
        ("reverse_complements", "no", "is 'no', expected one of refuse, turn, keep"),
    ],
)
def test_filter_out_of_range_is_refused_with_its_key(key, value, message):
    with pytest.raises(ValueError, match=rf"genetics\.filters\.{key} {message}"):
        Filters(**DEFAULTS | {key: value})


def test_names_of_one_side_only_are_listed_with_hints(tmp_path):
    text = ">1\nACGTAC\n>2\nAAGTCC\n>3\nAAGTTT\n>4\nA\n"
    taxa = {
        "1": "Arca noae",
        "2": "Pnina nobilis",
        "3": "Lima lima",
        "4": "Ostrea edulis",
        "5": "X",
    }
    study = ["Pinna nobilis", "Arca noae", "Ostrea edulis", "Mima mima", "Arca noae"]
    table, _ = run(tmp_path, text, taxa=taxa)
    assert find_unmatched(table, study, taxa).to_numpy().tolist() == [
        ["Mima mima", "images", "sequences", ""],
        ["Ostrea edulis", "images", "sequences", ""],
        ["Pinna nobilis", "images", "sequences", "Pnina nobilis"],
        ["5", "sequence_table", "sequences", ""],
        ["Lima lima", "sequences", "images", ""],
        ["Pnina nobilis", "sequences", "images", "Pinna nobilis"],
    ]


def test_names_in_another_case_are_one_taxon_and_synonyms_their_accepted_one(tmp_path):
    taxa = ["ARCA NOAE", "Arca noae", "Arca\u200b Noae", "lima OLD", "Arca noae"]
    text = "".join(f">{i} {taxon}\nACGTAC\n" for i, taxon in enumerate(taxa))
    table, _ = run(tmp_path, text, synonyms={"Lima old": "Lima lima"})
    assert table["taxon"].tolist() == [*["Arca noae"] * 3, "Lima lima", "Arca noae"]
    assert table["given_taxon"].tolist()[::3] == ["ARCA NOAE", "lima OLD"]


def test_a_name_that_has_no_end_is_refused(tmp_path):
    text = f">1 {'Arca' * 750}\nACGTAC\n>{'n' * 201} Lima lima\nACGTAC\n>{'n' * 200} Lima\nACGTAC\n"
    table, _ = run(tmp_path, FINE + text)
    assert table["reason"].tolist() == ["", "", "name_too_long", "name_too_long", ""]
    assert table["detail"].iloc[2].startswith("given_taxon has 3,000 letters, expected at most 200")
    assert table["detail"].iloc[3].startswith("name has 201 letters")


def test_rows_left_over_are_proposed_the_names_that_have_none(tmp_path):
    table, _ = run(tmp_path, ">seq1\nACGTAC\n>seq2\nAAGTCC\n>Seq3\nAAGTCC\n", taxa=(taxa := {
        "seq1": "Arca noae", "seq2": "Lima lima", "seq3": "Lima lima",
    }))  # fmt: skip
    unmatched = find_unmatched(table, ["Arca noae", "Lima lima"], taxa)
    assert unmatched.to_numpy().tolist() == [["seq3", "sequence_table", "sequences", "Seq3"]]


def test_no_taxon_with_sequences_and_images_is_refused(tmp_path):
    table, _ = run(tmp_path, FINE)
    message = (
        r"\(2\): \['Arca noae', 'Pinna nobilis'\]; images \(2\): \['Yy', 'Zz'\].*"
        r"inputs\.sequence_pattern or inputs\.sequence_table, inputs\.sequence_rank and "
        r"inputs\.synonyms"
    )
    with pytest.raises(ValueError, match=message):
        find_unmatched(table, ["Zz", "Yy"])


def test_a_word_that_most_names_share_suggests_nothing(tmp_path):
    rows = pd.DataFrame({"taxon": [f"{i:04d}a sp." for i in range(601)], "status": "accepted"})
    unmatched = find_unmatched(rows.assign(name="s"), ["0600b sp.", "0000a sp."])
    assert unmatched["similar_name"].eq("").sum() == 600 - unmatched["name"].eq("0600b sp.").sum()


def test_everything_matched_gives_an_empty_table(tmp_path):
    table, _ = run(tmp_path, FINE)
    unmatched = find_unmatched(table, ["Arca noae", "Pinna nobilis"])
    assert unmatched.columns.tolist() == ["name", "found_in", "missing_from", "similar_name"]
    assert unmatched.empty


def test_tables_and_fasta_come_back_as_written_with_numerals_as_names(tmp_path):
    text = ">007 12\nACGTAC\n>1e3 12\nACGTAC\n>3 True\nAAGT-CC\n"
    table, accepted = run(tmp_path, text)
    write_table(tmp_path / "s.tsv", table)
    write_accepted(tmp_path / "a.fasta", accepted)
    back = read_table(tmp_path / "s.tsv").fillna({"duplicate_of": ""})
    for column in ("name", "given_taxon", "taxon", "duplicate_of", "status"):
        assert back[column].tolist() == table[column].tolist(), column
    assert list(read_accepted(tmp_path / "a.fasta")) == accepted
    assert count_accepted(back) == {"12": 2, "True": 1}


def outputs(folder, path):
    folder.mkdir()
    filters = Filters(**DEFAULTS | {"min_length": 100, "max_ambiguous": 0.02})
    table, accepted = ingest(path, filters=filters, pattern=RDNA_PATTERN)
    write_table(folder / "sequences.tsv", table)
    write_accepted(folder / "accepted.fasta", accepted)
    return table, [(folder / name).read_bytes() for name in ("sequences.tsv", "accepted.fasta")]


@needs_rdna
def test_all_published_records_are_accounted_for_in_whatever_form_they_come(tmp_path):
    classes = pd.read_csv(SHARED / "foram_rdna" / "endless_forams_32.csv")
    names = classes["genus"] + " " + classes["species"]
    study = names.map(normalise_taxon).unique()
    table, plain = outputs(tmp_path / "plain", RDNA)
    assert table["row"].tolist() == list(range(1, 879))
    assert table["status"].value_counts().to_dict() == {"accepted": 878}
    assert table["taxon"].isin(study).sum() == 828
    assert sum(count_accepted(table).values()) == 878
    assert table["orientation"].unique().tolist() == ["forward"]
    unmatched = find_unmatched(table, study)
    assert unmatched["found_in"].tolist() == ["sequences"] * 6  # 39 species, 33 with images
    lines = [
        line if line.startswith(">") else line.lower().replace("t", "u")
        for line in RDNA.read_text().splitlines()
    ]
    packed = tmp_path / "rdna.txt"
    packed.write_bytes(gzip.compress("\r\n".join(lines).encode("utf-8-sig")))
    _, other = outputs(tmp_path / "packed", packed)
    assert plain == other


@needs_rdna
def test_a_pattern_that_misses_some_headers_loses_no_record():
    table, accepted = ingest(
        RDNA,
        filters=Filters(**DEFAULTS),
        pattern=RDNA_PATTERN.replace(r"\|[^|]*\|", r"\|\d+\|"),  # types such as DS are no numbers
    )
    assert table["reason"].value_counts().to_dict() == {"": 744, "no_taxon": 134}
    assert len(accepted) == 744


@needs_rdna
@pytest.mark.parametrize("seed", range(2))
def test_published_sequences_hidden_as_reverse_complements_come_back_turned(tmp_path, seed):
    records = list(read_fasta(RDNA))
    hidden = set(np.random.default_rng(seed).choice(len(records), 20, replace=False).tolist())
    path = tmp_path / "hidden.fasta"
    path.write_text(
        "".join(
            f">{header}\n{reverse_complement(text) if i in hidden else text}\n"
            for i, (header, text) in enumerate(records)
        )
    )
    filters = Filters(**DEFAULTS | {"reverse_complements": "turn"})
    options = {"filters": filters, "pattern": RDNA_PATTERN}
    table, accepted = ingest(path, **options)
    assert set(np.flatnonzero(table["orientation"] == "reverse").tolist()) == hidden
    assert accepted == ingest(RDNA, **options)[1]


RUN = """
import sys
from pathlib import Path
from types import SimpleNamespace
snakemake = SimpleNamespace(
    input=SimpleNamespace(
        table=["taxa.tsv"], sequence_table=["taxa.tsv"], synonyms=["synonyms.csv"],
        labels=["genus.parquet", "species.parquet"], splits=[],
        groups="groups.parquet", tree=[], distances=[],
    ),
    output=SimpleNamespace(
        table="sequences.tsv", accepted="accepted.fasta", unmatched="unmatched.tsv",
        coverage="coverage.tsv", ranks="ranks.tsv", notes=[],
    ),
    params=SimpleNamespace(
        pattern="x", filters=FILTERS, ranks=["genus", "species"], tree_rank=None,
        sequence_rank="species",
    ),
    log=["log"],
)
for script, sequences in zip(sys.argv[1:], (["rdna.fasta"], "sequences.tsv")):
    snakemake.input.sequences = sequences
    exec(compile(Path(script).read_text(), script, "exec"))
"""


def test_scripts_write_the_tables_that_the_coverage_counts(tmp_path):
    (tmp_path / "rdna.fasta").write_text(">a x\nACGTAC\n>b\nAAGTCC\n>c\nAAG\n>e\nACGTAA\n")
    (tmp_path / "taxa.tsv").write_text(
        "sequence\ttaxon\na\tArca alba\nb\tLima lima\nc\tArca noae\nd\tLima lima\ne\tArca noae\n"
    )
    (tmp_path / "synonyms.csv").write_text("name,accepted\nArca alba,Arca noae\n")
    images = pd.DataFrame({"id": ["1", "2", "3"], "specimen": ["1", "2", "3"]})
    genera, species = ["Arca", "Arca", "Pinna"], ["Arca noae", None, "Pinna nobilis"]
    images.assign(split=None).to_parquet(tmp_path / "groups.parquet")
    images.assign(genus=genera).to_parquet(tmp_path / "genus.parquet")
    images.assign(species=species).to_parquet(tmp_path / "species.parquet")
    scripts = Path(__file__).parents[1] / "workflow" / "scripts"
    names = ("ingest_sequences.py", "measure_coverage.py")
    subprocess.run(
        [
            sys.executable,
            "-c",
            RUN.replace("FILTERS", repr(DEFAULTS)),
            *(scripts / n for n in names),
        ],
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(scripts.parent / "lib"), "OPENBLAS_NUM_THREADS": "1"},
    )
    table = read_table(tmp_path / "sequences.tsv")
    assert fates(table.fillna({"reason": ""})) == {"a": "", "b": "", "c": "too_short", "e": ""}
    assert (tmp_path / "accepted.fasta").read_text() == (
        ">a Arca noae\nACGTAC\n>b Lima lima\nAAGTCC\n>e Arca noae\nACGTAA\n"
    )
    unmatched = read_table(tmp_path / "unmatched.tsv")
    assert unmatched["name"].tolist() == ["Pinna nobilis", "d", "Lima lima"]
    coverage = read_table(tmp_path / "coverage.tsv").set_index("taxon")["n_sequences"]
    assert coverage.to_dict() == {"Arca": 2, "Pinna": 0, "Arca noae": 2, "Pinna nobilis": 0}
