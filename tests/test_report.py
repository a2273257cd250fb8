import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gallery_study import galleries_of, of_every_kind
from jinja2 import UndefinedError
from matplotlib.figure import Figure
from PIL import Image
from visgen.metrics import metrics_table, over_seeds
from visgen.report import specimens as content
from visgen.report.answers.content import answers_content
from visgen.report.backbones import backbone_labels
from visgen.report.classification import content as classified
from visgen.report.classification import rows as rows_of
from visgen.report.embedding import agreement as on_agreement
from visgen.report.embedding.held_out import held_out_content
from visgen.report.embedding.placed import placed_content
from visgen.report.features import pretraining_content, seen_content
from visgen.report.maps import map_content
from visgen.report.page import (
    embed_image,
    format_number,
    format_p,
    format_percent,
    is_nothing,
    rank_in_plural,
    render_report,
)
from visgen.report.published import published_rows
from visgen.tables import write_table

TEMPLATE = Path(__file__).parents[1] / "workflow/report/report.html.jinja"
HOSTILE = '<script>alert("1 & 2")</script>\'>'
BASELINES = ["most_frequent", "uniform"]
#: What the page calls backbones, where none is a control.
LABELS = {name: name for name in ("net", "other")}
STEPS = {"within_coarsest": "order", "within_above": "suborder"}


def classification(values, backbone="net", evaluator="independent", rank="genus", against=None):
    """One score of each variant, over two seeds; `values` has (value, ci_low, ci_high)."""
    difference = {} if against is None else {"role": "difference", "against": against}
    return [
        {"experiment": "classification", "variant": variant, "backbone": backbone, "rank": rank}
        | {"part": "test", "seed": seed, "metric": metric, "n": 31, "evaluator": evaluator}
        | {"value": value, "ci_low": low, "ci_high": high}
        | difference
        for variant, (value, low, high) in values.items()
        for seed in (1, 2)
        for metric in ("accuracy", "balanced_accuracy", "macro_f1")
    ]


def confidence(variant, coverage=0.88, backbone="net"):
    """What is measured of the sets of a classifier's taxa."""
    labels = {"experiment": "classification", "variant": variant, "backbone": backbone}
    labels |= {"rank": "genus", "part": "test", "seed": 1, "n": 29}
    values = {
        ("mondrian", "coverage", None): (coverage, 0.8, 0.95),
        ("mondrian", "coverage", "valid_sets"): (0.9, 0.79, 0.98),
        ("mondrian", "set_size", None): (2.3, 2.0, 2.6),
        ("mondrian", "outside", None): (0.12, np.nan, np.nan),
        ("uncalibrated", "ece", None): (0.21, np.nan, np.nan),
        ("uncalibrated", "ece", "calibrated"): (0.05, 0.02, 0.09),
    }
    return [
        labels
        | {"evaluator": evaluator, "metric": metric, "value": v, "ci_low": low, "ci_high": high}
        | ({} if null is None else {"role": "expected", "against": null})
        for (evaluator, metric, null), (v, low, high) in values.items()
    ]


CHOSEN = ["rank", "evaluator", "variant", "metric", "value", "n", "note"]


def chosen_for(variant, backbone="net", rank="genus"):
    """What was chosen on validation, as the page reads it."""
    row = (rank, "independent", variant, "balanced_accuracy", 0.41, 17, "", backbone)
    return pd.DataFrame([row], columns=[*CHOSEN, "backbone"])


def agreement(p, p_dealt, variant="mean"):
    labels = {"experiment": "embedding", "variant": variant, "backbone": "net", "rank": "family"}
    labels |= {"part": "all", "seed": 1, "n": 17, "n_permutations": 9999}
    rows = [
        labels | {"evaluator": test, "metric": metric, "value": 0.423, "p": p, **more}
        for test, more in (
            ("mantel", {"ci_low": 0.1, "ci_high": 0.6}),
            ("mantel_within", {"part": "within_coarsest"}),
            ("mantel_within", {"part": "within_above"}),
        )
        for metric in ("pearson", "spearman")
    ]
    if p_dealt is None:
        return rows
    dealt = labels | {"evaluator": "dealt_specimens", "metric": "pearson"}
    null = {"role": "expected", "against": "dealt_specimens", "value": -0.001}
    null |= {"ci_low": -0.2, "ci_high": 0.2}
    return [*rows, dealt | {"value": 0.423, "p": p_dealt}, dealt | null]


