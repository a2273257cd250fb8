# One vector a taxon; does visual distance follow phylogenetic distance, for taxa not seen too?
# Needs features/ and distances/; makes embedding/. Not asked for without a tree.

TREE_DISTANCES = f"<results>/distances/{INPUTS['tree_rank']}.tsv"
VIEWS = (
    []
    if config["embedding"]["views"] == "average"
    else of_specimens(f"{plan.results}/specimens/views.parquet")
)


rule embed_taxa:
    """Pool the features of each taxon's images by every unguided variant."""
    input:
        labels=labels_of(INPUTS["tree_rank"]),
        views=VIEWS,
        features=by_wildcards(plan.features.clean_features),
        code=code_of("embed_taxa.py"),
    output:
        vectors=expand(
            "<results>/embedding/{{backbone}}/{variant}/vectors.parquet",
            variant=plan.embedding.unguided,
        ),
        distances=expand(
            "<results>/embedding/{{backbone}}/{variant}/distances.tsv",
            variant=plan.embedding.unguided,
        ),
    log:
        "<logs>/embed_taxa/{backbone}.log",
    group:
        "embedding"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        variants=plan.embedding.unguided_options,
        min_images=config["embedding"]["min_images"],
        seed=plan.seed,
    script:
        "../scripts/embed_taxa.py"


rule split_taxa:
    """Deal taxa to folds that are held out, at random and by whole clades."""
    input:
        labels=labels_of(INPUTS["tree_rank"]),
        views=VIEWS,
        groups=GROUPS,
        genetic=TREE_DISTANCES,
        code=code_of("split_taxa.py"),
    output:
        folds="<results>/embedding/folds.tsv",
        few_images="<results>/embedding/few_images.tsv",
        view_table="<results>/embedding/views.tsv",
        omitted="<results>/embedding/folds.omitted.tsv",
    log:
        "<logs>/split_taxa.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        ranks=RANKS,
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        min_images=config["embedding"]["min_images"],
        folds=config["embedding"]["folds"],
        seed=plan.seed,
    script:
        "../scripts/split_taxa.py"


rule split_taxa_again:
    """Deal the same taxa again and again, for gains of what is fitted in closed form."""
    input:
        folds="<results>/embedding/folds.tsv",
        specimens_ingested=of_specimens([]),
        code=code_of("split_taxa_again.py"),
    output:
        further="<results>/embedding/further_folds.tsv",
        omitted="<results>/embedding/further_folds.omitted.tsv",
    log:
        "<logs>/split_taxa_again.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        deals=config["embedding"]["deals"],
        seed=plan.seed,
    script:
        "../scripts/split_taxa_again.py"


rule train_embedding:
    """Guide a variant by the distances of all taxa: what the maps of the report show."""
    input:
        labels=of_specimens(by_wildcards(plan.embedding.labels_of)),
        views=VIEWS,
        features=by_wildcards(plan.features.taxon_features),
        groups=GROUPS,
        genetic=TREE_DISTANCES,
        code=code_of("train_embedding.py"),
    output:
        vectors="<results>/embedding/{backbone}/{variant}/vectors.parquet",
        distances="<results>/embedding/{backbone}/{variant}/distances.tsv",
        weights="<results>/embedding/{backbone}/{variant}/weights.parquet",
        history="<results>/embedding/{backbone}/{variant}/history.tsv",
        fit="<results>/embedding/{backbone}/{variant}/fit.tsv",
        model="<results>/embedding/{backbone}/{variant}/model.safetensors",
    log:
        "<logs>/train_embedding/{backbone}/{variant}.log",
    benchmark:
        "<benchmarks>/train_embedding/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(plan.embedding.guided_frozen),
    conda:
        "../../envs/embedding.yaml"
    threads: by_wildcards(plan.embedding.threads_of)
    resources:
        gpu=by_wildcards(plan.embedding.gpu_of),
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        ranks=RANKS,
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        min_images=config["embedding"]["min_images"],
        variant=by_wildcards(plan.embedding.guidance_of),
        seed=plan.seed,
    script:
        "../scripts/train_embedding.py"


