import numpy as np
import pandas as pd
import pytest
from test_report import LABELS, STEPS, agreement, held_out, page
from visgen.metrics import metrics_table
from visgen.report.embedding import agreement as on_agreement
from visgen.report.embedding.association import SIGNALS, association_rows
from visgen.report.embedding.held_out import held_out_content
from visgen.report.embedding.held_out_findings import held_out_findings
from visgen.report.embedding.held_out_rows import held_out_rows
from visgen.tables import write_table


def rows_of(scores, guided=("guided",), random=("random",), references=None):
    named = {row["variant"]: "mean" for row in scores} | (references or {})
    return held_out_rows(metrics_table(scores), guided=guided, random=random, references=named)


def findings(scores, refits=99, guided=("guided",)):
    rows = rows_of(scores, guided)
    return in_words(rows, {row["variant"]: refits for row in rows})


def in_words(rows, refits):
    labels = LABELS | {"one": "one", "net": "net"}
    return held_out_findings(rows, refits, "family", STEPS, labels)


def test_rows_have_guided_variants_first_and_random_ones_last():
    scores = held_out("random") + held_out("mean", gain=None) + held_out("guided")
    scores += held_out("guided", kind="clades")
    rows = rows_of(scores)
    assert [(row["kind"], row["variant"]) for row in rows] == [
        *(("tips", "guided"), ("tips", "mean"), ("tips", "random"), ("clades", "guided"))
    ]
    assert [row["is_random"] for row in rows] == [False, False, True, False]
    assert [row["is_reference"] for row in rows] == [False, True, False, False]
    assert {row["n"] for row in rows} == {17}


def test_each_variant_that_another_is_compared_with_is_a_reference():
    scores = held_out("guided", over="plain")
    scores += held_out("mean") + held_out("plain") + held_out("median")
    rows = rows_of(scores, references={"guided": "plain", "plain": "plain"})
    found = {row["variant"]: (row["reference"], row["is_reference"]) for row in rows}
    assert found == {
        "guided": ("plain", False),
        "mean": ("mean", True),  # of median
        "plain": ("plain", True),
        "median": ("mean", False),
    }
    assert rows[0]["texts"][3]["lines"] == ["over plain", "one deal"]
    (sentence,) = in_words(rows, dict.fromkeys(found, 99))
    assert "; gain of centred r over plain +0.20 in one deal, 95 % +0.10 to +0.30)" in sentence
    assert "Unguided plain vectors" in sentence and "Unguided mean" not in sentence


def test_a_gain_over_several_deals_is_said_with_their_number_and_range():
    scores = held_out("guided")
    (gain,) = [row for row in scores if row.get("role") == "difference"]
    over = {"metric": f"{gain['metric']}_over_deals", "value": 0.15, "n_permutations": 5}
    scores.append(gain | over | {"ci_low": 0.15, "ci_high": 0.25})
    (row,) = rows_of(scores)
    assert row["texts"][3]["lines"] == ["over mean", "5 deals (+0.15 to +0.25)"]
    words = "over mean +0.20 in 5 deals (+0.15 to +0.25), 95 % +0.10 to +0.30)"
    assert words in findings(scores)[0]


def test_random_vectors_have_the_number_of_their_draws_and_no_p():
    draws = {"p": np.nan, "n_permutations": 25, "value": 0.0}
    scores = [row | draws for row in held_out("random", gain=None, refits=0) if "role" not in row]
    (row,) = rows_of(scores, guided=())
    assert row["n_draws"] == 25 and row["texts"][2]["value"] == "–"
    assert rows_of(held_out("mean"))[0]["n_draws"] is None


def test_cells_have_limits_and_nulls_in_small_print():
    guided, mean = rows_of(held_out("guided") + held_out("mean", gain=None))
    in_sample, to_known, p, gain, among, _, rank, regret, blind, _ = guided["texts"]
    shown = [
        (item["value"], item["interval"], *item["lines"])
        for item in (in_sample, to_known, p, gain, among, rank, regret, blind, mean["texts"][0])
    ]
    assert shown == [
        ("0.910", "", "permuted 0.870", "dealt 0.860"),
        ("0.310", "0.100 to 0.500", "not centred 0.310"),
        ("0.01", "", "permuted 0.01", "dealt 0.01"),
        ("+0.20", "+0.10 to +0.30", "over mean", "one deal"),
        ("0.310", "0.100 to 0.500"),
        ("0.3", "0.1 to 0.5", "blind 6.6"),
        ("0.310", "0.100 to 0.500"),
        ("0.880", "", "permuted 0.770", "dealt 0.660"),
        ("0.910", "", "not fitted"),
    ]
    assert mean["texts"][3] is None