def held_out(
    name, kind="tips", p=0.01, gain=(0.1, 0.3), refits=99, backbone="net", value=0.31, over="mean"
):
    """Scores of held-out taxa of one variant, as the page reads them."""
    labels = {"experiment": "embedding", "variant": name, "backbone": backbone, "rank": "family"}
    labels |= {"evaluator": f"held_out_{kind}", "seed": 1, "n": 17}
    scores = [("known_known", "pearson", 0.91, {})]
    scores += [
        (part, metric, value, {"ci_low": 0.1, "ci_high": 0.5, "p": p if refits else np.nan})
        for part, metric in (
            ("held_out_held_out", "pearson"),
            ("held_out_known", "pearson"),
            ("held_out_known", "pearson_double_centred"),
            ("held_out_known", "nearest_rank"),
            ("held_out_known", "nearest_regret"),
        )
    ]
    if refits:
        ends = {"ci_low": -0.2, "ci_high": 0.9}
        for null, known, regret, its_p in (
            ("permuted_bags", 0.87, 0.77, 0.01),
            ("dealt_specimens", 0.86, 0.66, p),
        ):
            ends |= {"role": "expected", "against": null, "n_permutations": refits}
            scores.append(("known_known", "pearson", known, {**ends}))
            tested = ends | {"p": its_p}
            scores.append(("held_out_known", "nearest_regret", regret, tested))
            scores.append(("held_out_known", "pearson_double_centred", 0.02, tested))
    blind = {"role": "expected", "against": "random_relative"}
    scores.append(("held_out_known", "nearest_rank", 6.6, blind))
    scores.append(("held_out_known", "nearest_regret", 0.88, blind))
    if gain:
        low, high = gain
        ends = {"role": "difference", "against": over, "ci_low": low, "ci_high": high}
        scores.append(("held_out_known", "pearson_double_centred", (low + high) / 2, ends))
    fold = {"part": "held_out_known", "fold": 1, "metric": "pearson", "value": 0.999}
    return [labels | fold] + [
        labels | {"part": part, "metric": metric, "value": score} | more
        for part, metric, score, more in scores
    ]


RANKS = pd.DataFrame({
    "rank": ["genus"], "n_taxa": [7], "n_images": [1234], "n_unlabelled": [3], "min_images": [1],
    "median_images": [5.0], "max_images": [101], "imbalance": [101.0], "largest_share": [0.5],
    "effective_taxa": [3.3], "gini": [0.61],
})  # fmt: skip
OMITTED = ["evaluator", "reason"]
NOTES = ["note", "rank", "name", "n_images", "n_specimens", "detail"]