rule embed_held_out:
    """Embed each fold by every unguided variant, and again with bags permuted, specimens dealt."""
    input:
        labels=labels_of(INPUTS["tree_rank"]),
        views=VIEWS,
        features=by_wildcards(plan.features.clean_features),
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        further="<results>/embedding/further_folds.tsv",
        code=code_of("embed_held_out.py"),
    output:
        held_out=expand(
            "<results>/embedding/{{backbone}}/{variant}/held_out.npz",
            variant=plan.embedding.unguided,
        ),
        fits=expand(
            "<results>/embedding/{{backbone}}/{variant}/fits.tsv",
            variant=plan.embedding.unguided,
        ),
        permuted=expand(
            "<results>/embedding/{{backbone}}/{variant}/permuted.tsv",
            variant=plan.embedding.unguided,
        ),
    log:
        "<logs>/embed_held_out/{backbone}.log",
    benchmark:
        "<benchmarks>/embed_held_out/{backbone}.tsv"
    group:
        "embedding"
    conda:
        "../../envs/embedding.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        variants=plan.embedding.unguided_options,
        refits=plan.embedding.unguided_refits,
        seed=plan.seed,
    script:
        "../scripts/embed_held_out.py"


rule train_held_out:
    """Fit a variant with each fold held out, and again and again to permuted bags and specimens."""
    input:
        labels=of_specimens(by_wildcards(plan.embedding.labels_of)),
        views=VIEWS,
        features=by_wildcards(plan.features.taxon_features),
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        code=code_of("train_held_out.py"),
    output:
        held_out="<results>/embedding/{backbone}/{variant}/held_out.npz",
        fits="<results>/embedding/{backbone}/{variant}/fits.tsv",
        permuted="<results>/embedding/{backbone}/{variant}/permuted.tsv",
    log:
        "<logs>/train_held_out/{backbone}/{variant}.log",
    benchmark:
        "<benchmarks>/train_held_out/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(plan.embedding.guided_frozen),
    conda:
        "../../envs/embedding.yaml"
    threads: by_wildcards(plan.embedding.threads_of)
    resources:
        gpu=by_wildcards(plan.embedding.gpu_of),
        mem_mb=scaled(8000),
        runtime=scaled(420),
    params:
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        variant=by_wildcards(plan.embedding.guidance_of),
        refits=by_wildcards(plan.embedding.refits_of),
        seed=plan.seed,
    script:
        "../scripts/train_held_out.py"


rule train_ridge:
    """Fit a ridge to the tree: to all taxa, with folds held out, and under the nulls."""
    input:
        labels=of_specimens(by_wildcards(plan.embedding.labels_of)),
        views=VIEWS,
        features=by_wildcards(plan.features.taxon_features),
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        further="<results>/embedding/further_folds.tsv",
        code=code_of("train_ridge.py"),
    output:
        vectors="<results>/embedding/{backbone}/{variant}/vectors.parquet",
        distances="<results>/embedding/{backbone}/{variant}/distances.tsv",
        fit="<results>/embedding/{backbone}/{variant}/fit.tsv",
        held_out="<results>/embedding/{backbone}/{variant}/held_out.npz",
        fits="<results>/embedding/{backbone}/{variant}/fits.tsv",
        permuted="<results>/embedding/{backbone}/{variant}/permuted.tsv",
    log:
        "<logs>/train_ridge/{backbone}/{variant}.log",
    benchmark:
        "<benchmarks>/train_ridge/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(plan.embedding.ridge),
    group:
        "embedding"
    conda:
        "../../envs/embedding.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        variant=by_wildcards(plan.embedding.guidance_of),
        refits=by_wildcards(plan.embedding.refits_of),
        seed=plan.seed,
    script:
        "../scripts/train_ridge.py"