def test_finding_where_both_scores_reject():
    (sentence,) = findings(held_out("guided") + held_out("mean", gain=None, p=0.4))
    assert sentence == (
        "Family not seen by guidance, random ones held out (net; 17 taxa, 1 guided variant). Look"
        " follows descent beyond chance: guided (centred r to known taxa 0.31, 95 % 0.10 to 0.50, "
        "p = 0.01; plain r among held-out ones "
        "0.31, 95 % 0.10 to 0.50, p = 0.01; nearest relative at place 0.3 (blind 6.6); regret 0.3"
        " (blind 0.9); gain of centred r over mean +0.20 in one deal, 95 % +0.10 to +0.30). "
        "In-sample r, which proves nothing, is 0.91 (after a fit anew, on average, "
        "0.87 where bags are permuted, 0.86 where specimens are dealt). Unguided "
        "mean vectors, to compare: centred r to known "
        "taxa 0.31, 95 % 0.10 to 0.50, p = 0.4; plain r among held-out ones 0.31, 95 % 0.10 to "
        "0.50, p = 0.4; nearest relative at place 0.3 (blind 6.6); regret 0.3 (blind 0.9)."
    )


def with_p(p_known, p_among):
    """Scores of a guided variant; what has None as p does not exist."""
    given = {
        ("held_out_known", "pearson_double_centred"): p_known,
        ("held_out_held_out", "pearson"): p_among,
    }
    scores = held_out("guided")
    for row in scores:
        key = (row["part"], row["metric"])
        if key in given and "role" not in row:
            row["p"] = np.nan if given[key] is None else given[key]
            row["value"] = np.nan if given[key] is None else row["value"]
    return scores


NOT_TESTED = "Whether look follows descent is not tested"
ONE_ONLY = "One score only, that {}, and no signal is claimed"


@pytest.mark.parametrize(
    ("p_known", "p_among", "words"),
    [
        (0.025, 0.026, "Whether look follows descent is undecided"),
        (0.1, 0.01, "Whether look follows descent is undecided"),
        (0.01, 0.11, "That look follows descent is not shown"),
        (0.11, np.nan, "That look follows descent is not shown"),
        (0.01, np.nan, NOT_TESTED),
        (np.nan, np.nan, NOT_TESTED),
        (0.01, None, ONE_ONLY.format("to known taxa")),
        (None, 0.01, ONE_ONLY.format("among held-out ones")),
        (None, np.nan, ONE_ONLY.format("among held-out ones")),
        (None, None, "No score"),
    ],
)
def test_finding_where_not_both_reject(p_known, p_among, words):
    (sentence,) = findings(with_p(p_known, p_among))
    assert f" {words}: guided (" in sentence
    assert "Look follows" not in sentence
    assert ("r to known taxa: no score" in sentence) == (p_known is None)
    assert ("among held-out ones: no score" in sentence) == (p_among is None)


def test_a_score_below_zero_is_no_claim_though_refits_are_lower_still():
    scores = with_p(0.01, 0.01)
    for row in scores:
        if row["part"] == "held_out_held_out" and "role" not in row:
            row["value"] = -0.05
    assert "Look follows" not in findings(scores)[0]


@pytest.mark.parametrize(("value", "said"), [(-0.05, True), (0.05, False), (np.nan, False)])
def test_what_is_lost_among_held_out_taxa_is_said(value, said):
    (guided,) = rows_of(held_out("guided"))
    lost = {"value": value, "ci_low": -0.1, "ci_high": 0.1, "against": "mean"}
    guided["gains"]["held_out_held_out", "pearson"] = lost
    (sentence,) = in_words([guided], {"guided": 99})
    assert ("; but among held-out ones −0.05)" in sentence) == said


@pytest.mark.parametrize(("gain", "shown"), [((0.1, 0.3), True), ((-0.1, 0.3), False)])
def test_gain_is_shown_where_its_limits_are_above_zero(gain, shown):
    (sentence,) = findings(held_out("guided", gain=gain))
    assert (": none is shown" in sentence) != shown


def test_without_refits_nothing_is_tested():
    (sentence,) = findings(held_out("guided", refits=0), refits=0)
    assert (
        f" {NOT_TESTED}: guided (centred r to known taxa 0.31, 95 % 0.10 to 0.50, not tested;"
        in sentence
    )
    assert "coarse" not in sentence and "on average" not in sentence
    assert "claimed" not in sentence
    assert "In-sample r, which proves nothing, is 0.91." in sentence


@pytest.mark.parametrize(
    ("refits", "words", "coarse"),
    [
        (
            38,
            "Whether look follows descent cannot be told, since p is too coarse",
            "0.0256 with 38",
        ),
        (39, "Look follows descent beyond chance", "at least 0.025 with 39 refits."),
        (98, "Look follows descent beyond chance", "at least 0.0101 with 98 refits."),
        (99, "Look follows descent beyond chance", None),
    ],
)
def test_few_refits_are_named(refits, words, coarse):
    (sentence,) = findings(held_out("guided"), refits=refits)
    assert words in sentence
    assert ("p is coarse" in sentence) == (coarse is not None)
    assert coarse is None or coarse in sentence


