# Do genes help to see rare species? Metric learning, cross-modal alignment to anchors, recognition
# from images alone, and the same for taxa that training has not seen.
# Needs specimens/, splits/ and genetics/anchors/; makes visual_genetic/ and, for withheld taxa,
# unseen_species/ and unseen_genera/.
# Networks deal the specimens of their seed themselves, as split_specimens does for all seeds at
# once, so that a further seed trains none of the others anew.


if plan.recognition:
    RECOGNITION = plan.recognition.section

    wildcard_constraints:
        scope=one_of(SCOPES),
        regime=one_of(REGIMES),

    rule split_unseen:
        """Draw the taxa that no training sees, to be placed afterwards."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            code=code_of("split_unseen.py"),
        output:
            withheld="<results>/visual_genetic/withheld.tsv",
            omitted="<results>/visual_genetic/withheld.omitted.tsv",
        log:
            "<logs>/split_unseen.log",
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=RANKS,
            rank=plan.recognition.rank,
            share=RECOGNITION["unseen"] and RECOGNITION["unseen"]["share"],
            seed=RECOGNITION["unseen"] and RECOGNITION["unseen"]["seed"],
        script:
            "../scripts/split_unseen.py"

    rule train_regime:
        """Train a network under a regime, and pool the features that it makes of every image."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            images=plan.images_made,
            withheld=by_wildcards(plan.recognition.withheld_from),
            weights=plan.weights_of(RECOGNITION["backbone"]),
            code=code_of("train_regime.py"),
        output:
            checkpoint="<results>/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            history="<results>/{scope}/regimes/{regime}/seed-{seed}/history.tsv",
            norms="<results>/{scope}/regimes/{regime}/seed-{seed}/norms.tsv",
            pooled="<results>/{scope}/regimes/{regime}/seed-{seed}/pooled.npz",
        log:
            "<logs>/train_regime/{scope}-{regime}-{seed}.log",
        benchmark:
            "<benchmarks>/train_regime/{scope}-{regime}-{seed}.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=16000,
        params:
            rank=plan.recognition.rank,
            ranks=RANKS,
            split=plan.split_options,
            backbone=plan.recognition.backbone,
            options=by_wildcards(plan.recognition.regime_options),
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/train_regime.py"

    rule pool_views:
        """Pool the features that a regime's network makes of distorted training images."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            images=plan.images_made,
            withheld=by_wildcards(plan.recognition.withheld_from),
            checkpoint="<results>/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            code=code_of("pool_views.py"),
        output:
            views="<results>/{scope}/regimes/{regime}/seed-{seed}/views.npz",
        log:
            "<logs>/pool_views/{scope}-{regime}-{seed}.log",
        benchmark:
            "<benchmarks>/pool_views/{scope}-{regime}-{seed}.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=16000,
        params:
            rank=plan.recognition.rank,
            ranks=RANKS,
            split=plan.split_options,
            backbone=plan.recognition.backbone,
            options=plan.recognition.view_options,
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/pool_views.py"

    rule train_variant:
        """Align a regime to anchors, and predict taxa from images alone."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            withheld=by_wildcards(plan.recognition.withheld_from),
            checkpoint=by_wildcards(plan.recognition.checkpoint_of),
            pooled=by_wildcards(plan.recognition.pooled_for),
            anchors=by_wildcards(plan.recognition.anchors_file_of),
            code=code_of("train_variant.py"),
        output:
            checkpoint="<results>/{scope}/{variant}/seed-{seed}/checkpoint.safetensors",
            history="<results>/{scope}/{variant}/seed-{seed}/history.tsv",
            embeddings="<results>/{scope}/{variant}/seed-{seed}/embeddings.npz",
            predictions="<results>/{scope}/{variant}/seed-{seed}/predictions.parquet",
            omitted="<results>/{scope}/{variant}/seed-{seed}/omitted.tsv",
        log:
            "<logs>/train_variant/{scope}-{variant}-{seed}.log",
        benchmark:
            "<benchmarks>/train_variant/{scope}-{variant}-{seed}.tsv"
        wildcard_constraints:
            variant=one_of(RECOGNITION["variants"]),
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=8000,
        params:
            rank=plan.recognition.rank,
            ranks=RANKS,
            split=plan.split_options,
            options=by_wildcards(plan.recognition.variant_options),
            anchors_name=by_wildcards(plan.recognition.anchors_of),
        script:
            "../scripts/train_variant.py"

    rule score_recognition:
        """Score all variants and seeds, and where unseen taxa are placed."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            splits=expand(
                "<results>/splits/seed-{seed}.tsv", seed=plan.recognition.seeds
            ),
            predictions=expand(
                "<results>/visual_genetic/{variant}/seed-{seed}/predictions.parquet",
                variant=RECOGNITION["variants"],
                seed=plan.recognition.seeds,
            ),
            unseen=expand(
                "<results>/{scope}/{variant}/seed-{seed}/predictions.parquet",
                scope=SCOPES[1:],
                variant=plan.recognition.unseen,
                seed=plan.recognition.seeds,
            ),
            withheld=plan.recognition.withheld_taxa,
            anchors=[
                path
                for variant in plan.recognition.unseen_anchored
                for path in plan.recognition.anchors_file_of(variant)
            ],
            distances=plan.tree_distances,
            code=code_of("score_recognition.py"),
        output:
            scores="<results>/visual_genetic/scores.tsv",
            taxa="<results>/visual_genetic/taxa.tsv",
            unseen="<results>/visual_genetic/unseen.tsv",
        log:
            "<logs>/score_recognition.log",
        benchmark:
            "<benchmarks>/score_recognition.tsv"
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=RANKS,
            rank=plan.recognition.rank,
            tree_rank=INPUTS["tree_rank"],
            variants=plan.recognition.compared,
            anchored=plan.recognition.unseen_anchored,
            backbone=RECOGNITION["backbone"],
            tail=RECOGNITION["tail"],
            head=RECOGNITION["head"],
            bootstraps=RECOGNITION["bootstraps"],
            seed=RECOGNITION["unseen"] and RECOGNITION["unseen"]["seed"],
        script:
            "../scripts/score_recognition.py"

    rule plot_recognition:
        """Draw scores, changes by taxon, spaces and the course of training."""
        input:
            specimens="<results>/specimens/specimens.parquet",
            scores="<results>/visual_genetic/scores.tsv",
            taxa="<results>/visual_genetic/taxa.tsv",
            published=given(config["published"]),
            histories=expand(
                "<results>/visual_genetic/regimes/{regime}/seed-{seed}/history.tsv",
                regime=plan.recognition.regimes,
                seed=plan.recognition.seeds,
            ),
            norms=expand(
                "<results>/visual_genetic/regimes/{regime}/seed-{seed}/norms.tsv",
                regime=plan.recognition.regimes,
                seed=plan.recognition.seeds,
            ),
            alignments=expand(
                "<results>/visual_genetic/{variant}/seed-{seed}/history.tsv",
                variant=plan.recognition.anchored,
                seed=plan.recognition.seeds,
            ),
            embeddings=expand(
                "<results>/visual_genetic/{variant}/seed-{seed}/embeddings.npz",
                variant=RECOGNITION["variants"],
                seed=plan.recognition.seeds,
            ),
            anchors=plan.recognition.anchors_files(plan.recognition.anchor_sets),
            code=code_of("plot_recognition.py"),
        output:
            **{
                figure: report(
                    f"<results>/visual_genetic/{figure}.png",
                    caption=f"../report/recognition_{figure}.rst",
                    category="Recognition",
                )
                for figure in RECOGNITION_FIGURES
            },
        log:
            "<logs>/plot_recognition.log",
        conda:
            "../../envs/statistics.yaml"
        params:
            ranks=RANKS,
            rank=plan.recognition.rank,
            variants=plan.recognition.compared,
            seeds=plan.recognition.seeds,
            tail=RECOGNITION["tail"],
        script:
            "../scripts/plot_recognition.py"
