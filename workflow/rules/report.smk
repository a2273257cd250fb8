# Every score in one table, the page to read, and where it all came from.
# Needs the tables and figures of every stage; makes report/ and provenance.json.

# What the page shows of each stage; a stage that the study has not is not there.
CLASSIFICATION_INPUTS = {
    "chosen": expand(
        "<results>/classification/{backbone}/chosen.tsv", backbone=config["backbones"]
    ),
    "confidence_omitted": expand(
        "<results>/classification/{backbone}/confidence.omitted.tsv",
        backbone=config["backbones"],
    ),
    "classification_figures": expand(
        "<results>/classification/{backbone}/{figure}.png",
        backbone=config["backbones"],
        figure=[
            *("answered", "scores", "taxa", "confidence"),
            *expand("confusion-{rank}", rank=plan.classification.ranks),
        ],
    ),
    "classification_omitted": expand(
        "<results>/classification/{backbone}/{classifier}/omitted.tsv",
        backbone=config["backbones"],
        classifier=plan.classification.classifiers,
    ),
    "tuning": expand(
        "<results>/classification/{backbone}/{classifier}/tuning.tsv",
        backbone=config["backbones"],
        classifier=plan.classification.classifiers,
    ),
    "published": given(config["published"]),
}
FEATURE_INPUTS = {
    "seen_figures": expand(
        "<results>/features/{backbone}/seen.png", backbone=config["backbones"]
    ),
    "cuts": expand(
        "<results>/features/{backbone}/seen.tsv", backbone=config["backbones"]
    ),
    "map_figures": expand(
        "<results>/features/{backbone}/map.png", backbone=config["backbones"]
    ),
    "map_tables": expand(
        "<results>/features/{backbone}/map.tsv", backbone=config["backbones"]
    ),
    "simclr_histories": expand(
        "<results>/simclr/{model}/history.tsv", model=plan.features.learned_models
    ),
    "simclr_figures": expand(
        "<results>/simclr/{model}/history.png", model=plan.features.learned_models
    ),
}
GENETICS_INPUTS = {}
if plan.has_sequences:
    GENETICS_INPUTS = {
        "sequences": SEQUENCE_TABLE,
        "unmatched": "<results>/genetics/unmatched.tsv",
        "mirrored_figure": "<results>/genetics/mirrored.png",
        "sgt_figure": "<results>/genetics/sgt.png",
        "sequence_figure": "<results>/genetics/sequences.png",
        "anchor_figure": "<results>/genetics/anchors.png",
        "anchor_tables": expand(
            "<results>/genetics/anchors/{anchors}.tsv", anchors=GENETICS["anchors"]
        ),
        "anchor_files": plan.anchor_files,
    }
    if plan.infers_tree:
        GENETICS_INPUTS["tree_figure"] = "<results>/genetics/tree.png"
        GENETICS_INPUTS["tree_model"] = "<results>/genetics/model.tsv"
    if GENETICS["distances"]:
        GENETICS_INPUTS["sequence_distances"] = "<results>/genetics/distances.tsv"
EMBEDDING_INPUTS = {}
if plan.has_tree:
    EMBEDDING_INPUTS = {
        "distance_figure": f"<results>/distances/{INPUTS['tree_rank']}.png",
        "tree_distances": TREE_DISTANCES,
        "pair_distances": [
            f"<results>/embedding/{backbone}/{variant}/distances.tsv"
            for backbone, variant in plan.embedding.plainest
        ],
        "missing": f"<results>/distances/{INPUTS['tree_rank']}.missing.tsv",
        "few_images": "<results>/embedding/few_images.tsv",
        "folds_omitted": [
            "<results>/embedding/folds.omitted.tsv",
            "<results>/embedding/further_folds.omitted.tsv",
        ],
        "embedding_omitted": expand(
            "<results>/embedding/{backbone}/omitted.tsv", backbone=config["backbones"]
        ),
        "held_out_figures": expand(
            "<results>/embedding/{backbone}/held_out.png", backbone=config["backbones"]
        ),
        "guidance_figures": [
            f"<results>/embedding/{backbone}/guidance.png"
            for backbone in config["backbones"]
            if plan.embedding.of_backbone(backbone, plan.embedding.descended)
        ],
        **{
            key: plan.embedding.files(file, variants)
            for key, file, variants in (
                ("fits", "fit.tsv", plan.embedding.descended),
                ("ridge_fits", "fit.tsv", plan.embedding.ridge),
                ("placed_tables", "placed.tsv", plan.embedding.ridge),
                ("placed_trust", "placed.trust.tsv", plan.embedding.ridge),
                ("placed_figures", "placed.png", plan.embedding.ridge),
                ("embedding_figures", "distances.png", plan.embedding.variants),
                ("pair_figures", "held_out.png", plan.embedding.variants),
            )
        },
    }
    if config["published"]:
        EMBEDDING_INPUTS["published_against"] = [TREE_DISTANCES]
        EMBEDDING_INPUTS["guided_distances"] = plan.embedding.files(
            "distances.tsv", plan.embedding.descended
        )
