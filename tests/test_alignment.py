import shutil

import pytest
from visgen.genetics.sequences.accepted import Sequence, write_accepted
from visgen.genetics.trees.alignment import align, mafft_command, read_alignment
from visgen.genetics.trees.programs import find_program, run_program, write_neutral
from visgen.genetics.trees.representatives import choose_representatives

needs_mafft = pytest.mark.skipif(not shutil.which("mafft"), reason="mafft is not installed")

ALIGNED = [
    Sequence("a", "Alba prima", "ACG-ACGTNN"),
    Sequence("b", "Alba prima", "ACGTACGT--"),
    Sequence("c", "Alba secunda", "ACGTACGTAC"),
    Sequence("d|x;'(", "Beta d'orbignyi", "A-------AC"),
]


def program(folder, name, lines):
    """Put an executable on a path of its own."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + lines)
    path.chmod(0o755)
    return path


def test_the_representative_has_most_unambiguous_bases_and_the_first_name_among_equals():
    table = choose_representatives([
        Sequence("z", "T1", "ACGTNNNNNN"),
        Sequence("y", "T1", "ACGTA-----"),
        Sequence("n", "T2", "ACGT"),
        Sequence("m", "T2", "AC-GT"),
    ])  # fmt: skip
    assert table.to_dict("list") == {
        "taxon": ["T1", "T2"],
        "name": ["y", "m"],
        "length": [5, 4],
        "n_sequences": [2, 2],
    }


def test_without_an_aligner_the_alignment_stays_as_it_is():
    alignment, _ = align(ALIGNED, "none", "all", threads=1)
    assert alignment == ALIGNED


def test_one_sequence_a_taxon_keeps_the_order_of_the_file():
    alignment, table = align(ALIGNED, "none", "representative", threads=1)
    assert [one.name for one in alignment] == ["b", "c", "d|x;'("]
    assert table["name"].tolist() == ["b", "c", "d|x;'("]


def test_unaligned_sequences_without_an_aligner_are_refused():
    ragged = [*ALIGNED, Sequence("short", "T", "ACG"), Sequence("long", "T", "ACGTACGTACGTA")]
    with pytest.raises(
        ValueError,
        match=r"genetics\.alignment\.aligner is none.*'short' with 3, the longest 'long' with 13",
    ):
        align(ragged, "none", "all", threads=1)


@pytest.mark.parametrize(
    ("aligner", "choice", "message"),
    [
        ("muscle", "all", "genetics.alignment.aligner is 'muscle', expected one of mafft, none"),
        ("none", "some", "genetics.alignment.sequences is 'some', expected one of representative"),
    ],
)
def test_an_unknown_choice_is_refused(aligner, choice, message):
    with pytest.raises(ValueError, match=message):
        align(ALIGNED, aligner, choice, threads=1)


def test_a_single_sequence_is_refused():
    with pytest.raises(ValueError, match="1 sequences to align, expected at least 2"):
        align(ALIGNED[:2], "none", "representative", threads=1)


def test_an_alignment_comes_back_from_its_file_and_a_ragged_file_is_refused(tmp_path):
    write_accepted(tmp_path / "good.fasta", ALIGNED)
    assert read_alignment(tmp_path / "good.fasta") == ALIGNED
    write_accepted(tmp_path / "bad.fasta", [*ALIGNED, Sequence("e", "T", "A")])
    with pytest.raises(ValueError, match=r"bad\.fasta is no alignment.*'e' with 1.*'a' with 10"):
        read_alignment(tmp_path / "bad.fasta")
    write_accepted(tmp_path / "one.fasta", ALIGNED[:1])
    with pytest.raises(ValueError, match=r"one\.fasta: 1 sequences, expected at least 2"):
        read_alignment(tmp_path / "one.fasta")


def test_a_missing_program_is_told_with_key_and_remedy(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"genetics\.alignment\.aligner needs the command mafft.*conda.*package"
    ):
        align(ALIGNED, "mafft", "all", threads=1)


def test_the_first_command_found_is_taken(monkeypatch, tmp_path):
    second = program(tmp_path, "second", "")
    program(tmp_path, "third", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program(["first", "second", "third"], "key", "package") == str(second)


def test_a_failing_program_is_told_with_its_last_lines(tmp_path):
    path = program(tmp_path, "broken", 'seq 1 30; echo "out of memory" >&2; exit 3\n')
    with pytest.raises(ValueError, match="exit status 3") as caught:
        run_program([str(path), "--option"], tmp_path)
    assert "broken --option" in str(caught.value)
    assert str(caught.value).endswith("29\n30\nout of memory")
    assert "\n21\n" not in str(caught.value)


def test_results_go_to_the_file_and_news_to_the_log(tmp_path, caplog):
    path = program(tmp_path, "talking", 'echo result; printf "1%%\\r99%%\\n" >&2; pwd >&2\n')
    with caplog.at_level("INFO"):
        run_program([str(path)], tmp_path, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "result\n"
    assert caplog.messages == [str(path), "99%", str(tmp_path)]


def test_neutral_names_lead_back_to_the_true_ones(tmp_path):
    names = write_neutral(tmp_path / "neutral.fasta", ALIGNED)
    assert names == {"s0001": "a", "s0002": "b", "s0003": "c", "s0004": "d|x;'("}
    lines = (tmp_path / "neutral.fasta").read_text().split()
    assert lines[:2] == [">s0001", "ACG-ACGTNN"]
    assert lines[6:] == [">s0004", "A-------AC"]


def test_mafft_refines_in_one_thread():
    assert mafft_command("mafft", 3, "in.fasta") == [
        *("mafft", "--auto", "--nuc", "--thread", "3", "--threadit", "0", "in.fasta")
    ]


def test_an_aligner_that_changes_bases_is_not_believed(monkeypatch, tmp_path):
    program(tmp_path / "bin", "mafft", 'for last; do :; done; sed "/^>/!s/a/c/I" "$last"\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(ValueError, match="mafft changed the bases of sequence 'a'"):
        align(ALIGNED, "mafft", "all", threads=1)


@needs_mafft
def test_mafft_brings_sites_together_whatever_the_names_and_gaps_before():
    core = "ACGTTGCAAGGCTTACCGATTGCACTGGAT"
    sequences = [
        Sequence("one|1", "Alba prima", core),
        Sequence("two 2".replace(" ", "_"), "Alba secunda", core[:11] + core[18:]),
        Sequence("it's(3);", "Beta d'orbignyi", "--" + core[:13] + "-" + core[13:]),
        Sequence("four", "Beta nova", core[:-7] + "RN"),
    ]
    alignment, _ = align(sequences, "mafft", "all", threads=1)
    assert [one[:2] for one in alignment] == [one[:2] for one in sequences]
    assert alignment[0].bases == alignment[2].bases == core
    assert alignment[1].bases[:10] == core[:10]
    assert alignment[1].bases[-10:] == core[-10:]
    assert alignment[1].bases.count("-") == 7
    assert alignment[3].ungapped == core[:-7] + "RN"
    assert align(sequences, "mafft", "all", threads=2)[0] == alignment