def page(
    folder,
    name="study",
    tree_rank="family",
    pretrained=1,
    refits=99,
    n_cut=0,
    weights=None,
    pictures=None,
):
    """Return a page on which every name is `name`, with pictures that answer where given."""
    figure = folder / "figure.png"
    Figure(figsize=(1, 1)).savefig(figure)
    write_table(folder / "none.tsv", pd.DataFrame(columns=["variant", "evaluator", "reason"]))
    omitted = pd.DataFrame([(1, name, name), (2, name, name)], columns=["seed", "rank", "reason"])
    columns = ["taxon", "found_in", "missing_from", "similar_name"]
    missing = pd.DataFrame([(name, "study", "distances", name)], columns=columns)
    write_table(folder / "missing.tsv", missing)
    write_table(folder / "few.tsv", pd.DataFrame({"taxon": [name], "n_images": [2]}))
    net = folder / "net"
    (net / "forest").mkdir(parents=True, exist_ok=True)
    chosen = chosen_for(name, rank=name).drop(columns="backbone")
    write_table(net / "chosen.tsv", chosen)
    unsure = pd.DataFrame([(name, 1, name, "mondrian", group, name) for group in ("all", "tail")])
    unsure.columns = ["variant", "seed", "rank", "evaluator", "group", "reason"]
    write_table(net / "confidence.omitted.tsv", unsure)
    trial = pd.DataFrame([(1, name, name, 0.3, 41, True), (1, name, "left", 0.2, 41, False)])
    trial.columns = ["seed", "rank", "options", "balanced_accuracy", "n_specimens", "chosen"]
    write_table(net / "forest" / "tuning.tsv", trial)
    write_table(net / "forest" / "omitted.tsv", omitted)
    published = pd.DataFrame([(name, name, name, "accuracy", 0.69, name)])
    published.columns = ["source", "rank", "variant", "metric", "value", "note"]
    write_table(folder / "published.tsv", published)
    for kind in ("scores", "taxa", "confusion-genus", "confidence"):
        Figure(figsize=(1, 1)).savefig(net / f"{kind}.png")
    impossible = {"metric": "impossible_lineages", "value": 0.55, "ci_low": 0.5, "ci_high": 0.6}
    metrics = metrics_table(
        classification({name: (0.6, 0.5, 0.7), "uniform": (0.2, 0.1, 0.3)})
        + classification({name: (0.5, 0.4, 0.6)}, evaluator="rolled_up")
        + classification({name: (-0.1, -0.2, 0.1)}, evaluator="rolled_up", against="independent")
        + classification({"uniform": (-0.4, -0.5, -0.3)}, against=name)
        + [row | impossible for row in classification({name: (0, 0, 0)}, rank="all")[:1]]
        + confidence(name)
        + agreement(0.01, 0.01, variant=name)
        + held_out(name, over=name)
    )
    rejected = pd.DataFrame({"file": [name] * 211, "reason": name, "detail": name})
    networks = {"net": {"model": name, "weights": weights or name}}
    others = (name, folder.name, folder.parent.name)  # of paths of figures
    labels = backbone_labels(networks) | {other: other for other in others}
    given = {
        "labels": labels,
        "dataset": name,
        "simulated": False,
        "tree_rank": tree_rank,
        "weighing": [],
        "permutations": 9999,
        "min_images": 3,
        "placement_confidence": 0.9,
        "bootstraps": 1999,
        "tail": 20,
        "baselines": BASELINES,
        "counts": figure,
        "left_out": content.left_out(tree_rank, None),
        "genetics": None,
        "naming": None,
        "prior": None,
        "visual_genetic": None,
        "date": "2026-12-01",
        "configuration": f"dataset: {name}",
        "provenance": {
            "workflow": {"version": name, "commit": None, "changed": None},
            "machine": {"system": name},
            "images": {"sha256": "0" * 64},
            "software": {name: name},
            "features": [{"shard": name, "device": name, "precision": name, "software": name}],
            "inputs": {name: name},
        },
    }
    specimens = pd.DataFrame({"specimen": [name] * 1237})
    given |= content.specimen_content(specimens, RANKS.assign(rank=name), rejected)
    shared = pd.DataFrame([("shared_specimen", np.nan, name, 2, 1, name)], columns=NOTES)
    given |= content.split_content([shared], RANKS.assign(rank=name))
    metrics["rank"] = metrics["rank"].replace("genus", name)
    figures = ["scores", "taxa", "confusion-genus", "confidence"]
    given |= classified.classification_content(
        metrics,
        [name],
        BASELINES,
        {
            "chosen": [net / "chosen.tsv"],
            "classification_figures": [net / f"{kind}.png" for kind in figures],
            "classification_omitted": [net / "forest" / "omitted.tsv"],
            "tuning": [net / "forest" / "tuning.tsv"],
            "confidence_omitted": [net / "confidence.omitted.tsv"],
            "published": [folder / "published.tsv"],
        },
        labels,
    )
    history = pd.DataFrame([(1, 5.5, 5.6, 0.02, 0.004), (2, 4.4, 5.6, 0.31, 0.004)])
    history.columns = ["epoch", "loss", "chance_loss", "top1", "chance_top1"]
    write_table(net / "history.tsv", history)
    Figure(figsize=(1, 1)).savefig(net / "history.png")
    cuts = {"n_images": 1237, "n_cut": n_cut, "median_cut": 0.0, "largest_cut": 0.625}
    cuts |= {"image_size": 224, "crop_mode": "center", "crop_pct": 0.875}
    write_table(net / "seen.tsv", pd.DataFrame([cuts]))
    Figure(figsize=(1, 1)).savefig(net / "seen.png")
    given |= seen_content([net / "seen.tsv"], [net / "seen.png"], networks)
    write_table(net / "map.tsv", pd.DataFrame({"image": ["1"]}))
    labels_of_images = pd.DataFrame({"id": ["1"], name: [name]})
    given |= map_content(metrics, labels_of_images, [name], [net / "map.tsv"], [net / "seen.png"])
    given |= {"map_picture": None, "map_backbone": "net", "bokeh": None}
    given |= {"pair_picture": None, "pair_taxa": 401, "most_pair_taxa": 400}
    given |= {"pair_variant": name, "pair_backbone": "net", "pair_is_guided": True}
    given |= pictures or {}
    given |= {"initial_weights": name}
    given |= pretraining_content([net / "history.tsv"] * pretrained, [net / "history.png"])
    if tree_rank:
        given["distance_figure"] = figure
        given |= on_agreement.descent_content(
            metrics,
            [str(figure)],
            [folder / "none.tsv"],
            folder / "few.tsv",
            folder / "missing.tsv",
            STEPS,
            labels,
        )
        write_table(folder / "folds.omitted.tsv", pd.DataFrame([(name, name)], columns=OMITTED))
        fit = {"n_known": 17, "n_watched": 3, "epoch": 5, "penalty": 0.01}
        fit |= {"loss_before": 1.0, "loss": 0.4}
        fit |= {"watched_loss_before": 1.1, "watched_loss": np.nan}
        write_table(
            net / "fit.tsv", pd.DataFrame([fit | {"loss_of_zero": 1, "loss_of_constant": 1}])
        )
        ridge = {"n_known": 17, "pearson": 0.6, "layers": "last", "power": 4, "axes": 8}
        ridge |= {"penalty": 0.1}
        ridge |= {"residual": 0.4, "inner_double_centred": 0.53, "inner_nearest": np.nan}
        (net / "ridge").mkdir(exist_ok=True)
        write_table(net / "ridge" / "fit.tsv", pd.DataFrame([ridge]))
        given |= held_out_content(
            metrics,
            {
                "folds_omitted": [folder / "folds.omitted.tsv"],
                "fits": [net / "fit.tsv"],
                "ridge_fits": [net / "ridge" / "fit.tsv"],
                "guidance_figures": [figure],
                "held_out_figures": [figure],
                "pair_figures": [figure],
            },
            tree_rank=name,
            step_ranks=STEPS,
            labels=labels,
            guided=[name],
            random=[],
            references={name: name},
            refits={name: refits},
        )
        found = {"value": "0.412", "interval": "", "lines": [name]}
        said = dict.fromkeys(["source", "rank", "variant", "metric", "value", "note"], name)
        given["as_published_rows"] = [said | {"here": [(name, found)], "random": None}]
        placed = {"taxon": name, "group": name, "n_images": 4, "kind": "tips", "n": 17}
        placed |= {"relative": name, "relative_group": name, "reason": name, "distance": 0.31}
        placed = pd.DataFrame([placed | {"place": place} for place in (1, 2, 3)])
        placed[["ci_low", "ci_high"]] = [0.1, 0.5]
        write_table(net / "ridge" / "placed.tsv", placed)
        trust = {"kind": "tips", "place": 1, "n": 17, "n_groups": 17, "half_width": 0.2}
        trust |= dict.fromkeys(["covered", "found", "nearest", "blind"], 0.4)
        trust |= dict.fromkeys(["own_group", "own_group_frequent", "own_group_blind"], 0.5)
        write_table(net / "ridge" / "placed.trust.tsv", pd.DataFrame([trust]))
        files = ([net / "ridge" / f"placed.{end}"] for end in ("tsv", "trust.tsv"))
        given |= placed_content(*files, [figure], name, labels)
    given |= answers_content(metrics, given, STEPS if tree_rank else {}, [])
    given |= galleries_of(of_every_kind((name, f"{name} 2", f"{name} 3")), {"net": name})
    return render_report(TEMPLATE, given)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_names_stay_text(tmp_path):
    plain, hostile = Tags(page(tmp_path)), Tags(page(tmp_path, HOSTILE))
    assert [tag for tag, _ in hostile.found].count("script") == 5  # tables, photographs: three
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    assert [set(x) for _, x in hostile.found] == [set(x) for _, x in plain.found]
    assert "".join(hostile.text).count(HOSTILE) > 200


