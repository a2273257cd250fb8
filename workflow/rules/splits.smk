# Training, validation and test parts, once a seed.


rule split_specimens:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        code=code_of("split_specimens.py"),
    output:
        split="results/{dataset}/splits/seed-{seed}.tsv",
        notes="results/{dataset}/splits/notes-{seed}.tsv",
    log:
        "results/{dataset}/logs/split_specimens/{seed}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        stratify_by=config["splits"]["stratify_by"],
        test=config["splits"]["test"],
        val=config["splits"]["val"],
    script:
        "../scripts/split_specimens.py"
