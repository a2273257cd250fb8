# What is there? From a folder and a table to specimens, every row and file accepted or rejected by
# name, and their training, validation and test parts.
# Needs images and meta.csv, and what there is of tree and sequences; makes specimens/ and splits/.


checkpoint ingest_specimens:
    """Check every image against its row."""
    input:
        images=plan.images_made,
        meta=given(INPUTS["meta"]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("ingest_specimens.py"),
    output:
        specimens="<results>/specimens/specimens.parquet",
        images="<results>/specimens/images.tsv",
        labels=expand("<results>/specimens/labels/{rank}.parquet", rank=RANKS),
        taxa=expand("<results>/specimens/taxa/{rank}.tsv", rank=RANKS),
        views="<results>/specimens/views.parquet",
        groups="<results>/specimens/groups.parquet",
        taxonomy="<results>/specimens/taxonomy.tsv",
        rejected="<results>/specimens/rejected.tsv",
    log:
        "<logs>/ingest_specimens.log",
    benchmark:
        "<benchmarks>/ingest_specimens.tsv"
    group:
        "ingest"
    conda:
        "../../envs/images.yaml"
    threads: config["compute"]["workers"]
    resources:
        mem_mb=scaled(6000),
        runtime=scaled(240),
    params:
        inventory="simulated" if plan.simulated else inventory_of(INPUTS["images"]),
        ranks=RANKS,
        columns=INPUTS["columns"],
        missing_values=INPUTS["missing_values"],
        path_pattern=INPUTS["path_pattern"],
        specimen_pattern=INPUTS["specimen_pattern"],
        max_pixels=config["ingest"]["max_pixels"],
        min_side=config["ingest"]["min_side"],
        max_aspect_ratio=config["ingest"]["max_aspect_ratio"],
        background=config["ingest"]["background"],
        max_rejected=config["ingest"]["max_rejected"],
        contradictions=config["ingest"]["contradictions"],
    script:
        "../scripts/ingest_specimens.py"


rule measure_coverage:
    """Count what there is of every taxon, and list names on one side only, and untested taxa."""
    input:
        labels=labels_of(*RANKS),
        groups=GROUPS,
        splits=plan.splits,
        tree=given(INPUTS["tree"]),
        distances=given(INPUTS["distances"]),
        sequences=SEQUENCE_TABLE,
        sequence_table=given(INPUTS["sequence_table"]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("measure_coverage.py"),
    output:
        coverage="<results>/specimens/coverage.tsv",
        ranks="<results>/specimens/ranks.tsv",
        notes=expand("<results>/splits/notes-{seed}.tsv", seed=plan.seeds),
        unmatched="<results>/genetics/unmatched.tsv" if plan.has_sequences else [],
    log:
        "<logs>/measure_coverage.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        ranks=RANKS,
        tree_rank=INPUTS["tree_rank"],
        sequence_rank=INPUTS["sequence_rank"],
    script:
        "../scripts/measure_coverage.py"


rule split_specimens:
    """Deal specimens to the parts, for every seed."""
    input:
        groups=GROUPS,
        code=code_of("split_specimens.py"),
    output:
        splits=plan.splits,
    log:
        "<logs>/split_specimens.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        **plan.split_options,
        ranks=RANKS,
        seeds=plan.seeds,
    script:
        "../scripts/split_specimens.py"


rule plot_inputs:
    """Draw images and distances of taxa, what networks see, and how weights were learned."""
    input:
        image_table=IMAGE_TABLE,
        images=plan.images_made,
        labels=labels_of(*RANKS),
        taxonomy=TAXONOMY,
        coverage="<results>/specimens/coverage.tsv",
        distances=plan.tree_distances,
        histories=expand(
            "<results>/simclr/{model}/history.tsv", model=plan.features.learned_models
        ),
        # How images were framed stands in every shard.
        features=[
            plan.features.clean_features(backbone)[0]
            for backbone in config["backbones"]
        ],
        sequences_ingested=of_sequences([]),
        code=code_of("plot_inputs.py"),
    output:
        counts=report(
            "<results>/specimens/counts.png",
            caption="../report/counts.rst",
            category="Specimens",
        ),
        distances=report(
            expand("<results>/distances/{rank}.png", rank=plan.tree_ranks),
            caption="../report/distances.rst",
            category="Phylogeny",
        ),
        histories=report(
            expand(
                "<results>/simclr/{model}/history.png",
                model=plan.features.learned_models,
            ),
            caption="../report/simclr.rst",
            category="Weights learned without labels",
        ),
        seen=report(
            expand(
                "<results>/features/{backbone}/seen.png", backbone=config["backbones"]
            ),
            caption="../report/seen.rst",
            category="What networks see",
        ),
        cuts=expand(
            "<results>/features/{backbone}/seen.tsv", backbone=config["backbones"]
        ),
        svg=[
            "<results>/specimens/counts.svg",
            *expand("<results>/distances/{rank}.svg", rank=plan.tree_ranks),
            *expand(
                "<results>/simclr/{model}/history.svg",
                model=plan.features.learned_models,
            ),
            *expand(
                "<results>/features/{backbone}/seen.svg", backbone=config["backbones"]
            ),
        ],
    log:
        "<logs>/plot_inputs.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        dots_per_inch=config["figures"]["dots_per_inch"],
        ranks=RANKS,
        tree_rank=INPUTS["tree_rank"],
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/plot_inputs.py"