def test_page_needs_no_other_file(tmp_path):
    text = page(tmp_path)
    own = re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.DOTALL)
    assert len(text) - len(own) > 500_000  # the library of tables, whose licences name addresses
    assert "://" not in own
    assert not re.search(r"@import|url\(", own)
    for tag, attributes in Tags(text).found:
        assert tag not in {"link", "iframe"} and (tag != "script" or "src" not in attributes)
        assert attributes.get("href", "#").startswith("#")


def test_every_figure_is_in_the_page(tmp_path):
    images = [attributes for tag, attributes in Tags(page(tmp_path)).found if tag == "img"]
    images = [image for image in images if image.get("class") != "photograph"]
    # Counts, what is seen, a map of images, learned weights, four of the classifiers, distances,
    # five of embedding.
    assert len(images) == 14
    assert {image["src"] for image in images} == {embed_image(tmp_path / "figure.png")}
    assert all(image["alt"] for image in images)


def test_every_figure_opens_at_its_full_size_by_a_click(tmp_path):
    found = Tags(page(tmp_path)).found
    for i, (tag, attributes) in enumerate(found):
        if tag == "img" and attributes.get("class") != "photograph":
            assert [before for before, _ in found[i - 3 : i]] == ["figure", "label", "input"]
            assert found[i - 1][1]["type"] == "checkbox"


def test_every_table_is_in_a_box_that_scrolls(tmp_path):
    found = Tags(page(tmp_path)).found
    tables = [i for i, (tag, _) in enumerate(found) if tag == "table"]
    assert len(tables) >= 13
    assert all(found[i - 1] == ("div", {"class": "scroll"}) for i in tables)
    for template in TEMPLATE.parent.glob("*.jinja"):  # those that this page has not, too
        text = template.read_text()
        assert text.count("<table") == text.count('<div class="scroll"><table')


def test_long_names_in_cells_may_wrap_after_their_signs(tmp_path):
    name = "Longissimodonta_tachygonoides-subsp/variegatus"
    text = page(tmp_path, name)
    cell = "<td>Longissimodonta_<wbr>tachygonoides-<wbr>subsp/<wbr>variegatus"
    assert text.count(cell) > 200
    assert name in text.replace(cell, "")  # in running text as it is
    assert "<td>a_forest</td>" in page(tmp_path, "a_forest")  # a short one does not


def test_no_line_begins_with_the_sign_of_per_cent(tmp_path):
    text = "".join(Tags(page(tmp_path)).text)
    assert "50.0\xa0% to 70.0\xa0%" in text
    assert not re.search(r"\d %", text)


def test_a_picture_stands_above_its_still_one_and_scripts_are_left_as_they_are(tmp_path):
    script = "const rest = 5 % 3, cell = '<td>a_very_long_name-with_signs';"
    pictures = {"map_picture": '{"said":"5 %"}', "pair_picture": "{}", "bokeh": script}
    text = page(tmp_path, pictures=pictures)
    assert f"<script>{script}</script>" in text and '{"said":"5 %"}</script>' in text
    assert text.count('<div class="interactive" hidden>') == 2
    assert "As a still picture" in text and "are too many for matrices" not in text
    plain = page(tmp_path)
    assert (
        "401 taxa are too many for matrices" in plain
        and "interactive" not in plain.lower().partition("</style>")[2]
    )