rule place_taxa:
    """Place taxa outside the tree by a ridge, and say how that fares on held-out taxa."""
    input:
        labels=of_specimens(by_wildcards(plan.embedding.labels_of)),
        views=VIEWS,
        taxonomy=TAXONOMY,
        features=by_wildcards(plan.features.taxon_features),
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        held_out="<results>/embedding/{backbone}/{variant}/held_out.npz",
        code=code_of("place_taxa.py"),
    output:
        placed="<results>/embedding/{backbone}/{variant}/placed.tsv",
        trust="<results>/embedding/{backbone}/{variant}/placed.trust.tsv",
        coordinates="<results>/embedding/{backbone}/{variant}/placed.parquet",
    log:
        "<logs>/place_taxa/{backbone}/{variant}.log",
    wildcard_constraints:
        variant=one_of(plan.embedding.ridge),
    group:
        "embedding"
    conda:
        "../../envs/embedding.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        ranks=RANKS,
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        variant=by_wildcards(plan.embedding.guidance_of),
        confidence=config["embedding"]["confidence"],
        seed=plan.seed,
    script:
        "../scripts/place_taxa.py"


rule train_fine_tuned:
    """Train a network's last stages, with all taxa and with folds held out.

    One job for what two rules do elsewhere: the maps of all images would be made twice.
    """
    input:
        image_table=IMAGE_TABLE,
        labels=of_specimens(by_wildcards(plan.embedding.labels_of)),
        images=plan.images_made,
        weights=by_wildcards(plan.features.weights_of),
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        code=code_of("train_fine_tuned.py"),
    output:
        vectors="<results>/embedding/{backbone}/{variant}/vectors.parquet",
        distances="<results>/embedding/{backbone}/{variant}/distances.tsv",
        weights="<results>/embedding/{backbone}/{variant}/weights.parquet",
        history="<results>/embedding/{backbone}/{variant}/history.tsv",
        fit="<results>/embedding/{backbone}/{variant}/fit.tsv",
        model="<results>/embedding/{backbone}/{variant}/model.safetensors",
        held_out="<results>/embedding/{backbone}/{variant}/held_out.npz",
        fits="<results>/embedding/{backbone}/{variant}/fits.tsv",
        permuted="<results>/embedding/{backbone}/{variant}/permuted.tsv",
    log:
        "<logs>/train_fine_tuned/{backbone}/{variant}.log",
    benchmark:
        "<benchmarks>/train_fine_tuned/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(plan.embedding.fine_tuned),
    conda:
        "../../envs/embedding.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(480),
    params:
        rank=INPUTS["tree_rank"],
        backbone=by_wildcards(plan.features.backbone),
        variant=by_wildcards(plan.embedding.guidance_of),
        refits=by_wildcards(plan.embedding.refits_of),
        options=plan.embedding.fine_tuning_options,
    script:
        "../scripts/train_fine_tuned.py"


rule score_held_out:
    """Score every variant of every backbone on taxa that its guidance has not seen."""
    input:
        genetic=TREE_DISTANCES,
        folds="<results>/embedding/folds.tsv",
        visual=plan.embedding.files("held_out.npz", plan.embedding.variants),
        permuted=plan.embedding.files("permuted.tsv", plan.embedding.variants),
        fits=plan.embedding.files("fit.tsv", plan.embedding.guided),
        specimens_ingested=of_specimens([]),
        code=code_of("score_held_out.py"),
    output:
        scores="<results>/embedding/held_out.tsv",
        nearest="<results>/embedding/nearest.tsv",
    log:
        "<logs>/score_held_out.log",
    group:
        "embedding"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        variants=plan.embedding.of_backbones(plan.embedding.variants),
        guided=plan.embedding.of_backbones(plan.embedding.guided),
        random=plan.embedding.random,
        rank=INPUTS["tree_rank"],
        references=plan.embedding.references,
        seed=plan.seed,
    script:
        "../scripts/score_held_out.py"


