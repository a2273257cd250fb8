import logging

import pytest
from visgen.spellings import accept, match_case, match_names, propose, similar_names, unify_case

STUDY = ["Acer rubrum", "Acer capillipes"]


def test_equal_spellings_keep_the_one_of_nomenclature():
    assert unify_case(["ACER", "Acer", "acer"], "x") == dict.fromkeys(
        ["ACER", "Acer", "acer"], "Acer"
    )


def test_names_take_the_case_of_the_study_and_it_is_said(caplog):
    caplog.set_level(logging.INFO)
    names = ["Acer Capillipes", "Acer rubrum", "Acer Nigrum"]
    assert list(match_case(names, STUDY, "t.nwk").values()) == [
        "Acer capillipes", "Acer rubrum", "Acer Nigrum",
    ]  # fmt: skip
    assert "t.nwk" in caplog.text and "'Acer Capillipes' is 'Acer capillipes'" in caplog.text
    assert "rubrum" not in caplog.text


@pytest.mark.parametrize(
    ("names", "used"),
    [
        pytest.param(["Acer old"], ["Acer rubrum"], id="synonym"),
        pytest.param(["acer OLD"], ["Acer rubrum"], id="synonym in another case"),
        pytest.param(
            ["Acer rubrum", "Acer old"], ["Acer rubrum", "Acer old"], id="its own name is there"
        ),
        pytest.param(
            ["Acer Rubrum", "Acer old"], ["Acer rubrum", "Acer old"], id="in another case"
        ),
        pytest.param(
            ["Acer rubrum", "Acer Rubrum"], ["Acer rubrum", "Acer Rubrum"], id="twice but for case"
        ),
        pytest.param(["Fagus a", "Fagus b"], ["Fagus a", "Fagus b"], id="not of the study"),
    ],
)
def test_each_taxon_has_one_tip(names, used):
    synonyms = {"Acer old": "Acer rubrum", "Fagus a": "Fagus", "Fagus b": "Fagus"}
    assert list(match_names(names, STUDY, synonyms, "t.nwk").values()) == used


def test_two_tips_of_one_taxon_are_refused():
    synonyms = {"A": "Acer rubrum", "B": "Acer rubrum"}
    with pytest.raises(ValueError, match=r"t\.nwk: 'A' and 'B' both stand for 'Acer rubrum'"):
        match_names(["A", "B"], STUDY, synonyms, "t.nwk")


def test_a_synonym_that_is_not_there_is_said(caplog):
    caplog.set_level(logging.INFO)
    accept(["Acer old"], {"Acer old": "Acer", "Acer lost": "Acer", "Acer": "Acer"}, "t.nwk")
    assert "t.nwk: synonyms that are not there: 'Acer lost'" in caplog.messages


@pytest.mark.parametrize("n_others", [1, 20_000])
def test_the_nearest_name_is_proposed_among_few_and_many(n_others):
    others = [f"Genus{i} species{i}" for i in range(n_others)]
    here = ["\u0410cer rubrum", "Quercus"]  # the first begins with a Cyrillic letter
    assert similar_names(here, [*others, "Acer rubrum"]) == {here[0]: "Acer rubrum", "Quercus": ""}
    assert propose(["Quercus"], others) == ""