def test_many_variants_make_one_finding_a_backbone_and_kind():
    names = [f"guided_{i}" for i in range(13)]
    scores = [
        row
        for name in names
        for backbone in ("one", "other")
        for kind in ("tips", "clades")
        for row in held_out(name, kind, backbone=backbone, p=0.3)
    ]
    sentences = findings(scores, guided=names)
    assert len(sentences) == 4
    for sentence in sentences:
        assert "13 guided variants" in sentence
        assert "guided 2 (" in sentence and "guided 3" not in sentence
        assert "10 more in the table" in sentence


def over_all(name, p_bags, p_dealt, refits=99, backbone="net"):
    """Scores of the best of all variants in refits, as the page reads them."""
    labels = {"experiment": "embedding", "variant": name, "backbone": backbone, "role": "expected"}
    labels |= {"evaluator": "held_out_tips", "n": 17, "n_permutations": refits, "value": 0.4}
    return [
        labels | {"part": part, "metric": metric, "against": f"best_{null}", "p": p}
        for part, metric in (
            ("held_out_known", "pearson_double_centred"),
            ("held_out_held_out", "pearson"),
        )
        for null, p in (("permuted_bags", p_bags), ("dealt_specimens", p_dealt))
    ]


def test_the_first_guided_variant_with_its_first_backbone_is_primary():
    scores = [
        row
        for backbone, names in (("one", ["late"]), ("two", ["late", "first", "mean"]))
        for kind in ("tips", "clades")
        for name in names
        for row in held_out(name, kind, backbone=backbone)
    ]
    rows = rows_of(scores + held_out("first", backbone="three"), guided=["first", "late"])
    found = {(row["backbone"], row["variant"]): row["standing"] for row in rows}
    assert found == {
        ("one", "late"): "exploratory",
        ("two", "late"): "exploratory",
        ("two", "first"): "primary",
        ("two", "mean"): None,
        ("three", "first"): "exploratory",
    }
    assert {row["standing"] for row in rows_of(held_out("guided") + held_out("mean"))} == {None}


def two_guided(p_first, p_second, refits=99):
    """Findings of two variants that reject alone, with p over all for each null."""
    scores = held_out("first") + over_all("first", *p_first, refits)
    scores += held_out("second") + over_all("second", *p_second, refits)
    return findings(scores, guided=("first", "second"))


def test_all_but_the_first_variant_are_claimed_by_p_over_all():
    (sentence,) = two_guided((0.2, 0.3), (0.06, 0.04))
    assert "beyond chance: first (primary; centred r to known taxa 0.31" in sentence
    assert "p = 0.01, over all variants 0.3;" in sentence
    assert "is undecided: second (exploratory; centred r to known taxa 0.31" in sentence
    (sentence,) = two_guided((0.2, 0.3), (0.02, 0.025))
    assert "undecided" not in sentence and "; second (exploratory; " in sentence
    assert "p = 0.01, over all variants 0.025;" in sentence


def test_a_variant_without_p_over_all_is_not_tested_and_few_refits_over_all_are_coarse():
    (sentence,) = two_guided((0.2, 0.3), (np.nan, np.nan))
    assert f"{NOT_TESTED}: second (exploratory;" in sentence
    assert "over all variants –" in sentence
    (sentence,) = two_guided((0.2, 0.3), (0.05, 0.05), refits=19)
    assert "cannot be told, since p is too coarse: second" in sentence
    assert "Look follows descent beyond chance: first" in sentence


def test_p_over_all_stands_beside_p_in_the_table():
    scores = held_out("first") + over_all("first", 0.02, 0.03)
    scores += held_out("second") + over_all("second", 0.04, np.nan)
    first, second = rows_of(scores, guided=("first", "second"))
    for place in (2, 5):
        assert first["texts"][place]["lines"][-1] == "over all 0.03"
        assert second["texts"][place]["lines"][-1] == "over all –"
    assert "over all" not in str(first["texts"][-1])


def test_unguided_vectors_alone_make_no_finding():
    assert findings(held_out("mean") + held_out("random"), guided=()) == []


def test_random_vectors_have_their_mean_and_range_and_no_verdict():
    scores = [
        row | {"p": np.nan, "value": -0.004, "ci_low": -0.12, "ci_high": 0.11}
        for row in agreement(0.5, None, variant="random")
        if row["evaluator"] == "mantel"
    ]
    rows = on_agreement.mantel_rows(metrics_table(scores), STEPS)
    assert [row["is_random"] for row in rows] == [True]
    assert on_agreement.agreement_findings(rows, STEPS, LABELS) == [
        "Random vectors, which know nothing of the images (net), give r = 0.00 on average over "
        "100 draws, 95 % of them −0.12 to 0.11."
    ]