VISUAL_GENETIC_INPUTS = {}
if plan.visual_genetic:
    VISUAL_GENETIC_INPUTS = {
        "visual_genetic_figures": expand(
            "<results>/visual_genetic/{figure}.png", figure=VISUAL_GENETIC_FIGURES
        ),
        "visual_genetic_omitted": expand(
            "<results>/visual_genetic/{variant}/seed-{seed}/omitted.tsv",
            variant=plan.visual_genetic.compared,
            seed=plan.visual_genetic.seeds,
        ),
        "visual_genetic_impossible": given(
            plan.visual_genetic.unseen
            and "<results>/visual_genetic/withheld.omitted.tsv"
        ),
        "visual_genetic_published": given(config["published"]),
    }
PRIOR_INPUTS = {}
if plan.prior:
    PRIOR_INPUTS = {
        "prior_figures": expand("<results>/prior/{figure}.png", figure=PRIOR_FIGURES),
        "prior_fits": expand(
            "<results>/prior/seed-{seed}/fits.tsv", seed=plan.prior.seeds
        ),
        "prior_omitted": expand(
            "<results>/prior/seed-{seed}/omitted.tsv", seed=plan.prior.seeds
        ),
        "prior_lacking": "<results>/prior/lacking.tsv",
    }

NAMING_PAGE = {}
if plan.naming:
    NAMING_PAGE = {
        "naming_figures": expand(
            "<results>/naming/{figure}.png", figure=plan.naming.figures
        ),
        "naming_suspects": "<results>/naming/suspects.tsv",
        "naming_specimens": given(
            plan.naming.images and "<results>/naming/specimens.tsv"
        ),
        "naming_rejected": of_unnamed([f"{plan.naming.folder}/rejected.tsv"]),
    }


rule write_metrics:
    """Put every score of the run into one table."""
    input:
        scores=plan.score_tables,
        specimens_ingested=of_specimens([]),
        sequences_ingested=of_sequences([]),
        code=code_of("write_metrics.py"),
    output:
        "<results>/report/metrics.tsv",
    log:
        "<logs>/write_metrics.log",
    group:
        "scores"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    script:
        "../scripts/write_metrics.py"