def test_links_lead_somewhere(tmp_path):
    found = Tags(page(tmp_path)).found
    targets = {attributes.get("id") for _, attributes in found}
    links = [attributes["href"].removeprefix("#") for tag, attributes in found if tag == "a"]
    assert links
    assert set(links) <= targets


def test_numbers_of_the_study_are_on_the_page(tmp_path):
    text = page(tmp_path)
    for part in ("<b>1,237</b> images", "<b>211</b> rows", "The first 200;", "9,999", "1,999"):
        assert part in text
    assert "1 specimens have images in more than one part" in text
    assert "study in 2 of 1 seeds (study)" in text  # 2 seeds in omitted.tsv, 1 table of notes


def test_without_a_tree_the_section_says_it_is_left_out(tmp_path):
    text = page(tmp_path, tree_rank=None)
    assert "No tree and no distances were given, so this part is left out." in text
    assert "the comparison of look and descent, since neither inputs.tree" in text
    assert "Over all pairs r =" not in text
    assert "Over all pairs r =" in page(tmp_path)


def test_page_says_that_learned_weights_saw_the_test_part(tmp_path):
    text = page(tmp_path)
    assert "learned from the 1,237 accepted images" in text
    assert "starting from the weights in <code>study</code>" in text
    assert "the images of the test part were among them" in text
    assert (
        "<b>net</b>, 2 epochs: the loss ends at 4.400, where chance gives 5.600; 31.0&nbsp;%"
        in text
    )


def test_without_learned_weights_the_page_has_no_such_section(tmp_path):
    text = page(tmp_path, pretrained=0)
    assert 'href="#learned"' not in text
    assert "SimCLR" not in text


def test_page_warns_where_much_of_an_image_is_cut(tmp_path):
    text = page(tmp_path, n_cut=29)
    assert '<p class="warn">Of 29 of 1,237 images more than 5&nbsp;% of the area is cut' in text
    assert "of one 62.5&nbsp;% (crop_mode: center, crop_pct: 0.875)" in text
    assert (
        "<code>crop_mode: border</code> and <code>crop_pct: 1.0</code> in backbones.net.p" in text
    )


def test_page_does_not_warn_where_nothing_is_cut(tmp_path):
    text = page(tmp_path)
    assert "of the area is cut" not in text
    assert 'alt="What net sees of some images"' in text


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("none", "<code>study</code>, untrained: a control, which"),
        (
            "imagenet",
            "<code>study</code>, as timm has it, trained with labels on ImageNet unless",
        ),
        (
            "hub",
            "<code>study</code>, trained as its owner on the hub says (weights that have seen",
        ),
        ("bundled", "trained with labels on ImageNet ("),
        ("simclr", '<a href="#learned">learned without labels</a> from these images.'),
        ("mine.pth", "with the weights in <code>mine.pth</code>."),
    ],
)
def test_page_says_where_weights_come_from_and_under_which_licence(tmp_path, weights, said):
    text = page(tmp_path, weights=weights)
    assert said in text
    assert ("Apache License" in text) == (weights == "bundled")


def test_figures_of_the_page_have_the_captions_of_snakemakes_report(tmp_path):
    (tmp_path / "template").write_text("<p>{{ caption('tree') }}</p>")
    (tmp_path / "tree.rst").write_text("Kamada & Kawai\n")
    assert render_report(tmp_path / "template", {}) == "<p>Kamada &amp; Kawai</p>"
    captions = {path.stem for path in TEMPLATE.parent.glob("*.rst")}
    text = "".join(path.read_text() for path in TEMPLATE.parent.glob("*.jinja"))
    shown = set(re.findall(r'(?:caption|figures)\("(\w+)"\)', text))
    assert shown == captions - {"workflow"}  # of Snakemake's report as a whole


def test_name_that_the_template_lacks_is_an_error(tmp_path):
    (tmp_path / "template").write_text("{{ there }} {{ lacking }}")
    with pytest.raises(UndefinedError, match="'lacking' is undefined"):
        render_report(tmp_path / "template", {"there": 1})


def finding(values, more=(), best="random_forest"):
    scores = over_seeds(metrics_table([*classification(values), *more]))
    chosen = chosen_for(best)
    rows = rows_of.score_rows(scores, ["family", "genus"], BASELINES, chosen)
    return classified.findings(rows, rows_of.confidence_rows(scores, chosen), LABELS)


def test_finding_where_the_chosen_classifier_beats_the_baselines():
    values = {"most_frequent": (0.2, 0.2, 0.2), "random_forest": (0.6, 0.5, 0.71)}
    assert finding(values | {"uniform": (0.25, 0.1, 0.4), "better": (0.9, 0.8, 1.0)}) == [
        "Genus: random forest on net, chosen on validation, has a balanced accuracy of 60.0 % "
        "(95 % interval 50.0 % to 71.0 %, 31 test specimens); the best baseline that does not see "
        "the images has 25.0 %. The interval lies above it."
    ]


