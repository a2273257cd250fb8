# Weights, fetched or learned; frozen backbones: images become vectors, once; the store outlives
# the results.


rule fetch_weights:
    input:
        code=ancient(code_of("fetch_weights.py")),
    output:
        "resources/weights/{model}.safetensors",
    log:
        "resources/weights/{model}.log",
    retries: 2
    conda:
        "../../envs/torch.yaml"
    script:
        "../scripts/fetch_weights.py"


rule train_simclr:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        images=INPUTS["images"] if config["simulation"] is not None else [],
        initial_weights=initial_weights_of,
        code=code_of("train_simclr.py"),
    output:
        weights="results/{dataset}/simclr/{model}/weights.safetensors",
        history="results/{dataset}/simclr/{model}/history.tsv",
    log:
        "results/{dataset}/logs/train_simclr/{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_simclr/{model}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=16000,
    params:
        backbone=trained_as,
        options=SIMCLR_OPTIONS,
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/train_simclr.py"


rule plot_simclr:
    input:
        history="results/{dataset}/simclr/{model}/history.tsv",
        code=code_of("plot_simclr.py"),
    output:
        report(
            "results/{dataset}/simclr/{model}/history.png",
            caption="../report/simclr.rst",
            category="Weights learned without labels",
        ),
    log:
        "results/{dataset}/logs/plot_simclr/{model}.log",
    conda:
        "../../envs/statistics.yaml"
    script:
        "../scripts/plot_simclr.py"


rule extract_features:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        images=INPUTS["images"] if config["simulation"] is not None else [],
        weights=weights_of,
        code=code_of("extract_features.py"),
    output:
        "results/{dataset}/features/{backbone}/clean-{shard}.parquet",
    log:
        "results/{dataset}/logs/extract_features/{backbone}-{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/extract_features/{backbone}-{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=8000,
    params:
        backbone=lookup(within=config, dpath="backbones/{backbone}"),
        shards=config["features"]["shards"],
        batch_size=config["features"]["batch_size"],
        precision=config["features"]["precision"],
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/extract_features.py"


rule extract_views:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        images=INPUTS["images"] if config["simulation"] is not None else [],
        splits=expand("results/{{dataset}}/splits/seed-{seed}.tsv", seed=SEEDS),
        weights=weights_of,
        code=code_of("extract_views.py"),
    output:
        "results/{dataset}/features/{backbone}/views-{shard}.parquet",
    log:
        "results/{dataset}/logs/extract_views/{backbone}-{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/extract_views/{backbone}-{shard}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=8000,
    params:
        backbone=lookup(within=config, dpath="backbones/{backbone}"),
        shards=config["features"]["shards"],
        batch_size=config["features"]["batch_size"],
        precision=config["features"]["precision"],
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
        views=config["features"]["views"],
        augmentation=config["features"]["augmentation"],
    script:
        "../scripts/extract_views.py"
