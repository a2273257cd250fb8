# How much of the taxonomy can be read off the images: train, predict, score, compare, plot.
# Needs features/ and splits/; makes classification/.


rule train_classifier:
    """Train a classifier for every rank and seed, and predict validation and test."""
    input:
        labels=labels_of(*RANKS),
        features=by_wildcards(plan.features.training_features),
        splits=plan.splits,
        code=code_of("train_classifier.py"),
    output:
        predictions="<results>/classification/{backbone}/{classifier}/predictions.parquet",
        training="<results>/classification/{backbone}/{classifier}/training.tsv",
        tuning="<results>/classification/{backbone}/{classifier}/tuning.tsv",
        importances="<results>/classification/{backbone}/{classifier}/importances.tsv",
        omitted="<results>/classification/{backbone}/{classifier}/omitted.tsv",
    log:
        "<logs>/train_classifier/{backbone}/{classifier}.log",
    benchmark:
        "<benchmarks>/train_classifier/{backbone}/{classifier}.tsv"
    wildcard_constraints:
        classifier=one_of(plan.classification.rank_by_rank),
    group:
        by_wildcards(plan.classification.group_of)
    conda:
        "../../envs/statistics.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(420),
    params:
        ranks=RANKS,
        classified=by_wildcards(plan.classification.ranks_of),
        seeds=plan.seeds,
        classifier=by_wildcards(plan.classification.options),
    script:
        "../scripts/train_classifier.py"


rule train_network:
    """Train a network for all ranks, one a seed, and predict validation and test."""
    input:
        labels=labels_of(*RANKS),
        features=by_wildcards(plan.features.training_features),
        splits=plan.splits,
        code=code_of("train_network.py"),
    output:
        predictions="<results>/classification/{backbone}/{classifier}/predictions.parquet",
        training="<results>/classification/{backbone}/{classifier}/training.tsv",
        tuning="<results>/classification/{backbone}/{classifier}/tuning.tsv",
        importances="<results>/classification/{backbone}/{classifier}/importances.tsv",
        omitted="<results>/classification/{backbone}/{classifier}/omitted.tsv",
        history="<results>/classification/{backbone}/{classifier}/history.tsv",
    log:
        "<logs>/train_network/{backbone}/{classifier}.log",
    benchmark:
        "<benchmarks>/train_network/{backbone}/{classifier}.tsv"
    wildcard_constraints:
        classifier=one_of(plan.classification.networks),
    group:
        "classification"
    conda:
        "../../envs/embedding.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        ranks=RANKS,
        classified=by_wildcards(plan.classification.ranks_of),
        seeds=plan.seeds,
        classifier=by_wildcards(plan.classification.options),
    script:
        "../scripts/train_network.py"


rule score_predictions:
    """Score all classifiers of a backbone, and choose one a rank on validation."""
    input:
        labels=labels_of(*RANKS),
        predictions=expand(
            "<results>/classification/{{backbone}}/{classifier}/predictions.parquet",
            classifier=plan.classification.classifiers,
        ),
        training=expand(
            "<results>/classification/{{backbone}}/{classifier}/training.tsv",
            classifier=plan.classification.classifiers,
        ),
        distances=plan.tree_distances,
        code=code_of("score_predictions.py"),
    output:
        scores="<results>/classification/{backbone}/scores.tsv",
        taxa="<results>/classification/{backbone}/taxa.tsv",
        confusion="<results>/classification/{backbone}/confusion.parquet",
        chosen="<results>/classification/{backbone}/chosen.tsv",
    log:
        "<logs>/score_predictions/{backbone}.log",
    benchmark:
        "<benchmarks>/score_predictions/{backbone}.tsv"
    group:
        "classification"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        classifiers=plan.classification.classifiers,
        candidates=plan.classification.candidates,
        reference=plan.classification.reference,
        ranks=RANKS,
        tree_rank=INPUTS["tree_rank"],
        bootstraps=config["classification"]["bootstraps"],
    script:
        "../scripts/score_predictions.py"


