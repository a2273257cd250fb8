# How much of the taxonomy can be read off the images: train, predict, score, plot.


rule train_classifier:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=feature_shards,
        splits=expand("results/{{dataset}}/splits/seed-{seed}.tsv", seed=SEEDS),
        code=code_of("train_classifier.py"),
    output:
        predictions="results/{dataset}/classification/{backbone}/{classifier}/predictions.parquet",
        omitted="results/{dataset}/classification/{backbone}/{classifier}/omitted.tsv",
    log:
        "results/{dataset}/logs/train_classifier/{backbone}/{classifier}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_classifier/{backbone}/{classifier}.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: config["compute"]["threads"]
    params:
        ranks=config["classification"]["ranks"] or INPUTS["ranks"],
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
            classifier=config["classification"]["classifiers"],
        ),
        code=code_of("score_predictions.py"),
    output:
        "results/{dataset}/classification/{backbone}/scores.tsv",
    log:
        "results/{dataset}/logs/score_predictions/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        classifiers=list(config["classification"]["classifiers"]),
        bootstraps=config["classification"]["bootstraps"],
    script:
        "../scripts/score_predictions.py"


rule plot_scores:
    input:
        scores="results/{dataset}/classification/{backbone}/scores.tsv",
        code=code_of("plot_scores.py"),
    output:
        report(
            "results/{dataset}/classification/{backbone}/scores.png",
            caption="../report/scores.rst",
            category="Classification",
        ),
    log:
        "results/{dataset}/logs/plot_scores/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
    script:
        "../scripts/plot_scores.py"