@pytest.mark.parametrize("forest", [(0.3, 0.2, 0.4), (0.3, 0.25, 0.4), (0.1, 0.05, 0.2)])
def test_finding_where_a_classifier_does_not_beat_them(forest):
    values = {"random_forest": forest, "uniform": (0.25, 0.1, 0.4)}
    (sentence,) = finding(values)
    assert sentence.endswith("does not lie above it: cannot tell it from chance.")


def test_study_without_any_score_says_so_and_why():
    reasons = [("order", "one taxon"), ("genus", "one taxon"), ("species", "no test")]
    index = pd.MultiIndex.from_tuples(reasons, names=["rank", "reason"])
    (sentence,) = classified.nothing_scored(pd.Series(1, index=index))
    assert sentence.startswith("No classifier could be scored, so this study shows nothing about")
    assert "(order, genus: one taxon; species: no test). A taxon needs 3 specimens" in sentence


def test_look_and_descent_that_cannot_be_compared_say_why():
    reasons = [("mantel", "2 taxa"), ("mantel_within", "2 taxa")]
    assert on_agreement.nothing_compared(reasons) == [
        "Look and descent could not be compared: 2 taxa."
    ]


def test_finding_without_an_interval_says_why():
    (sentence,) = finding({"random_forest": (0.3, np.nan, np.nan), "uniform": (0.1, 0, 0.2)})
    assert "no interval, since most taxa have but one" in sentence
    assert sentence.endswith("Too few specimens to say more.")


@pytest.mark.parametrize(
    ("low", "end"), [(0.1, "0.60), above the 0 of chance."), (-0.1, "cannot tell it from that.")]
)
def test_finding_without_an_interval_turns_to_the_correlation(low, end):
    values = {"random_forest": (0.3, np.nan, np.nan), "uniform": (0.1, 0, 0.2)}
    more = classification({"random_forest": (0.4, low, 0.6)})[:1]
    (sentence,) = finding(values, [row | {"metric": "mcc"} for row in more])
    assert sentence.endswith(end)


@pytest.mark.parametrize(
    ("coverage", "end"),
    [
        (
            0.88,
            "88.0 % (valid ones: 79.0 % to 98.0 %) of those whose taxon calibrated (12.0 % are of "
            "others); they name 2.3 taxa on average.",
        ),
        (0.99, "2.3 taxa on average; they are wider than needed."),
        (0.70, "2.3 taxa on average; they do not keep their promise here."),
    ],
)
def test_finding_says_whether_sets_keep_their_promise(coverage, end):
    values = {"random_forest": (0.6, 0.5, 0.7)}
    (sentence,) = finding(values, confidence("random_forest", coverage))
    assert sentence.endswith(end)


def test_sets_of_fewer_seeds_do_not_stand_for_all():
    rows = confidence("forest", 0.7)
    pooled = [
        row | {"evaluator": "conformal", "seed": seed, "value": 0.9}
        for row in rows
        if row["evaluator"] == "mondrian"
        for seed in (1, 2)
    ]
    (row,) = rows_of.confidence_rows(over_seeds(metrics_table(rows + pooled)), chosen_for("forest"))
    assert row["coverage"] == 0.9 and row["n_seeds"] == 2


def test_baseline_of_another_backbone_does_not_count():
    more = classification({"uniform": (0.9, 0.9, 0.9)}, backbone="other")
    (sentence,) = finding({"random_forest": (0.6, 0.5, 0.7)}, more)
    assert "baseline" not in sentence


def test_score_rows_follow_the_ranks_and_mark_what_was_chosen():
    metrics = metrics_table(
        classification({"svm": (0.6, 0.5, 0.7), "forest": (0.5, 0.4, 0.6)})
        + classification({"svm": (0.1, 0.0, 0.2)}, against="forest")
    )
    scores = over_seeds(pd.concat([metrics, metrics.assign(rank="order", n=11)]))
    ranks = ["order", "family", "genus"]
    rows = rows_of.score_rows(scores, ranks, BASELINES, chosen_for("svm"))
    assert [(r["rank"], r["variant"], r["n"], r["is_chosen"]) for r in rows] == [
        ("order", "svm", 11, False),
        ("order", "forest", 11, False),
        ("genus", "svm", 31, True),
        ("genus", "forest", 31, False),
    ]
    assert rows[0]["difference"] == {
        "value": "+10.0", "interval": "+0.0 to +20.0", "n": 11, "p": None
    }  # fmt: skip
    assert [cell["value"] for cell in rows[0]["texts"]] == ["60.0 %"] * 3
    assert rows[0]["reference"] == "forest" and rows[1]["difference"] is None