def test_fitted_vectors_and_other_measures_are_no_rows_of_the_mantel_table():
    labels = {"experiment": "embedding", "backbone": "net", "n": 17}
    scores = []
    for evaluator, metric in (("procrustes", "correlation"), ("partial_mantel", "pearson")):
        mean = labels | {"variant": "mean", "evaluator": evaluator, "value": 0.3, "p": 0.2}
        scores.append(mean | {"metric": metric})
    null = {"variant": "mean", "evaluator": "procrustes", "metric": "correlation"}
    null |= {"role": "expected", "against": "permuted_taxa"}
    scores.append(labels | null | {"value": 0.27})
    metrics = metrics_table(scores + held_out("guided"))
    assert on_agreement.mantel_rows(metrics, STEPS) == []
    (row,) = association_rows(metrics)
    partial, distance, procrustes = row["cells"]
    assert row["variant"] == "mean" and row["n"] == 17
    assert (partial["value"], partial["p"], partial["lines"]) == ("0.300", 0.2, [])
    assert distance is None
    assert procrustes["lines"] == ["permuted 0.270"]


def test_signal_has_rows_of_its_own():
    labels = {"experiment": "embedding", "backbone": "net", "n": 17, "variant": "mean"}
    labels |= {"evaluator": "signal"}
    of_lambda = {
        "metric": "pagel_lambda",
        "value": 0.6,
        "ci_low": 0.25,
        "ci_high": 0.875,
        "p": 0.01,
    }
    of_k = {"metric": "k_mult", "value": 0.4, "p": 0.03}
    null = {"metric": "k_mult", "role": "expected", "against": "permuted_taxa", "value": 0.3}
    metrics = metrics_table([labels | row for row in (of_lambda, of_k, null)])
    assert association_rows(metrics) == on_agreement.mantel_rows(metrics, STEPS) == []
    (row,) = association_rows(metrics, SIGNALS)
    signal, k_mult, k_a = row["cells"]
    assert (row["variant"], row["n"], signal["p"]) == ("mean", 17, 0.01)
    assert (signal["value"], signal["interval"]) == ("0.600", "0.250 to 0.875")
    assert (k_mult["value"], k_mult["lines"], k_a) == ("0.400", ["permuted 0.300"], None)


def test_page_explains_held_out_taxa_and_shows_the_table(tmp_path):
    text = page(tmp_path)
    assert '<h3 id="unseen">Taxa not seen <a class="anchor" href="#unseen"' in text
    assert "Under each null 99 refits or more a variant. Signal" in text
    assert "the larger of the two is p" in text and "what numbers of images alone give" in text
    assert "permuted 0.870" in text and "dealt 0.860" in text and "over study" in text
    assert "0.01 for the variant with the fewest." in text and "<small>17 taxa</small>" in text
    assert "<p>Left out: <em>study</em>, since study.</p>" in text
    assert "no better than a constant" not in text
    assert "0.999" not in text  # single folds stay in their table


def test_page_without_refits_says_that_nothing_is_tested(tmp_path):
    text = page(tmp_path, refits=0)
    assert "No variant has refits here, so nothing is tested. Signal" in text
    assert "with the fewest" not in text


def test_fewest_refits_are_those_of_any_variant_and_what_has_none_is_named(tmp_path):
    write_table(tmp_path / "none.tsv", pd.DataFrame(columns=["evaluator", "reason"]))
    paths = ("fits", "ridge_fits", "held_out_figures", "guidance_figures", "pair_figures")
    names = ("guided", "mean", "plain", "random")
    found = held_out_content(
        metrics_table([row for name in names for row in held_out(name)]),
        {"folds_omitted": [tmp_path / "none.tsv"] * 2} | {key: [] for key in paths},
        tree_rank="family",
        step_ranks=STEPS,
        labels=LABELS,
        guided=["guided"],
        random=["random"],
        references=dict.fromkeys(names, "mean"),
        refits={"guided": 99, "mean": 19, "plain": 0, "random": 0},
    )
    assert found["fewest_refits"] == 19
    assert found["not_refitted"] == ["plain"]  # random vectors are not tested


def test_page_says_where_weights_have_seen_the_held_out_taxa(tmp_path):
    words = "photographs of held-out taxa were among those that the weights were learned from"
    assert words in page(tmp_path)
    assert words not in page(tmp_path, pretrained=0)


def test_page_of_a_study_without_a_tree_has_no_held_out_taxa(tmp_path):
    assert "Taxa not seen" not in page(tmp_path, tree_rank=None)
