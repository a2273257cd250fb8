# From a folder and a table to specimens: every row and file is accepted or rejected by name.


rule ingest_specimens:
    input:
        images=INPUTS["images"],
        meta=given(INPUTS["meta"]),
        code=code_of("ingest_specimens.py"),
    output:
        specimens="results/{dataset}/specimens/specimens.parquet",
        rejected="results/{dataset}/specimens/rejected.tsv",
    log:
        "results/{dataset}/logs/ingest_specimens.log",
    benchmark:
        "results/{dataset}/benchmarks/ingest_specimens.tsv"
    conda:
        "../../envs/images.yaml"
    threads: config["compute"]["workers"]
    params:
        inventory=inventory,
        ranks=INPUTS["ranks"],
        columns=INPUTS["columns"],
        missing_values=INPUTS["missing_values"],
        path_pattern=INPUTS["path_pattern"],
        specimen_pattern=INPUTS["specimen_pattern"],
        max_pixels=config["ingest"]["max_pixels"],
        max_rejected=config["ingest"]["max_rejected"],
        contradictions=config["ingest"]["contradictions"],
    script:
        "../scripts/ingest_specimens.py"


rule measure_coverage:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        tree=given(INPUTS["tree"]),
        distances=given(INPUTS["distances"]),
        sequences=given(HAS_SEQUENCES and "results/{dataset}/genetics/sequences.tsv"),
        code=code_of("measure_coverage.py"),
    output:
        coverage="results/{dataset}/specimens/coverage.tsv",
        ranks="results/{dataset}/specimens/ranks.tsv",
    log:
        "results/{dataset}/logs/measure_coverage.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        tree_rank=INPUTS["tree_rank"],
        sequence_rank=INPUTS["sequence_rank"],
    script:
        "../scripts/measure_coverage.py"


rule plot_counts:
    input:
        coverage="results/{dataset}/specimens/coverage.tsv",
        code=code_of("plot_counts.py"),
    output:
        report(
            "results/{dataset}/specimens/counts.png",
            caption="../report/counts.rst",
            category="Specimens",
        ),
    log:
        "results/{dataset}/logs/plot_counts.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
    script:
        "../scripts/plot_counts.py"
