import logging

import pytest
from visgen.names import normalise_taxon, normalise_text, say_alike, say_hidden, say_mixed


@pytest.mark.parametrize(
    ("given", "name"),
    [
        *((name, "Salix \u00d7 rubens") for name in (
            "Salix \u00d7 rubens", "Salix x rubens", "Salix X rubens", "Salix \u00d7rubens",
            "Salix_x_rubens", "Salix\u00a0\u2715\u00a0rubens", "Salix \u2a2frubens",
        )),
        *((name, "\u00d7 Triticosecale") for name in (
            "\u00d7Triticosecale", "x Triticosecale", "X Triticosecale", "xTriticosecale",
        )),
        *((name, name) for name in (
            "X", "Xus", "X alba", "Rosa xanthina", "Arca sp. X", "xanthina", "Xenia", "Arca x",
            "Morphotype X 3",
        )),
        ("Salix alba x Salix fragilis", "Salix alba \u00d7 Salix fragilis"),
    ],
)  # fmt: skip
def test_the_sign_of_a_hybrid_has_one_form(given, name):
    assert normalise_taxon(given) == name == normalise_taxon(name)


HIDDEN = "\u200b\u200f\u202a\u202e\u2066\u2069\ufeff\u00ad\x00\x07\x9d\u3164"


@pytest.mark.parametrize("sign", HIDDEN, ids=ascii)
def test_what_cannot_be_seen_goes(sign):
    assert normalise_text(f"{sign}Ar{sign}ca{sign}") == "Arca"


@pytest.mark.parametrize("blank", "\u00a0\u2009\u3000\t\n\x85\u2028", ids=ascii)
def test_every_blank_is_one_blank(blank):
    assert normalise_taxon(f"Arca{blank} noae{blank}") == "Arca noae"


def test_a_line_end_of_excel_goes():
    assert normalise_taxon("Arca_noae_x000D_") == "Arca noae"


def test_what_cannot_be_seen_is_said_once_with_an_example(caplog):
    caplog.set_level(logging.INFO)
    say_hidden(["Arca", "Ar\u200bca", "\ufeffArca"], "tree.nwk")
    say_hidden(["Arca"], "tree.nwk")
    [message] = caplog.messages
    assert message.startswith("tree.nwk: ") and message.endswith(
        r"2 names or cells, first in 'Ar\u200bca'"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("\u0410cer rubrum", True),
        ("Acer r\u03bfbrum", True),
        ("Ac\u00e9r \u00d7 r\u0153b", False),
        ("\u041a\u043b\u0451\u043d", False),
        ("Arca sp. \u03b2", True),
    ],
)
def test_letters_of_two_scripts_are_said(caplog, name, said):
    say_mixed([name], "meta.csv")
    assert ("among Latin ones" in caplog.text and "meta.csv" in caplog.text) == said


@pytest.mark.parametrize(
    "name", ["\uff21rca fl\u2010x", "\U0001d434rca \ufb02\u2212x", "Arca_fl\u2011x"]
)
def test_letters_and_hyphens_of_another_form_are_plain(name):
    assert normalise_taxon(name) == "Arca fl-x"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Arca noae", "Arca noae."], "'Arca noae.' and 'Arca noae'"),
        (["Arca noae (Linn\u00e9, 1758)", "Arca noae"], "differ in signs or authors only (1)"),
        (["Arca (Arca) noae", "<i>Arca noae</i>"], "differ in signs or authors only (1)"),
        (["Arca sp.", "Arca noae"], "taken as taxa like others (1): 'Arca sp.'"),
        (["Arca noae (L.", "Arca nova"], "half a pair of brackets (1)"),
        (["Arca noae", "Arca nova (L.)", "Arca sp. 1"], ""),
    ],
)
def test_names_that_may_be_one_taxon_or_several_are_said(caplog, names, said):
    say_alike(names, "rank species")
    assert (said in caplog.text) if said else not caplog.text
