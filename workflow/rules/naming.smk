# What are my unnamed specimens? A model of all labelled ones is learned and kept, and names others.
# Needs specimens/, features/ and what names are taken from, classification/ or distances between
# taxa; makes naming/. New photographs run their own check and naming again, nothing else.


if plan.naming:
    NAMING = config["naming"]
    # All that is known of how names are learned, for the model and for its scores alike.
    NAMING_INPUTS = {
        "labels": labels_of(*plan.naming.ranks),
        "taxonomy": TAXONOMY,
        "features": (
            []
            if plan.naming.sees_anew
            else plan.features.clean_features(plan.naming.backbone)
        ),
        "versions": plan.naming.versions,
        "chosen": plan.naming.chosen,
        "relatives": plan.naming.relatives,
        "tree": plan.tree_distances if plan.naming.tree_rank else [],
        "sequences_ingested": of_sequences([]) if plan.naming.relatives else [],
    }
    NAMING_LEARNED = {
        "classifiers": plan.naming.classifiers,
        "source": plan.naming.source,
        "variant": plan.naming.variant,
        "augment": NAMING["augment"],
        "tree_rank": INPUTS["tree_rank"],
        "seed": plan.seed,
    }

    # Taxa without images are in no table of the study's own.
    NAMING_CANDIDATES = {
        "candidate_tree": given(plan.naming.knows("tree_rank") and INPUTS["tree"]),
        "candidate_distances": given(
            plan.naming.knows("tree_rank") and INPUTS["distances"]
        ),
        "candidate_sequences": of_sequences(
            [f"{plan.results}/genetics/accepted.fasta"]
            if plan.naming.knows("sequence_rank")
            else []
        ),
        "synonyms": given(plan.naming.knows("tree_rank") and INPUTS["synonyms"]),
    }
    # What unnamed specimens are shown with; nothing without photographs.
    NAMING_PICTURES = {
        "named": [],
        "photographs": [],
        "unnamed_pictures": [],
        "labels": [],
        "image_table": [],
        "images": [],
    }
    if plan.naming.images:
        NAMING_PICTURES = {
            "named": [f"{plan.naming.folder}/specimens.tsv"],
            "photographs": [f"{plan.naming.folder}/images.tsv"],
            "unnamed_pictures": given(plan.simulated and plan.naming.images),
            "labels": labels_of(plan.naming.ranks[-1]),
            "image_table": IMAGE_TABLE,
            "images": plan.images_made,
        }

    localrules:
        plot_naming,
        write_model_card,

    if NAMING["augment"]:

        rule extract_versions:
            """Embed a degraded version of all labelled images."""
            input:
                image_table=IMAGE_TABLE,
                images=plan.images_made,
                labels=labels_of(*plan.naming.ranks),
                weights=plan.features.weights_of(plan.naming.backbone),
                code=code_of("extract_versions.py"),
            output:
                versions="<results>/naming/versions/{version}.parquet",
                pictures="<results>/naming/versions/{version}.tsv",
            log:
                "<logs>/extract_versions/{version}.log",
            benchmark:
                "<benchmarks>/extract_versions/{version}.tsv"
            wildcard_constraints:
                version=one_of(NAMING["augment"]),
            group:
                "degraded"
            conda:
                "../../envs/naming.yaml"
            threads: config["compute"]["threads"]
            resources:
                gpu=1,
                mem_mb=scaled(8000),
                runtime=scaled(90),
            params:
                ranks=plan.naming.ranks,
                backbone=plan.features.backbone(plan.naming.backbone),
                batch_size=config["features"]["batch_size"],
                precision=config["features"]["precision"],
                background=config["ingest"]["background"],
                max_pixels=config["ingest"]["max_pixels"],
            script:
                "../scripts/extract_versions.py"

    rule train_naming:
        """Learn names from all labelled specimens, and keep what names others."""
        input:
            **NAMING_INPUTS,
            **NAMING_CANDIDATES,
            **plan.naming.networks(plan.naming.kept_runs),
            image_table=IMAGE_TABLE,
            images=plan.images_made,
            weights=plan.features.weights_of(plan.naming.backbone),
            code=code_of("train_naming.py"),
        output:
            **plan.naming.model,
            suspects="<results>/naming/suspects.tsv",
        log:
            "<logs>/train_naming.log",
        benchmark:
            "<benchmarks>/train_naming.tsv"
        conda:
            "../../envs/naming.yaml"
        threads: config["compute"]["threads"]
        resources:
            mem_mb=scaled(16000),
            runtime=scaled(120),
        params:
            dataset=config["dataset"],
            ranks=plan.naming.ranks,
            learned=NAMING_LEARNED,
            seed=plan.seed,
            backbone=plan.features.backbone(plan.naming.backbone),
            image_size=plan.naming.image_size,
            images={
                **{
                    key: config["ingest"][key]
                    for key in (
                        "max_pixels",
                        "min_side",
                        "max_aspect_ratio",
                        "background",
                    )
                },
                **plan.naming.looking,
            },
        script:
            "../scripts/train_naming.py"

    rule score_naming:
        """Score names of test specimens, and what is said of taxa that were withheld."""
        input:
            **NAMING_INPUTS,
            **plan.naming.networks(plan.naming.scored_runs),
            withheld=plan.naming.withheld_taxa,
            splits=expand("<results>/splits/seed-{seed}.tsv", seed=plan.naming.seeds),
            code=code_of("score_naming.py"),
        output:
            "<results>/naming/scores.tsv",
        log:
            "<logs>/score_naming.log",
        benchmark:
            "<benchmarks>/score_naming.tsv"
        group:
            "scores"
        conda:
            "../../envs/naming.yaml"
        threads: config["compute"]["threads"]
        resources:
            mem_mb=scaled(16000),
            runtime=scaled(120),
        params:
            ranks=plan.naming.ranks,
            backbone=plan.naming.backbone,
            learned={**NAMING_LEARNED, "runs": plan.naming.scored_runs},
            confidence=NAMING["confidence"],
            false_flags=NAMING["false_flags"],
            withheld=NAMING["withheld"],
        script:
            "../scripts/score_naming.py"

    if plan.naming.degraded:
        DEGRADED = {
            "degraded": expand(
                "<results>/naming/degraded/{degraded}.parquet",
                degraded=plan.naming.degraded,
            ),
            "pictures": expand(
                "<results>/naming/degraded/{degraded}.tsv",
                degraded=plan.naming.degraded,
            ),
        }

        rule extract_degraded:
            """Embed degraded versions of test images, and look at what is odd about each."""
            input:
                image_table=IMAGE_TABLE,
                images=plan.images_made,
                labels=labels_of(*plan.naming.ranks),
                splits=expand(
                    "<results>/splits/seed-{seed}.tsv", seed=plan.naming.seeds
                ),
                weights=plan.features.weights_of(plan.naming.backbone),
                code=code_of("extract_degraded.py"),
            output:
                **DEGRADED,
            log:
                "<logs>/extract_degraded.log",
            benchmark:
                "<benchmarks>/extract_degraded.tsv"
            group:
                "degraded"
            conda:
                "../../envs/naming.yaml"
            threads: config["compute"]["threads"]
            resources:
                gpu=1,
                mem_mb=scaled(8000),
                runtime=scaled(90),
            params:
                ranks=plan.naming.ranks,
                degraded=plan.naming.degraded,
                most=NAMING["degraded_images"],
                backbone=plan.features.backbone(plan.naming.backbone),
                batch_size=config["features"]["batch_size"],
                precision=config["features"]["precision"],
                background=config["ingest"]["background"],
                max_pixels=config["ingest"]["max_pixels"],
            script:
                "../scripts/extract_degraded.py"

        rule score_degraded:
            """Score names of degraded pictures beside those of the same pictures as they are."""
            input:
                **NAMING_INPUTS,
                **plan.naming.networks(plan.naming.known_runs),
                **DEGRADED,
                splits=expand(
                    "<results>/splits/seed-{seed}.tsv", seed=plan.naming.seeds
                ),
                code=code_of("score_degraded.py"),
            output:
                "<results>/naming/degraded.tsv",
            log:
                "<logs>/score_degraded.log",
            benchmark:
                "<benchmarks>/score_degraded.tsv"
            group:
                "degraded"
            conda:
                "../../envs/naming.yaml"
            threads: config["compute"]["threads"]
            resources:
                mem_mb=scaled(16000),
                runtime=scaled(120),
            params:
                ranks=plan.naming.ranks,
                degraded=plan.naming.degraded,
                backbone=plan.naming.backbone,
                learned={**NAMING_LEARNED, "runs": plan.naming.known_runs},
                confidence=NAMING["confidence"],
                false_flags=NAMING["false_flags"],
            script:
                "../scripts/score_degraded.py"

    rule write_model_card:
        """Write what the model was learned from, how good it is, and what it is not for."""
        input:
            model=plan.naming.model.values(),
            scores="<results>/naming/scores.tsv",
            specimens_ingested=of_specimens([]),
            code=code_of("write_model_card.py"),
        output:
            "<results>/naming/model/model_card.md",
        log:
            "<logs>/write_model_card.log",
        conda:
            "../../envs/naming.yaml"
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(30),
        script:
            "../scripts/write_model_card.py"

    rule plot_naming:
        """Draw how far names can be believed, and unnamed specimens beside what they look like."""
        input:
            **NAMING_PICTURES,
            scores="<results>/naming/scores.tsv",
            specimens_ingested=of_specimens([]),
            unnamed_ingested=of_unnamed([]),
            code=code_of("plot_naming.py"),
        output:
            **{
                figure: report(
                    f"<results>/naming/{figure}.png",
                    caption=f"../report/naming_{figure}.rst",
                    category="Naming",
                )
                for figure in plan.naming.figures
            },
            svg=expand("<results>/naming/{figure}.svg", figure=plan.naming.figures),
        log:
            "<logs>/plot_naming.log",
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(60),
        params:
            dots_per_inch=config["figures"]["dots_per_inch"],
            ranks=plan.naming.ranks,
            background=config["ingest"]["background"],
            max_pixels=config["ingest"]["max_pixels"],
        script:
            "../scripts/plot_naming.py"

    if plan.naming.images:

        checkpoint ingest_unnamed:
            """Check every photograph that is to be named."""
            input:
                images=given(plan.simulated and plan.naming.images),
                meta=given(plan.naming.meta),
                code=code_of("ingest_unnamed.py"),
            output:
                photographs="<results>/naming/photographs.parquet",
                rejected="<results>/naming/rejected.tsv",
            log:
                "<logs>/ingest_unnamed.log",
            benchmark:
                "<benchmarks>/ingest_unnamed.tsv"
            group:
                "ingest"
            conda:
                "../../envs/images.yaml"
            threads: config["compute"]["workers"]
            resources:
                mem_mb=scaled(6000),
                runtime=scaled(120),
            params:
                inventory=(
                    "simulated"
                    if plan.simulated
                    else inventory_of(plan.naming.images, "naming")
                ),
                missing_values=INPUTS["missing_values"],
                specimen_pattern=NAMING["specimen_pattern"],
                max_pixels=config["ingest"]["max_pixels"],
                min_side=config["ingest"]["min_side"],
                max_aspect_ratio=config["ingest"]["max_aspect_ratio"],
                background=config["ingest"]["background"],
            script:
                "../scripts/ingest_unnamed.py"

        rule name_specimens:
            """Name specimens by their photographs; only new ones pass the network."""
            input:
                **plan.naming.model,
                photographs=of_unnamed(f"{plan.naming.folder}/photographs.parquet"),
                pictures=given(plan.simulated and plan.naming.images),
                restrict=given(NAMING["restrict"]),
                synonyms=given(NAMING["restrict"] and INPUTS["synonyms"]),
                code=code_of("name_specimens.py"),
            output:
                specimens="<results>/naming/specimens.tsv",
                images="<results>/naming/images.tsv",
            log:
                "<logs>/name_specimens.log",
            benchmark:
                "<benchmarks>/name_specimens.tsv"
            group:
                "named"
            conda:
                "../../envs/naming.yaml"
            threads: config["compute"]["threads"]
            resources:
                gpu=1,
                mem_mb=scaled(8000),
                runtime=scaled(120),
            params:
                place=NAMING["place"],
                confidence=NAMING["confidence"],
                false_flags=NAMING["false_flags"],
            script:
                "../scripts/name_specimens.py"

        rule write_naming:
            """Write the page to look through named specimens, and their photographs beside it."""
            input:
                **NAMING_PICTURES,
                rejected=of_unnamed([f"{plan.naming.folder}/rejected.tsv"]),
                suspects="<results>/naming/suspects.tsv",
                taxonomy=TAXONOMY,
                template=str(WORKFLOW / "naming_page/naming.html.jinja"),
                parts=[
                    str(WORKFLOW / part)
                    for part in (
                        "naming_page/naming.css",
                        "report/photographs.js",
                        "naming_page/table.js",
                        "naming_page/marks.js",
                        "naming_page/cards.js",
                        "naming_page/naming.js",
                    )
                ],
                code=code_of("write_naming.py"),
            output:
                page="<results>/naming/naming.html",
                photographs="<results>/naming/photographs.js",
            log:
                "<logs>/write_naming.log",
            benchmark:
                "<benchmarks>/write_naming.tsv"
            group:
                "named"
            conda:
                "../../envs/statistics.yaml"
            threads: 1
            resources:
                mem_mb=scaled(4000),
                runtime=scaled(60),
            params:
                settings={
                    "dataset": config["dataset"],
                    "ranks": plan.naming.ranks,
                    "study_ranks": RANKS,
                    "confidence": NAMING["confidence"],
                },
                background=config["ingest"]["background"],
                max_pixels=config["ingest"]["max_pixels"],
            script:
                "../scripts/write_naming.py"