def test_what_befell_one_classifier_is_told_with_its_name():
    rows = [("net", name, seed, "genus", "no specimens") for name in "ab" for seed in (1, 2)]
    rows.append(("net", "b", 3, "genus", "did not converge"))
    columns = ["backbone", "classifier", "seed", "rank", "reason"]
    found = classified.omitted_rows(pd.DataFrame(rows, columns=columns), 2, LABELS)
    assert found == [
        {"rank": "genus", "reason": "no specimens", "n_seeds": 2, "classifiers": ""},
        {"rank": "genus", "reason": "did not converge", "n_seeds": 1, "classifiers": "b on net"},
    ]
    assert classified.omitted_rows(pd.DataFrame(columns=columns), 2, LABELS) == []


def test_first_table_shows_the_chosen_the_reference_and_the_baselines():
    values = dict.fromkeys(["forest", "svm", "bagging", "uniform"], (0.5, 0.4, 0.6))
    metrics = classification(values)
    metrics += classification({"svm": (0, 0, 0)}, against="forest")
    scores = over_seeds(metrics_table(metrics))
    rows = rows_of.score_rows(scores, ["genus"], BASELINES, chosen_for("svm"))
    shown = [row["variant"] for row in rows_of.shown_rows(rows)]
    assert shown == ["forest", "svm", "uniform"]


def test_backbones_are_compared_where_there_are_several():
    metrics = classification({"svm": (0.6, 0.5, 0.7)})
    chosen = chosen_for("svm")
    scores = over_seeds(metrics_table(metrics))
    rows = rows_of.score_rows(scores, ["genus"], BASELINES, chosen)
    assert rows_of.backbone_rows(rows, scores) == []
    metrics += classification({"forest": (0.5, 0.4, 0.6)}, backbone="other")
    loss = {"forest": (-0.1, -0.2, 0.0)}
    metrics += classification(loss, backbone="other", evaluator="chosen", against="net")
    metrics += [row | {"metric": "mcc"} for row in metrics if row["metric"] == "macro_f1"]
    scores = over_seeds(metrics_table(metrics))
    chosen = pd.concat([chosen, chosen_for("forest", "other")])
    rows = rows_of.score_rows(scores, ["genus"], BASELINES, chosen)
    found = rows_of.backbone_rows(rows, scores)
    assert [(row["backbone"], row["variant"], row["is_best"]) for row in found] == [
        ("net", "svm", True),
        ("other", "forest", False),
    ]
    cells = [(text["value"], text["interval"]) for text in found[1]["texts"]]
    assert cells == [
        ("50.0 %", "40.0 % to 60.0 %"),
        ("−10.0", "−20.0 to +0.0"),
        ("0.500", "0.400 to 0.600"),
        ("−0.100", "−0.200 to +0.000"),
    ]
    assert found[0]["texts"][1] is None and found[0]["texts"][3] is None


def test_sets_of_head_and_tail_have_rows_of_their_own():
    rows = confidence("forest", 0.7)
    more = [
        row | {"metric": f"{group}_{row['metric']}", "value": value}
        for group, value in (("head", 0.8), ("tail", 0.6))
        for row in rows
        if row["evaluator"] == "mondrian"
    ]
    found = rows_of.confidence_rows(over_seeds(metrics_table(rows + more)), chosen_for("forest"))
    assert [(row["group"], row["coverage"], row["n"]) for row in found] == [
        ("all", 0.7, 29),
        ("head", 0.8, 29),
        ("tail", 0.6, 29),
    ]
    assert found[0]["promised"] == 0.9 and found[0]["ece"][:2] == [0.21, 0.05]


def test_published_scores_stand_beside_those_of_every_backbone():
    metrics = classification({"forest": (0.6, 0.5, 0.7)})
    metrics += classification({"forest": (0.4, 0.3, 0.5)}, backbone="other")
    rows = [("Roy 2025", "genus", "forest", "accuracy", 0.69, np.nan)]
    rows.append(("Roy 2025", "order", "forest", "accuracy", 0.35, "note"))
    columns = ["source", "rank", "variant", "metric", "value", "note"]
    published = pd.DataFrame(rows, columns=columns).assign(against=None)
    forms = {"accuracy": format_percent}
    found = published_rows(published, over_seeds(metrics_table(metrics)), forms)
    assert [name for name, _ in found[0]["here"]] == ["net", "other"]
    cell = found[0]["here"][1][1]
    assert (cell["value"], cell["interval"]) == ("40.0 %", "30.0 % to 50.0 %")
    assert found[1]["here"] == [] and found[0]["note"] == ""
    assert [row["value"] for row in found] == ["69.0 %", "35.0 %"]
    (plain, _) = published_rows(published, over_seeds(metrics_table(metrics)), {})
    assert (plain["value"], plain["here"][0][1]["value"]) == ("0.690", "0.600")


def test_untested_taxa_are_means_over_seeds():
    one = pd.DataFrame(
        [("untested", "genus", "A", 1, 1, ""), ("shared_specimen", np.nan, "s", 2, 1, "")],
        columns=NOTES,
    )
    two = pd.DataFrame([("untrained", "genus", "B", 1, 1, "")], columns=NOTES)
    found = content.split_content([one, two, one], RANKS)
    (row,) = found["untested_rows"]
    assert (row["untested"], row["untrained"]) == pytest.approx((2 / 3, 1 / 3))
    assert (found["n_seeds"], found["n_shared_specimens"]) == (3, 1)


