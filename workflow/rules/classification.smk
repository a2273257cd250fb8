# How much of the taxonomy can be read off the images: train, predict, score, compare, plot.


rule train_classifier:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=feature_shards,
        splits=expand("results/{{dataset}}/splits/seed-{seed}.tsv", seed=SEEDS),
        code=code_of("train_classifier.py"),
    output:
        predictions="results/{dataset}/classification/{backbone}/{classifier}/predictions.parquet",
        training="results/{dataset}/classification/{backbone}/{classifier}/training.tsv",
        tuning="results/{dataset}/classification/{backbone}/{classifier}/tuning.tsv",
        omitted="results/{dataset}/classification/{backbone}/{classifier}/omitted.tsv",
    log:
        "results/{dataset}/logs/train_classifier/{backbone}/{classifier}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_classifier/{backbone}/{classifier}.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: config["compute"]["threads"]
    params:
        ranks=INPUTS["ranks"],
        classified=CLASSIFIED,
        seeds=SEEDS,
        classifier=lookup(
            within=config, dpath="classification/classifiers/{classifier}"
        ),
    script:
        "../scripts/train_classifier.py"


rule score_predictions:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        predictions=expand(
            "results/{{dataset}}/classification/{{backbone}}/{classifier}/predictions.parquet",
            classifier=CLASSIFIERS,
        ),
        training=expand(
            "results/{{dataset}}/classification/{{backbone}}/{classifier}/training.tsv",
            classifier=CLASSIFIERS,
        ),
        distances=tree_distances,
        code=code_of("score_predictions.py"),
    output:
        scores="results/{dataset}/classification/{backbone}/scores.tsv",
        taxa="results/{dataset}/classification/{backbone}/taxa.tsv",
        confusion="results/{dataset}/classification/{backbone}/confusion.parquet",
        chosen="results/{dataset}/classification/{backbone}/chosen.tsv",
    log:
        "results/{dataset}/logs/score_predictions/{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/score_predictions/{backbone}.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        classifiers=CLASSIFIERS,
        candidates=CANDIDATES,
        reference=REFERENCE,
        ranks=INPUTS["ranks"],
        tree_rank=INPUTS["tree_rank"],
        bootstraps=config["classification"]["bootstraps"],
    script:
        "../scripts/score_predictions.py"


rule measure_confidence:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        predictions=expand(
            "results/{{dataset}}/classification/{{backbone}}/{classifier}/predictions.parquet",
            classifier=CANDIDATES,
        ),
        training=expand(
            "results/{{dataset}}/classification/{{backbone}}/{classifier}/training.tsv",
            classifier=CANDIDATES,
        ),
        code=code_of("measure_confidence.py"),
    output:
        scores="results/{dataset}/classification/{backbone}/confidence.tsv",
        bins="results/{dataset}/classification/{backbone}/reliability.tsv",
        omitted="results/{dataset}/classification/{backbone}/confidence.omitted.tsv",
    log:
        "results/{dataset}/logs/measure_confidence/{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/measure_confidence/{backbone}.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        classifiers=CANDIDATES,
        tail=config["classification"]["tail"],
        confidence=config["classification"]["confidence"],
    script:
        "../scripts/measure_confidence.py"


rule compare_backbones:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        chosen=expand(
            "results/{{dataset}}/classification/{backbone}/chosen.tsv",
            backbone=config["backbones"],
        ),
        predictions=expand(
            "results/{{dataset}}/classification/{backbone}/{classifier}/predictions.parquet",
            backbone=config["backbones"],
            classifier=CANDIDATES,
        ),
        code=code_of("compare_backbones.py"),
    output:
        "results/{dataset}/classification/backbones.tsv",
    log:
        "results/{dataset}/logs/compare_backbones.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        backbones=list(config["backbones"]),
        classifiers=CANDIDATES,
        ranks=INPUTS["ranks"],
        bootstraps=config["classification"]["bootstraps"],
    script:
        "../scripts/compare_backbones.py"


rule plot_scores:
    input:
        scores="results/{dataset}/classification/{backbone}/scores.tsv",
        code=code_of("plot_scores.py"),
    output:
        report(
            "results/{dataset}/classification/{backbone}/scores.png",
            caption="../report/scores.rst",
            category="Classification",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_scores/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        baselines=BASELINES,
    script:
        "../scripts/plot_scores.py"


rule plot_taxa:
    input:
        taxa="results/{dataset}/classification/{backbone}/taxa.tsv",
        chosen="results/{dataset}/classification/{backbone}/chosen.tsv",
        code=code_of("plot_taxa.py"),
    output:
        report(
            "results/{dataset}/classification/{backbone}/taxa.png",
            caption="../report/taxa.rst",
            category="Classification",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_taxa/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        tail=config["classification"]["tail"],
    script:
        "../scripts/plot_taxa.py"


rule plot_confusions:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        confusion="results/{dataset}/classification/{backbone}/confusion.parquet",
        chosen="results/{dataset}/classification/{backbone}/chosen.tsv",
        code=code_of("plot_confusions.py"),
    output:
        report(
            expand(
                "results/{{dataset}}/classification/{{backbone}}/confusion-{rank}.png",
                rank=CLASSIFIED,
            ),
            caption="../report/confusion.rst",
            category="Classification",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_confusions/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        shown=CLASSIFIED,
    script:
        "../scripts/plot_confusions.py"


rule plot_confidence:
    input:
        bins="results/{dataset}/classification/{backbone}/reliability.tsv",
        scores="results/{dataset}/classification/{backbone}/confidence.tsv",
        chosen="results/{dataset}/classification/{backbone}/chosen.tsv",
        code=code_of("plot_confidence.py"),
    output:
        report(
            "results/{dataset}/classification/{backbone}/confidence.png",
            caption="../report/confidence.rst",
            category="Classification",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_confidence/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
    script:
        "../scripts/plot_confidence.py"