rule choose_examples:
    """Choose the specimens that the page shows, and make small photographs of them."""
    input:
        labels=labels_of(*RANKS),
        image_table=IMAGE_TABLE,
        images=plan.images_made,
        split=plan.splits[0],
        chosen=expand(
            "<results>/classification/{backbone}/chosen.tsv",
            backbone=config["backbones"],
        ),
        predictions=expand(
            "<results>/classification/{backbone}/{classifier}/predictions.parquet",
            backbone=config["backbones"],
            classifier=plan.classification.candidates,
        ),
        features=[
            path
            for backbone in config["backbones"]
            for path in plan.features.clean_features(backbone)
        ],
        distances=plan.tree_distances,
        weights=plan.embedding.files(
            "weights.parquet", plan.embedding.weighing if plan.has_tree else []
        ),
        prior=expand(
            "<results>/prior/seed-{seed}/predictions.tsv",
            seed=plan.prior.seeds if plan.prior else [],
        ),
        # Points of maps show a photograph too.
        maps=expand(
            "<results>/features/{backbone}/map.tsv", backbone=config["backbones"]
        ),
        sequences_ingested=of_sequences([]),
        code=code_of("choose_examples.py"),
    output:
        examples="<results>/report/examples.tsv",
        photographs="<results>/report/photographs.js",
    log:
        "<logs>/choose_examples.log",
    group:
        "scores"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        ranks=RANKS,
        rank=max(plan.classification.ranks, key=RANKS.index),
        tree_rank=INPUTS["tree_rank"],
        backbones=list(config["backbones"]),
        classifiers=plan.classification.candidates,
        seed=plan.seeds[0],
        prior=(
            {"source": plan.prior.sources[-1], "tail": config["prior"]["tail"]}
            if plan.prior
            else {}
        ),
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/choose_examples.py"


rule write_provenance:
    """Write down what the run was made of."""
    input:
        metrics="<results>/report/metrics.tsv",
        image_table=IMAGE_TABLE,
        features=[
            path
            for backbone in config["backbones"]
            for path in plan.features.clean_features(backbone)
        ],
        study=plan.study_files,
        weights=plan.features.weights_files,
        sequences_ingested=of_sequences([]),
        code=code_of("write_provenance.py"),
    output:
        "<results>/provenance.json",
    log:
        "<logs>/write_provenance.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        config=config | {"inputs": INPUTS},
    script:
        "../scripts/write_provenance.py"


rule write_report:
    """Write the one page to read."""
    input:
        **CLASSIFICATION_INPUTS,
        **FEATURE_INPUTS,
        **GENETICS_INPUTS,
        **EMBEDDING_INPUTS,
        **VISUAL_GENETIC_INPUTS,
        **PRIOR_INPUTS,
        **NAMING_PAGE,
        metrics="<results>/report/metrics.tsv",
        examples="<results>/report/examples.tsv",
        photographs="<results>/report/photographs.js",
        provenance="<results>/provenance.json",
        specimens=SPECIMENS,
        rejected="<results>/specimens/rejected.tsv",
        ranks="<results>/specimens/ranks.tsv",
        counts="<results>/specimens/counts.png",
        notes=expand("<results>/splits/notes-{seed}.tsv", seed=plan.seeds),
        template=str(WORKFLOW / "report/report.html.jinja"),
        parts=sorted(map(str, WORKFLOW.glob("report/*"))),
        sequences_ingested=of_sequences([]),
        code=code_of("write_report.py"),
    output:
        "<results>/report/report.html",
    log:
        "<logs>/write_report.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        dataset=config["dataset"],
        ranks=RANKS,
        baselines=plan.classification.baselines,
        sequence_rank=INPUTS["sequence_rank"] if plan.has_sequences else None,
        held_out={
            "guided": plan.embedding.guided,
            "random": plan.embedding.random,
            "references": plan.embedding.references,
            "refits": plan.embedding.refits,
        },
        seed=plan.seed,
        genetics=(
            GENETICS | {"inferred": plan.is_inferred} if plan.has_sequences else None
        ),
        prior=plan.prior and plan.prior.settings,
        naming=plan.naming and plan.naming.settings,
        visual_genetic=plan.visual_genetic and plan.visual_genetic.settings,
        settings={
            "simulated": plan.simulated is not None,
            "tree_rank": INPUTS["tree_rank"] if plan.has_tree else None,
            "weighing": plan.embedding.weighing,
            "permutations": config["embedding"]["permutations"],
            "min_images": config["embedding"]["min_images"],
            "placement_confidence": config["embedding"]["confidence"],
            "bootstraps": config["classification"]["bootstraps"],
            "tail": config["classification"]["tail"],
            "backbones": {
                name: {key: backbone[key] for key in ("model", "weights")}
                for name, backbone in config["backbones"].items()
            },
            "initial_weights": config["simclr"]["initial_weights"],
        },
    script:
        "../scripts/write_report.py"
