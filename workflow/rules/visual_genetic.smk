# Do genes help to see rare species? Metric learning, cross-modal alignment to anchors, recognition
# from images alone, and the same for taxa that training has not seen.
# Needs specimens/, splits/ and genetics/anchors/; makes visual_genetic/ and, for withheld taxa,
# unseen_species/ and unseen_genera/.
# Networks deal the specimens of their seed themselves, as split_specimens does for all seeds at
# once, so that a further seed trains none of the others anew.


if plan.visual_genetic:
    VISUAL_GENETIC = plan.visual_genetic.section

    localrules:
        plot_visual_genetic,
        split_unseen,

    wildcard_constraints:
        scope=one_of(SCOPES),
        regime=one_of(regime for regime in REGIMES if regime != FROZEN),

    rule split_unseen:
        """Draw the taxa that no training sees, to be placed afterwards."""
        input:
            taxonomy=TAXONOMY,
            code=code_of("split_unseen.py"),
        output:
            withheld="<results>/visual_genetic/withheld.tsv",
            omitted="<results>/visual_genetic/withheld.omitted.tsv",
        log:
            "<logs>/split_unseen.log",
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(30),
        params:
            ranks=RANKS,
            rank=plan.visual_genetic.rank,
            share=VISUAL_GENETIC["unseen"] and VISUAL_GENETIC["unseen"]["share"],
            seed=plan.seed,
        script:
            "../scripts/split_unseen.py"

    rule train_frozen:
        """Train projection and head on stored features of the backbone."""
        input:
            labels=labels_of(plan.visual_genetic.rank),
            groups=GROUPS,
            withheld=by_wildcards(plan.visual_genetic.withheld_from),
            features=plan.features.clean_features(VISUAL_GENETIC["backbone"]),
            code=code_of("train_frozen.py"),
        output:
            checkpoint=f"<results>/{{scope}}/regimes/{FROZEN}/seed-{{seed}}/checkpoint.safetensors",
            history=f"<results>/{{scope}}/regimes/{FROZEN}/seed-{{seed}}/history.tsv",
            norms=f"<results>/{{scope}}/regimes/{FROZEN}/seed-{{seed}}/norms.tsv",
            pooled=f"<results>/{{scope}}/regimes/{FROZEN}/seed-{{seed}}/pooled.npz",
        log:
            "<logs>/train_frozen/{scope}-{seed}.log",
        cache: True
        group:
            "regime"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=scaled(8000),
            runtime=scaled(60),
        params:
            scope="{scope}",
            seed="{seed}",
            rank=plan.visual_genetic.rank,
            ranks=RANKS,
            split=plan.split_options,
            options=plan.visual_genetic.regime_options(FROZEN),
        script:
            "../scripts/train_frozen.py"

    rule train_regime:
        """Train a network under a regime, and pool the features that it makes of every image."""
        input:
            image_table=IMAGE_TABLE,
            labels=labels_of(plan.visual_genetic.rank),
            groups=GROUPS,
            images=plan.images_made,
            withheld=by_wildcards(plan.visual_genetic.withheld_from),
            weights=plan.features.weights_of(VISUAL_GENETIC["backbone"]),
            code=code_of("train_regime.py"),
        output:
            checkpoint="<results>/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            history="<results>/{scope}/regimes/{regime}/seed-{seed}/history.tsv",
            norms="<results>/{scope}/regimes/{regime}/seed-{seed}/norms.tsv",
            pooled="<results>/{scope}/regimes/{regime}/seed-{seed}/pooled.npz",
        log:
            "<logs>/train_regime/{scope}-{regime}-{seed}.log",
        cache: True
        group:
            "regime"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=scaled(16000),
            runtime=scaled(420),
        params:
            scope="{scope}",
            regime="{regime}",
            seed="{seed}",
            rank=plan.visual_genetic.rank,
            ranks=RANKS,
            split=plan.split_options,
            backbone=plan.visual_genetic.backbone,
            options=by_wildcards(plan.visual_genetic.regime_options),
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/train_regime.py"

    rule pool_views:
        """Pool the features that a regime's network makes of distorted training images."""
        input:
            image_table=IMAGE_TABLE,
            labels=labels_of(plan.visual_genetic.rank),
            groups=GROUPS,
            images=plan.images_made,
            withheld=by_wildcards(plan.visual_genetic.withheld_from),
            weights=plan.features.weights_of(VISUAL_GENETIC["backbone"]),
            checkpoint="<results>/{scope}/regimes/{regime}/seed-{seed}/checkpoint.safetensors",
            code=code_of("pool_views.py"),
        output:
            views="<results>/{scope}/regimes/{regime}/seed-{seed}/views.npz",
        log:
            "<logs>/pool_views/{scope}-{regime}-{seed}.log",
        benchmark:
            "<benchmarks>/pool_views/{scope}-{regime}-{seed}.tsv"
        group:
            "regime"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=scaled(16000),
            runtime=scaled(60),
        params:
            rank=plan.visual_genetic.rank,
            ranks=RANKS,
            split=plan.split_options,
            backbone=plan.visual_genetic.backbone,
            options=plan.visual_genetic.view_options,
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/pool_views.py"

    rule train_variant:
        """Take a regime through stage 2, by real and permuted anchors or none, and predict taxa."""
        input:
            labels=labels_of(plan.visual_genetic.rank),
            groups=GROUPS,
            withheld=by_wildcards(plan.visual_genetic.withheld_from),
            checkpoint=by_wildcards(plan.visual_genetic.checkpoint_of),
            pooled=by_wildcards(plan.visual_genetic.pooled_for),
            anchors=by_wildcards(plan.visual_genetic.anchors_file_of),
            beside=by_wildcards(plan.visual_genetic.anchors_beside),
            sequences_ingested=of_sequences([]),
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
            variant=one_of(VISUAL_GENETIC["variants"]),
        group:
            "regime"
        conda:
            "../../envs/torch.yaml"
        threads: config["compute"]["threads"]
        resources:
            gpu=1,
            mem_mb=scaled(16000),
            runtime=scaled(60),
        params:
            rank=plan.visual_genetic.rank,
            ranks=RANKS,
            split=plan.split_options,
            options=by_wildcards(plan.visual_genetic.variant_options),
            anchors_name=by_wildcards(plan.visual_genetic.anchors_of),
            neighbours=VISUAL_GENETIC["neighbours"],
        script:
            "../scripts/train_variant.py"

    rule score_visual_genetic:
        """Score all variants and seeds, where unseen taxa are placed, and how taxa are spaced."""
        input:
            labels=labels_of(*RANKS),
            splits=expand(
                "<results>/splits/seed-{seed}.tsv", seed=plan.visual_genetic.seeds
            ),
            predictions=expand(
                "{run}/predictions.parquet", run=plan.visual_genetic.runs(SCOPES[:1])
            ),
            unseen=expand(
                "{run}/predictions.parquet", run=plan.visual_genetic.runs(SCOPES[1:])
            ),
            alignments=expand(
                "<results>/visual_genetic/{variant}/seed-{seed}/history.tsv",
                variant=plan.visual_genetic.anchored,
                seed=plan.visual_genetic.seeds,
            ),
            withheld=plan.visual_genetic.withheld_taxa,
            anchors=plan.visual_genetic.anchors_files(
                map(
                    plan.visual_genetic.anchors_of,
                    plan.visual_genetic.unseen_anchored,
                )
            ),
            distances=plan.tree_distances,
            space_embeddings=plan.visual_genetic.space_embeddings,
            space_anchors=plan.visual_genetic.space_anchors,
            sequences_ingested=of_sequences([]),
            code=code_of("score_visual_genetic.py"),
        output:
            scores="<results>/visual_genetic/scores.tsv",
            taxa="<results>/visual_genetic/taxa.tsv",
            unseen="<results>/visual_genetic/unseen.tsv",
            spaces=plan.visual_genetic.spaces,
        log:
            "<logs>/score_visual_genetic.log",
        benchmark:
            "<benchmarks>/score_visual_genetic.tsv"
        group:
            "scores"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(120),
        params:
            ranks=RANKS,
            rank=plan.visual_genetic.rank,
            tree_rank=INPUTS["tree_rank"],
            variants=plan.visual_genetic.compared,
            anchored=plan.visual_genetic.unseen_anchored,
            backbone=VISUAL_GENETIC["backbone"],
            tail=VISUAL_GENETIC["tail"],
            head=VISUAL_GENETIC["head"],
            bootstraps=VISUAL_GENETIC["bootstraps"],
            spaces={
                "variants": plan.visual_genetic.pair,
                "anchors": plan.visual_genetic.pair
                and plan.visual_genetic.anchors_of(plan.visual_genetic.pair[1]),
                "split_seed": plan.visual_genetic.seeds[0],
            },
            seed=plan.seed,
        script:
            "../scripts/score_visual_genetic.py"

    rule plot_visual_genetic:
        """Draw scores, changes by taxon, spaces and the course of training."""
        input:
            labels=labels_of(plan.visual_genetic.rank),
            taxonomy=TAXONOMY,
            image_table=IMAGE_TABLE,
            images=plan.images_made,
            scores="<results>/visual_genetic/scores.tsv",
            taxa="<results>/visual_genetic/taxa.tsv",
            published=given(config["published"]),
            histories=expand(
                "<results>/visual_genetic/regimes/{regime}/seed-{seed}/history.tsv",
                regime=plan.visual_genetic.regimes,
                seed=plan.visual_genetic.seeds,
            ),
            norms=expand(
                "<results>/visual_genetic/regimes/{regime}/seed-{seed}/norms.tsv",
                regime=plan.visual_genetic.regimes,
                seed=plan.visual_genetic.seeds,
            ),
            alignments=expand(
                "<results>/visual_genetic/{variant}/seed-{seed}/history.tsv",
                variant=plan.visual_genetic.learning,
                seed=plan.visual_genetic.seeds,
            ),
            spaces=plan.visual_genetic.spaces,
            embeddings=plan.visual_genetic.space_embeddings,
            anchors=plan.visual_genetic.space_anchors,
            sequences_ingested=of_sequences([]),
            code=code_of("plot_visual_genetic.py"),
        output:
            **{
                figure: report(
                    f"<results>/visual_genetic/{figure}.png",
                    caption=f"../report/visual_genetic_{figure}.rst",
                    category="Recognition",
                )
                for figure in VISUAL_GENETIC_FIGURES
            },
            svg=expand(
                "<results>/visual_genetic/{figure}.svg", figure=VISUAL_GENETIC_FIGURES
            ),
        log:
            "<logs>/plot_visual_genetic.log",
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(60),
        params:
            dots_per_inch=config["figures"]["dots_per_inch"],
            ranks=RANKS,
            rank=plan.visual_genetic.rank,
            variants=plan.visual_genetic.compared,
            tail=VISUAL_GENETIC["tail"],
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/plot_visual_genetic.py"
