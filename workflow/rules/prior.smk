# Do relatives, and genes, help to see rare taxa? What a taxon looks like is expected from its
# relatives, in closed form.
# Needs specimens/, splits/, features/ and distances between taxa; makes prior/.


if plan.prior:
    RELATIVES = {
        source: paths
        for source in plan.prior.sources
        if (paths := plan.prior.measured_from(source))
    }
    # What follows from no sequence does not wait for them.
    SEQUENCES_KNOWN = of_sequences([]) if plan.prior.uses_genes else []

    localrules:
        plot_prior,

    rule predict_rare:
        """Name test specimens by the looks of their taxa, and of their relatives, true and permuted."""
        input:
            **RELATIVES,
            labels=labels_of(plan.prior.rank),
            taxonomy=TAXONOMY,
            splits="<results>/splits/seed-{seed}.tsv",
            features=plan.features.clean_features(plan.prior.backbone),
            sequences_ingested=SEQUENCES_KNOWN,
            code=code_of("predict_rare.py"),
        output:
            taxa="<results>/prior/seed-{seed}/taxa.tsv",
            permuted="<results>/prior/seed-{seed}/permuted.tsv",
            predictions="<results>/prior/seed-{seed}/predictions.tsv",
            nearest="<results>/prior/seed-{seed}/nearest.tsv",
            fits="<results>/prior/seed-{seed}/fits.tsv",
            omitted="<results>/prior/seed-{seed}/omitted.tsv",
        log:
            "<logs>/predict_rare/{seed}.log",
        benchmark:
            "<benchmarks>/predict_rare/{seed}.tsv"
        group:
            "scores"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(120),
        params:
            ranks=RANKS,
            rank=plan.prior.rank,
            tree_rank=INPUTS["tree_rank"],
            sources=plan.prior.sources,
            options=plan.prior.options,
        script:
            "../scripts/predict_rare.py"

    rule train_prior:
        """Learn from all labelled specimens what taxa look like, and keep it to name others with."""
        input:
            **RELATIVES,
            labels=labels_of(plan.prior.rank),
            taxonomy=TAXONOMY,
            features=plan.features.clean_features(plan.prior.backbone),
            sequences_ingested=SEQUENCES_KNOWN,
            code=code_of("train_prior.py"),
        output:
            lacking="<results>/prior/lacking.tsv",
            tensors=expand(
                "<results>/prior/{source}.safetensors", source=plan.prior.sources
            ),
            about=expand("<results>/prior/{source}.json", source=plan.prior.sources),
        log:
            "<logs>/train_prior.log",
        benchmark:
            "<benchmarks>/train_prior.tsv"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(120),
        params:
            ranks=RANKS,
            rank=plan.prior.rank,
            tree_rank=INPUTS["tree_rank"],
            sources=plan.prior.sources,
        script:
            "../scripts/train_prior.py"

    rule score_prior:
        """Score what relatives add, over all seeds together."""
        input:
            taxa=expand("<results>/prior/seed-{seed}/taxa.tsv", seed=plan.prior.seeds),
            permuted=expand(
                "<results>/prior/seed-{seed}/permuted.tsv", seed=plan.prior.seeds
            ),
            names=taxa_of(plan.prior.rank),
            sequences_ingested=SEQUENCES_KNOWN,
            code=code_of("score_prior.py"),
        output:
            "<results>/prior/scores.tsv",
        log:
            "<logs>/score_prior.log",
        group:
            "scores"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(30),
        params:
            rank=plan.prior.rank,
            backbone=plan.prior.backbone,
            options={
                key: config["prior"][key] for key in ("tail", "apart", "bootstraps")
            },
            seed=plan.seed,
        script:
            "../scripts/score_prior.py"

    rule plot_prior:
        """Draw learning curves, who gains by relatives, and photographs of some."""
        input:
            labels=labels_of(plan.prior.rank),
            image_table=IMAGE_TABLE,
            images=plan.images_made,
            scores="<results>/prior/scores.tsv",
            taxa=expand("<results>/prior/seed-{seed}/taxa.tsv", seed=plan.prior.seeds),
            nearest=expand(
                "<results>/prior/seed-{seed}/nearest.tsv", seed=plan.prior.seeds
            ),
            predictions=f"<results>/prior/seed-{plan.prior.seeds[0]}/predictions.tsv",
            sequences_ingested=SEQUENCES_KNOWN,
            code=code_of("plot_prior.py"),
        output:
            **{
                figure: report(
                    f"<results>/prior/{figure}.png",
                    caption=f"../report/prior_{figure}.rst",
                    category="Relatives",
                )
                for figure in PRIOR_FIGURES
            },
            svg=expand("<results>/prior/{figure}.svg", figure=PRIOR_FIGURES),
        log:
            "<logs>/plot_prior.log",
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(60),
        params:
            dots_per_inch=config["figures"]["dots_per_inch"],
            source=plan.prior.sources[-1],
            tail=config["prior"]["tail"],
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/plot_prior.py"