rule score_embedding:
    """Test visual against phylogenetic distance for every unguided variant."""
    input:
        labels=labels_of(INPUTS["tree_rank"]),
        views=VIEWS,
        taxonomy=TAXONOMY,
        features=by_wildcards(plan.features.clean_features),
        genetic=TREE_DISTANCES,
        visual=expand(
            "<results>/embedding/{{backbone}}/{variant}/distances.tsv",
            variant=plan.embedding.unguided,
        ),
        code=code_of("score_embedding.py"),
    output:
        scores="<results>/embedding/{backbone}/scores.tsv",
        omitted="<results>/embedding/{backbone}/omitted.tsv",
    log:
        "<logs>/score_embedding/{backbone}.log",
    group:
        "embedding"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        variants=plan.embedding.unguided_options,
        ranks=RANKS,
        rank=INPUTS["tree_rank"],
        views=config["embedding"]["views"],
        permutations=config["embedding"]["permutations"],
        specimen_permutations=config["embedding"]["specimen_permutations"],
        seed=plan.seed,
    script:
        "../scripts/score_embedding.py"


# Outputs cannot ask for wildcards: a rule for all backbones of which the same variants are made.
for number, made, backbones in plan.embedding.alike:

    guided, ridge, descended = (
        [name for name in made if name in names]
        for names in (
            plan.embedding.guided,
            plan.embedding.ridge,
            plan.embedding.descended,
        )
    )

    rule:
        """Draw distances, losses and scores of a backbone's variants, held-out taxa among them."""
        name:
            f"plot_embedding{number}"
        input:
            taxonomy=TAXONOMY,
            genetic=TREE_DISTANCES,
            folds="<results>/embedding/folds.tsv",
            visual=of_variants("distances.tsv", made),
            held_out=of_variants("held_out.npz", made),
            histories=of_variants("history.tsv", descended),
            fits=of_variants("fit.tsv", guided),
            placed=of_variants("placed.tsv", ridge),
            scores="<results>/embedding/{backbone}/scores.tsv",
            held_out_scores="<results>/embedding/held_out.tsv",
            code=code_of("plot_embedding.py"),
        output:
            **{
                figure: report(
                    f"<results>/embedding/{{backbone}}/{figure}.png",
                    caption=f"../report/{figure}.rst",
                    category="Visual and phylogenetic distance",
                    subcategory="{backbone}",
                )
                for figure in ["held_out", *["guidance"] * bool(descended)]
            },
            **{
                key: report(
                    expand(
                        f"<results>/embedding/{{{{backbone}}}}/{{variant}}/{figure}.png",
                        variant=variants,
                    ),
                    caption=f"../report/{caption}.rst",
                    category="Visual and phylogenetic distance",
                    subcategory="{backbone}",
                )
                for key, figure, caption, variants in (
                    ("distances", "distances", "embedding", made),
                    ("pairs", "held_out", "held_out_pairs", made),
                    ("placed", "placed", "placed", ridge),
                )
            },
            svg=[
                "<results>/embedding/{backbone}/held_out.svg",
                *["<results>/embedding/{backbone}/guidance.svg"] * bool(descended),
                *expand(
                    "<results>/embedding/{{backbone}}/{variant}/{figure}.svg",
                    variant=made,
                    figure=["distances", "held_out"],
                ),
                *expand(
                    "<results>/embedding/{{backbone}}/{variant}/placed.svg",
                    variant=ridge,
                ),
            ],
        log:
            "<logs>/plot_embedding/{backbone}.log",
        wildcard_constraints:
            backbone=one_of(backbones),
        group:
            "embedding"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(60),
        params:
            dots_per_inch=config["figures"]["dots_per_inch"],
            variants=made,
            guided=guided,
            descended=descended,
            random=plan.embedding.random,
            ranks=RANKS,
            rank=INPUTS["tree_rank"],
        script:
            "../scripts/plot_embedding.py"
