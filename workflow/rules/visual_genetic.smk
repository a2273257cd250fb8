# Do genes help to see rare species? Metric learning, cross-modal alignment to anchors, recognition
# from images alone, and the same for taxa that training has not seen.


if RECOGNITION is not None:

    wildcard_constraints:
        scope="|".join(SCOPES),
        regime="control|naive|wd|ltr",

    rule split_unseen:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            code=code_of("split_unseen.py"),
        output:
            withheld="results/{dataset}/visual_genetic/withheld.tsv",
            omitted="results/{dataset}/visual_genetic/withheld.omitted.tsv",
        log:
            "results/{dataset}/logs/split_unseen.log",
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=INPUTS["ranks"],
            rank=RECOGNISED,
            share=RECOGNITION["unseen"] and RECOGNITION["unseen"]["share"],
            seed=RECOGNITION["unseen"] and RECOGNITION["unseen"]["seed"],
        script:
            "../scripts/split_unseen.py"

    rule train_regime:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            images=INPUTS["images"] if config["simulation"] is not None else [],
            split="results/{dataset}/splits/seed-{seed}.tsv",
            withheld=withheld_in,
            weights=recognition_weights,
            code=code_of("train_regime.py"),
        output:
            checkpoint="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            history="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/history.tsv",
            norms="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/norms.tsv",
            pooled="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/pooled.npz",
        log:
            "results/{dataset}/logs/train_regime/{scope}-{regime}-{seed}.log",
        benchmark:
            "results/{dataset}/benchmarks/train_regime/{scope}-{regime}-{seed}.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=16000,
        params:
            rank=RECOGNISED,
            backbone=config["backbones"][RECOGNITION["backbone"]],
            options=regime_options,
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/train_regime.py"

    rule pool_views:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            images=INPUTS["images"] if config["simulation"] is not None else [],
            split="results/{dataset}/splits/seed-{seed}.tsv",
            withheld=withheld_in,
            checkpoint="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            code=code_of("pool_views.py"),
        output:
            views="results/{dataset}/{scope}/regimes/{regime}/seed-{seed}/views.npz",
        log:
            "results/{dataset}/logs/pool_views/{scope}-{regime}-{seed}.log",
        benchmark:
            "results/{dataset}/benchmarks/pool_views/{scope}-{regime}-{seed}.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=16000,
        params:
            rank=RECOGNISED,
            backbone=config["backbones"][RECOGNITION["backbone"]],
            image_size=RECOGNITION["image_size"],
            colour=RECOGNITION["colour"],
            augmentation=RECOGNITION["augmentation"],
            n_views=RECOGNITION["alignment"]["views"],
            batch_size=RECOGNITION["pretraining"]["batch_size"],
            precision=RECOGNITION["pretraining"]["precision"],
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/pool_views.py"

    rule train_variant:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            split="results/{dataset}/splits/seed-{seed}.tsv",
            withheld=withheld_in,
            checkpoint=regime_checkpoint,
            pooled=regime_pooled,
            anchors=variant_anchors,
            code=code_of("train_variant.py"),
        output:
            checkpoint="results/{dataset}/{scope}/{variant}/seed-{seed}/checkpoint.safetensors",
            history="results/{dataset}/{scope}/{variant}/seed-{seed}/history.tsv",
            embeddings="results/{dataset}/{scope}/{variant}/seed-{seed}/embeddings.npz",
            predictions="results/{dataset}/{scope}/{variant}/seed-{seed}/predictions.parquet",
            omitted="results/{dataset}/{scope}/{variant}/seed-{seed}/omitted.tsv",
        log:
            "results/{dataset}/logs/train_variant/{scope}-{variant}-{seed}.log",
        benchmark:
            "results/{dataset}/benchmarks/train_variant/{scope}-{variant}-{seed}.tsv"
        wildcard_constraints:
            variant=one_of(RECOGNITION["variants"]),
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=8000,
        params:
            rank=RECOGNISED,
            options=variant_options,
            anchors_name=anchors_name,
        script:
            "../scripts/train_variant.py"

    rule score_recognition:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            splits=expand(
                "results/{{dataset}}/splits/seed-{seed}.tsv", seed=RECOGNITION_SEEDS
            ),
            predictions=expand(
                "results/{{dataset}}/visual_genetic/{variant}/seed-{seed}/predictions.parquet",
                variant=RECOGNITION["variants"],
                seed=RECOGNITION_SEEDS,
            ),
            unseen=expand(
                "results/{{dataset}}/{scope}/{variant}/seed-{seed}/predictions.parquet",
                scope=SCOPES[1:],
                variant=UNSEEN_VARIANTS,
                seed=RECOGNITION_SEEDS,
            ),
            withheld=given(
                UNSEEN_VARIANTS and "results/{dataset}/visual_genetic/withheld.tsv"
            ),
            anchors=expand(
                "results/{{dataset}}/genetics/anchors/{anchors}.npz",
                anchors=[
                    ANCHORS_OF[name] for name in UNSEEN_VARIANTS if ANCHORS_OF[name]
                ],
            ),
            distances=tree_distances,
            code=code_of("score_recognition.py"),
        output:
            scores="results/{dataset}/visual_genetic/scores.tsv",
            taxa="results/{dataset}/visual_genetic/taxa.tsv",
            unseen="results/{dataset}/visual_genetic/unseen.tsv",
        log:
            "results/{dataset}/logs/score_recognition.log",
        benchmark:
            "results/{dataset}/benchmarks/score_recognition.tsv"
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=INPUTS["ranks"],
            rank=RECOGNISED,
            tree_rank=INPUTS["tree_rank"],
            variants=COMPARED,
            anchored=[name for name in UNSEEN_VARIANTS if ANCHORS_OF[name]],
            backbone=RECOGNITION["backbone"],
            tail=RECOGNITION["tail"],
            head=RECOGNITION["head"],
            bootstraps=RECOGNITION["bootstraps"],
            seed=RECOGNITION["unseen"] and RECOGNITION["unseen"]["seed"],
        script:
            "../scripts/score_recognition.py"

    rule plot_recognition:
        input:
            specimens="results/{dataset}/specimens/specimens.parquet",
            scores="results/{dataset}/visual_genetic/scores.tsv",
            taxa="results/{dataset}/visual_genetic/taxa.tsv",
            published=given(config["published"]),
            histories=expand(
                "results/{{dataset}}/visual_genetic/regimes/{regime}/seed-{seed}/history.tsv",
                regime=REGIMES,
                seed=RECOGNITION_SEEDS,
            ),
            norms=expand(
                "results/{{dataset}}/visual_genetic/regimes/{regime}/seed-{seed}/norms.tsv",
                regime=REGIMES,
                seed=RECOGNITION_SEEDS,
            ),
            alignments=expand(
                "results/{{dataset}}/visual_genetic/{variant}/seed-{seed}/history.tsv",
                variant=[name for name in ANCHORS_OF if ANCHORS_OF[name]],
                seed=RECOGNITION_SEEDS,
            ),
            embeddings=expand(
                "results/{{dataset}}/visual_genetic/{variant}/seed-{seed}/embeddings.npz",
                variant=RECOGNITION["variants"],
                seed=RECOGNITION_SEEDS,
            ),
            anchors=expand(
                "results/{{dataset}}/genetics/anchors/{anchors}.npz",
                anchors=sorted({name for name in ANCHORS_OF.values() if name}),
            ),
            code=code_of("plot_recognition.py"),
        output:
            **{
                figure: report(
                    f"results/{{dataset}}/visual_genetic/{figure}.png",
                    caption=f"../report/recognition_{figure}.rst",
                    category="Recognition",
                )
                for figure in RECOGNITION_FIGURES
            },
        log:
            "results/{dataset}/logs/plot_recognition.log",
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=INPUTS["ranks"],
            rank=RECOGNISED,
            variants=COMPARED,
            seeds=RECOGNITION_SEEDS,
            tail=RECOGNITION["tail"],
        script:
            "../scripts/plot_recognition.py"