rule measure_confidence:
    """Measure how far probabilities can be trusted, and sets of taxa made of them."""
    input:
        labels=labels_of(*RANKS),
        predictions=expand(
            "<results>/classification/{{backbone}}/{classifier}/predictions.parquet",
            classifier=plan.classification.candidates,
        ),
        training=expand(
            "<results>/classification/{{backbone}}/{classifier}/training.tsv",
            classifier=plan.classification.candidates,
        ),
        code=code_of("measure_confidence.py"),
    output:
        scores="<results>/classification/{backbone}/confidence.tsv",
        bins="<results>/classification/{backbone}/reliability.tsv",
        answered="<results>/classification/{backbone}/answered.tsv",
        answers="<results>/classification/{backbone}/answers.parquet",
        omitted="<results>/classification/{backbone}/confidence.omitted.tsv",
    log:
        "<logs>/measure_confidence/{backbone}.log",
    benchmark:
        "<benchmarks>/measure_confidence/{backbone}.tsv"
    group:
        "scores"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        classifiers=plan.classification.candidates,
        ranks=RANKS,
        tail=config["classification"]["tail"],
        confidence=config["classification"]["confidence"],
    script:
        "../scripts/measure_confidence.py"


rule compare_backbones:
    """Set each backbone's chosen classifier against the best one on validation."""
    input:
        labels=labels_of(*RANKS),
        chosen=expand(
            "<results>/classification/{backbone}/chosen.tsv",
            backbone=config["backbones"],
        ),
        predictions=expand(
            "<results>/classification/{backbone}/{classifier}/predictions.parquet",
            backbone=config["backbones"],
            classifier=plan.classification.candidates,
        ),
        code=code_of("compare_backbones.py"),
    output:
        "<results>/classification/backbones.tsv",
    log:
        "<logs>/compare_backbones.log",
    group:
        "scores"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        backbones=list(config["backbones"]),
        classifiers=plan.classification.candidates,
        ranks=RANKS,
        bootstraps=config["classification"]["bootstraps"],
    script:
        "../scripts/compare_backbones.py"


rule plot_classification:
    """Draw scores, taxa, confusions and confidence of a backbone's classifiers."""
    input:
        taxonomy=TAXONOMY,
        scores="<results>/classification/{backbone}/scores.tsv",
        taxa="<results>/classification/{backbone}/taxa.tsv",
        confusion="<results>/classification/{backbone}/confusion.parquet",
        confidence="<results>/classification/{backbone}/confidence.tsv",
        reliability="<results>/classification/{backbone}/reliability.tsv",
        answered="<results>/classification/{backbone}/answered.tsv",
        chosen="<results>/classification/{backbone}/chosen.tsv",
        code=code_of("plot_classification.py"),
    output:
        **{
            figure: report(
                f"<results>/classification/{{backbone}}/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Classification",
                subcategory="{backbone}",
            )
            for figure in ("answered", "scores", "taxa", "confidence")
        },
        confusions=report(
            expand(
                "<results>/classification/{{backbone}}/confusion-{rank}.png",
                rank=plan.classification.ranks,
            ),
            caption="../report/confusion.rst",
            category="Classification",
            subcategory="{backbone}",
        ),
        svg=expand(
            "<results>/classification/{{backbone}}/{figure}.svg",
            figure=[
                *("answered", "scores", "taxa", "confidence"),
                *expand("confusion-{rank}", rank=plan.classification.ranks),
            ],
        ),
    log:
        "<logs>/plot_classification/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        dots_per_inch=config["figures"]["dots_per_inch"],
        ranks=RANKS,
        classified=plan.classification.ranks,
        baselines=plan.classification.baselines,
        tail=config["classification"]["tail"],
    script:
        "../scripts/plot_classification.py"