def test_an_untrained_backbone_is_a_control_wherever_findings_and_scores_name_it(tmp_path):
    trained, control = (
        "".join(Tags(page(tmp_path, pretrained=0, weights=weights)).text)
        for weights in ("imagenet", "none")
    )
    marked = "net (control)"
    assert "(control)" not in trained
    scores, rest = control.split("Specimens: what is there?")
    # A classifier, its choice, vectors, held-out taxa and taxa outside the tree, and their tables.
    assert scores.count(marked) > 5
    assert not re.search(r"\bnet\b(?! \(control\))", scores)
    assert "untrained: a control" in rest


def test_only_untrained_backbones_are_controls():
    weights = {"a": "none", "b": "imagenet", "c": "simclr", "d": "none.pth", "e": "bundled"}
    labels = backbone_labels({name: {"model": "m", "weights": w} for name, w in weights.items()})
    assert labels == {"a": "a (control)"} | {name: name for name in "bcde"}


def test_parts_without_inputs_are_named():
    assert content.left_out("family", "species") == []
    assert [part.split(",")[0] for part in content.left_out(None, None)] == [
        "the comparison of look and descent",
        "counts of sequences",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0, "0"),
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (-0.0004, "0.000"),
        (-0.0, "0.000"),
        (np.float64(2), "2.000"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_are_written_for_reading(value, text):
    assert format_number(value) == text


def test_shares_and_p_values_are_written_for_reading():
    assert [format_percent(x) for x in (0.1234, 1, 0.0, np.nan)] == [
        "12.3 %",
        "100.0 %",
        "0.0 %",
        "–",
    ]
    assert [format_p(x) for x in (1.0, 0.473, 0.0012, 0.0001, np.nan)] == [
        "1",
        "0.473",
        "0.0012",
        "0.0001",
        "–",
    ]
    assert is_nothing(None)
    assert is_nothing(np.nan)
    assert not is_nothing(0.0)


@pytest.mark.parametrize(
    ("rank", "ranks"),
    [
        ("species", "species"),
        ("subspecies", "subspecies"),
        ("genus", "genera"),
        ("subgenus", "subgenera"),
        ("superfamily", "superfamilies"),
        ("class", "classes"),
        ("phylum", "phyla"),
        ("order", "orders"),
    ],
)
def test_ranks_have_their_plural(rank, ranks):
    assert [rank_in_plural(rank, number) for number in (0, 1, 2)] == [ranks, rank, ranks]


def test_scripts_are_left_as_they_are(tmp_path):
    written = "<p>1 %</p><td>a_name_of_many_letters</td><script>9 % 2;'<td>a_name_of_many'</script>"
    (tmp_path / "a.jinja").write_text(written)
    shown, script = render_report(tmp_path / "a.jinja", {}).split("<script>")
    assert "1&nbsp;%" in shown and "a_<wbr>name_<wbr>of" in shown
    assert script == "9 % 2;'<td>a_name_of_many'</script>"


def test_findings_after_the_first_long_ones_are_folded(tmp_path):
    template = tmp_path / "a.jinja"
    section = Path("workflow/report/section.html.jinja").read_text()
    (tmp_path / "section.html.jinja").write_text(section)
    template.write_text(
        '{% from "section.html.jinja" import begin with context %}{{ begin("x", "X", findings) }}'
    )
    answers = [
        {"section": "x", "headline": "Yes"},
        {"section": "y", "headline": "No"},
    ]

    def shown(*lengths):
        findings = [letter * length for letter, length in zip("abcd", lengths, strict=False)]
        text = render_report(template, {"answers": answers, "findings": findings})
        assert "Yes" in text and "No" not in text
        assert all(f"<p>{finding}</p>" in text for finding in findings)
        before, _, after = text.partition('<details class="numbers">')
        return before.count("<p>"), after.count("<p>")

    assert shown(100, 100, 100) == (3, 0)
    assert shown(2000) == (1, 0)
    assert shown(2000, 10) == (1, 1)
    assert shown(600, 600, 10) == (1, 2)


@pytest.mark.parametrize(("kind", "is_exact"), [("drawing", True), ("matrix", False)])
def test_drawings_are_kept_to_the_pixel_and_large_matrices_nearly_so(tmp_path, kind, is_exact):
    pixels = np.full((500, 700, 3), 255, dtype=np.uint8)
    pixels[100:300, 50:52] = (0, 90, 160)
    if kind == "matrix":
        shades = np.random.default_rng(0).integers(0, 256, (500, 700))
        pixels = np.stack([shades, 255 - shades, shades // 2], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", dpi=(150, 150))
    data = base64.b64decode(embed_image(tmp_path / "a.png").partition(",")[2])
    with Image.open(io.BytesIO(data)) as shown:
        found = np.asarray(shown.convert("RGB"))
    assert np.array_equal(found, pixels) == is_exact and found.shape == pixels.shape
    assert is_exact or len(data) < (tmp_path / "a.png").stat().st_size
