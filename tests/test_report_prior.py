"""What the page says of relatives and rare taxa."""

import numpy as np
import pandas as pd
import pytest
from visgen.metrics import metrics_table
from visgen.report.prior.content import prior_content
from visgen.report.prior.findings import prior_findings
from visgen.tables import write_table

P = {"shown": 0.01, "undecided": 0.05, "not": 0.4}


def score(variant, metric="tail_accuracy", part="test", value=0.5, **more):
    labels = {"experiment": "prior", "rank": "species", "evaluator": "balanced", "n": 12}
    labels |= {"variant": variant, "part": part, "metric": metric, "value": value}
    return labels | {"ci_low": value - 0.02, "ci_high": value + 0.02} | more


def gain(variant, p, against="nothing", value=0.03, n_permutations=99, **more):
    of_null = {"p": p, "n_permutations": n_permutations}
    return score(variant, value=value, role="difference", against=against, **of_null, **more)


def study(alone="shown", beyond="not", **more):
    rows = [score("nothing"), score("nothing", "head_accuracy")]
    for source in ("taxonomy", "tree", "alignment"):
        rows += [score(source, value=0.53), gain(source, P[alone], **more)]
        rows.append(gain(source, None, metric="head_accuracy", value=-0.005))
        rows.append(score(source, "worth", "curve_1", 0.4))
    for source in ("tree", "alignment"):
        both = f"{source}_beyond_taxonomy"
        rows += [score(both, value=0.54), gain(both, P[beyond], "taxonomy")]
        within = {"role": "expected", "against": "permuted_within_genus"}
        rows.append(score(both, value=0.53, p=0.3, n_permutations=99) | within)
    return rows


def said(rows, omitted=(), lacking=None):
    return prior_findings(metrics_table(rows), "species", 2, 3, list(omitted), lacking or {})


@pytest.mark.parametrize(
    ("alone", "words"),
    [
        ("shown", "a gain is shown, worth 0.4 more to taxa with one specimen"),
        ("undecided", "undecided"),
        ("not", "no gain"),
    ],
)
def test_a_gain_is_called_what_p_and_interval_say(alone, words):
    first = said(study(alone))[0]
    assert first.startswith(
        "Rare taxa (species with one training specimen, 12 of them on average over 3 splits): "
        "without relatives 50.0 % (95 % 48.0 % to 52.0 %) of their specimens are named right."
    )
    assert "Relatives by tree: 53.0 % (95 % 51.0 % to 55.0 %), +3.0 points" in first
    assert first.count(words) == 3
    assert "taxa with more specimens change by −0.5 points" in first


def test_a_gain_whose_interval_holds_zero_is_not_shown_whatever_p_is():
    first = said(study("shown", ci_low=-0.01))[0]
    assert "shown" not in first and first.count("undecided") == 3


def test_few_permutations_cannot_tell():
    assert "p is too coarse" in said(study("undecided", n_permutations=19))[0]


def test_genes_are_not_the_tree_and_are_asked_beyond_the_taxonomy():
    sentences = said(study(beyond="not"))
    (tree,) = [one for one in sentences if one.startswith("The tree beyond the taxonomy")]
    (genes,) = [one for one in sentences if one.startswith("Genes beyond the taxonomy")]
    assert "(taxonomy and tree against taxonomy alone): +3.0 points" in tree
    assert genes.endswith(
        "no gain is shown. With places changed within a group only: genus p = 0.3."
    )
    assert "Genes" not in tree


def test_what_does_not_hold_within_groups_is_said_not_to():
    sentences = said(study(beyond="shown"))
    (genes,) = [one for one in sentences if one.startswith("Genes beyond the taxonomy")]
    assert genes.endswith(
        "a gain is shown, though not where places change within a group only (genus p = 0.3): it "
        "may do no more than weigh the ranks otherwise."
    )


def test_taxa_that_lean_on_the_taxonomy_are_counted():
    first = said(study(), lacking={"alignment": 94})[0]
    assert "Relatives by aligned DNA (94 taxa that it lacks lean on the taxonomy): " in first
    assert first.count("lean on") == 1


def test_what_shows_nothing_alone_is_not_asked_beyond_the_taxonomy():
    told = " ".join(said(study("not", "shown")))
    assert "Whether genes (aligned DNA) add to the taxonomy is not asked" in told
    assert "beyond the taxonomy" not in told


def test_why_nothing_can_be_told_is_said():
    assert said([], ["8 taxa with training images"]) == [
        "Whether relatives help to see rare taxa (species) cannot be told: 8 taxa with training "
        "images."
    ]
    assert "no species with fewer than 2 training specimens" in said([])[0]


def test_taxa_without_an_image_stand_beside_chance_and_permuted_places():
    rows = [score("nothing", "among_unseen", "unseen", 0.02)]
    rows.append(score("tree", "among_unseen", "unseen", 0.3))
    null = {"role": "expected", "against": "permuted_taxa", "p": 0.01, "n_permutations": 99}
    rows.append(score("tree", "among_unseen", "unseen", 0.03) | null)
    last = said(study() + rows)[-1]
    assert (
        "by tree 30.0 % (95 % 28.0 % to 32.0 %) (permuted 3.0 %, p = 0.01); by chance 2.0 %" in last
    )


def test_content_has_a_row_a_source_and_what_was_fitted(tmp_path):
    fits = pd.DataFrame({"relatives": ["tree", "tree"], "own_share": [0.2, 0.4]})
    fits = fits.assign(scale=[np.inf, np.inf], log_likelihood_gain=3.0)
    omitted = pd.DataFrame({"part": "curve", "reason": "few taxa", "seed": [1, 2]})
    lacking = pd.DataFrame({"relatives": ["tree"], "taxon": ["Arca"]})
    paths = {name: str(tmp_path / f"{name}.tsv") for name in ("fits", "omitted", "lacking")}
    for name, table in (("fits", fits), ("omitted", omitted), ("lacking", lacking)):
        write_table(paths[name], table)
    given = {"prior_figures": ["a/curve.png"], "prior_fits": [paths["fits"]]}
    given |= {"prior_omitted": [paths["omitted"]], "prior_lacking": paths["lacking"]}
    settings = {"rank": "species", "tail": 2}
    found = prior_content(metrics_table(study()), settings, given)["prior"]
    assert [row["relatives"] for row in found["rows"]] == [
        "no relatives",
        "taxonomy",
        "tree",
        "aligned DNA",
        "taxonomy and tree",
        "taxonomy and aligned DNA",
    ]
    assert found["rows"][0]["is_null"] and found["fits"][0]["own_share"] == pytest.approx(0.3)
    assert found["other_rows"] == []
    null = {"relatives": "taxonomy and tree", "null": "permuted within genus", "p": 0.3}
    assert null.items() <= found["nulls"][0].items()
    assert found["figures"] == {"curve": "a/curve.png"} and found["unseen"] == []
    assert found["lacking"] == [{"relatives": "tree", "taxon": "Arca"}]
    assert found["omitted"] == [{"part": "curve", "reason": "few taxa", "seeds": "1, 2"}]
    assert found["seeds"] == 1 and found["fits"][0]["scale"] == "Brownian motion"
