import numpy as np
import pandas as pd
import pytest
from visgen.classification.lineages.known import known_lineages
from visgen.naming.restriction import allow, read_restriction, restrict
from visgen.specimens.taxonomy import lineage

RANKS = ["family", "genus", "species"]
SPECIMENS = pd.DataFrame(
    [
        ("Arcidae", "Arca", "Arca noae"),
        ("Arcidae", "Arca", "Arca zebra"),
        ("Arcidae", "Barbatia", "Barbatia barbata"),
        ("Pinnidae", "Pinna", "Pinna nobilis"),
        ("Ostreidae", "Ostrea", None),
        ("Pectinidae", None, None),
        (None, "Zyx", "Zyx arca"),
    ],
    columns=RANKS,
)
ABOVE = {rank: lineage(SPECIMENS, RANKS, rank) for rank in RANKS}
LINEAGES = known_lineages({rank: pd.Index(ABOVE[rank].index) for rank in RANKS}, ABOVE)
#: The finest name of each lineage.
FINEST = LINEAGES.names.ffill(axis=1).iloc[:, -1].tolist()


def read(folder, text, place=None):
    path = folder / "list.csv"
    path.write_text(text)
    return read_restriction(path, place, RANKS)


def allowed_by(folder, text, place=None, synonyms=None):
    allowed, unknown = allow(read(folder, text, place), LINEAGES, synonyms or {})
    assert allowed.shape == (7,)
    return {name for name, can in zip(FINEST, allowed, strict=True) if can}, unknown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Arca zebra", {"Arca zebra"}),
        ("Arca", {"Arca noae", "Arca zebra"}),
        ("Arcidae", {"Arca noae", "Arca zebra", "Barbatia barbata"}),
        ("Ostreidae", {"Ostrea"}),
        ("Pectinidae", {"Pectinidae"}),
    ],
)
def test_a_taxon_of_any_rank_allows_all_below_it(tmp_path, name, expected):
    assert allowed_by(tmp_path, f"taxon,note\n{name},x\n") == (expected, [])


def test_rows_add_up_and_unknown_taxa_are_returned(tmp_path):
    text = "taxon\nPinna\nMytilus\nArca noae\nMytilus\nSolen\n"
    assert allowed_by(tmp_path, text) == ({"Pinna nobilis", "Arca noae"}, ["Mytilus", "Solen"])


def test_of_columns_of_ranks_the_finest_name_counts(tmp_path):
    text = "family,genus,species\nArcidae,Arca,Arca noae\nArcidae,Barbatia,\nPinnidae,,NA\n"
    found, unknown = allowed_by(tmp_path, text)
    assert found == {"Arca noae", "Barbatia barbata", "Pinna nobilis"}
    assert unknown == []


def test_an_unknown_species_allows_the_lineage_that_ends_above_it_and_no_other(tmp_path):
    text = (
        "family,genus,species\n"
        "Ostreidae,Ostrea,Ostrea edulis\n"  # the study knows the genus, no species
        "Pectinidae,Pecten,Pecten maximus\n"  # the study knows the family alone
        "Pinnidae,Pinna,Pinna rudis\n"  # the study knows another species
    )
    assert allowed_by(tmp_path, text) == ({"Ostrea", "Pectinidae"}, ["Pinna rudis"])


def test_names_are_normalised_and_matched_in_any_case(tmp_path):
    text = "taxon\nARCA_noae\n Pinna\u00a0 nobilis \n"
    assert allowed_by(tmp_path, text) == ({"Arca noae", "Pinna nobilis"}, [])


def test_synonyms_are_taken_as_what_they_stand_for(tmp_path):
    text = "taxon\nArca tetragona\nPinna\n"
    synonyms = {"Arca tetragona": "Arca zebra"}
    assert allowed_by(tmp_path, text, None, synonyms) == ({"Arca zebra", "Pinna nobilis"}, [])


