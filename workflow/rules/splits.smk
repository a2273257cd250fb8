# Training, validation and test parts of specimens, once a seed.
# Needs specimens/; makes splits/.


rule split_specimens:
    """Deal specimens to the parts, for every seed."""
    input:
        specimens="<results>/specimens/specimens.parquet",
        code=code_of("split_specimens.py"),
    output:
        splits=expand("<results>/splits/seed-{seed}.tsv", seed=plan.seeds),
        notes=expand("<results>/splits/notes-{seed}.tsv", seed=plan.seeds),
    log:
        "<logs>/split_specimens.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        **plan.split_options,
        ranks=RANKS,
        seeds=plan.seeds,
    script:
        "../scripts/split_specimens.py"