def test_a_rank_tells_which_taxon_of_a_name_is_meant(tmp_path):
    text = "taxon,rank\nArca,Genus\nPinna,family\nBarbatia,\nOstrea,tribe\n"
    found, unknown = allowed_by(tmp_path, text)
    assert found == {"Arca noae", "Arca zebra", "Barbatia barbata"}
    assert unknown == ["Pinna", "Ostrea"]


def test_gaps_are_no_taxa(tmp_path):
    assert allowed_by(tmp_path, "taxon,n\nunknown,2\n,3\nZyx,5\n") == ({"Zyx arca"}, [])


PLACES = "taxon;place\nArca;Baltic  Sea\nPinna;Adriatic\nBarbatia;\n"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("baltic sea", {"Arca noae", "Arca zebra"}),
        ("Adriatic", {"Pinna nobilis"}),
        (None, {"Arca noae", "Arca zebra", "Pinna nobilis", "Barbatia barbata"}),
    ],
)
def test_rows_of_the_place_count(tmp_path, place, expected):
    assert allowed_by(tmp_path, PLACES, place)[0] == expected


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (PLACES, "Aegean", "no row of the place 'Aegean'; found 'Baltic Sea', 'Adriatic'"),
        ("taxon,n\nArca,2\n", "Aegean", r"columns are \['taxon', 'n'\], expected 'place' to find"),
        ("name,n\nArca,2\n", None, r"columns are \['name', 'n'\], expected 'taxon' or one of"),
        ("genus,genus\nArca,Arca\n", None, "columns are .* each once"),
        ("taxon,n\nNA,2\n,3\n", None, "found no name in 2 rows, expected names of taxa in 'taxon'"),
        ("taxon,place\nNA,x\nArca,y\n", "x", "no name in 2 rows of the place 'x'"),
    ],
)
def test_tables_without_what_is_needed_are_refused(tmp_path, text, place, message):
    with pytest.raises(ValueError, match=rf"list\.csv: .*{message}"):
        read(tmp_path, text, place)


def test_a_table_of_which_the_study_knows_nothing_is_refused(tmp_path):
    restriction = read(tmp_path, "taxon\nMytilus\nPinna nobillis\n")
    message = (
        r"list\.csv: none of its 2 taxa is of this study: found 'Mytilus', 'Pinna nobillis', "
        r"expected such as 'Arca'.*Similar are 'Pinna nobillis' and 'Pinna nobilis'\."
    )
    with pytest.raises(ValueError, match=message):
        allow(restriction, LINEAGES, {})


def probabilities():
    odds = np.random.default_rng(1).random((3, 7))
    return odds / odds.sum(axis=1, keepdims=True)


ALLOWED = np.array([True, False, True, True, False, False, False])


def test_what_is_left_sums_to_one_and_keeps_its_ratios():
    odds = probabilities()
    restricted, taken = restrict(odds, LINEAGES, ALLOWED)
    for i in range(3):
        left = odds[i, 0] + odds[i, 2] + odds[i, 3]
        expected = [odds[i, j] / left if ALLOWED[j] else 0 for j in range(7)]
        assert restricted[i] == pytest.approx(expected)
        assert taken[i] == pytest.approx(1 - left)


def test_nothing_is_taken_where_all_can_occur():
    odds = probabilities()
    restricted, taken = restrict(odds, LINEAGES, np.ones(7, bool))
    assert restricted == pytest.approx(odds)
    assert taken.tolist() == [0, 0, 0]


def test_where_nothing_is_left_all_that_can_occur_is_equally_probable():
    odds = np.where(ALLOWED, 0.0, 1 / 4)[None]
    restricted, taken = restrict(odds, LINEAGES, ALLOWED)
    assert restricted[0] == pytest.approx(ALLOWED / 3)
    assert taken == pytest.approx([1])


def test_sizes_that_differ_and_empty_restrictions_are_refused():
    with pytest.raises(ValueError, match="of 5 and a restriction of 7 lineages, expected 7"):
        restrict(probabilities()[:, :5], LINEAGES, ALLOWED)
    with pytest.raises(ValueError, match="none of 7 lineages can occur"):
        restrict(probabilities(), LINEAGES, np.zeros(7, bool))
