# One vector a taxon; does visual distance follow phylogenetic distance, for taxa not seen too?


rule embed_taxa:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=expand(
            "results/{{dataset}}/features/{{backbone}}/clean-{shard}.parquet",
            shard=SHARDS,
        ),
        code=code_of("embed_taxa.py"),
    output:
        vectors="results/{dataset}/embedding/{backbone}/{variant}/vectors.parquet",
        distances="results/{dataset}/embedding/{backbone}/{variant}/distances.tsv",
    log:
        "results/{dataset}/logs/embed_taxa/{backbone}/{variant}.log",
    wildcard_constraints:
        variant=one_of(UNGUIDED),
    conda:
        "../../envs/statistics.yaml"
    params:
        rank=INPUTS["tree_rank"],
        variant=lookup(within=config, dpath="embedding/variants/{variant}"),
        min_images=config["embedding"]["min_images"],
        seed=config["embedding"]["seed"],
    script:
        "../scripts/embed_taxa.py"


rule split_taxa:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        code=code_of("split_taxa.py"),
    output:
        folds="results/{dataset}/embedding/folds.tsv",
        few_images="results/{dataset}/embedding/few_images.tsv",
        omitted="results/{dataset}/embedding/folds.omitted.tsv",
    log:
        "results/{dataset}/logs/split_taxa.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["tree_rank"],
        min_images=config["embedding"]["min_images"],
        guided=GUIDED,
        folds=config["embedding"]["folds"],
        seed=config["embedding"]["seed"],
    script:
        "../scripts/split_taxa.py"


rule train_embedding:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=taxon_features,
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        code=code_of("train_embedding.py"),
    output:
        vectors="results/{dataset}/embedding/{backbone}/{variant}/vectors.parquet",
        distances="results/{dataset}/embedding/{backbone}/{variant}/distances.tsv",
        weights="results/{dataset}/embedding/{backbone}/{variant}/weights.parquet",
        history="results/{dataset}/embedding/{backbone}/{variant}/history.tsv",
        fit="results/{dataset}/embedding/{backbone}/{variant}/fit.tsv",
        model="results/{dataset}/embedding/{backbone}/{variant}/model.safetensors",
    log:
        "results/{dataset}/logs/train_embedding/{backbone}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_embedding/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(name for name in GUIDED if name in FROZEN),
    conda:
        "../../envs/embedding.yaml"
    threads: threads_of
    resources:
        gpu=gpu_of,
        mem_mb=8000,
    params:
        rank=INPUTS["tree_rank"],
        min_images=config["embedding"]["min_images"],
        variant=guidance_of,
        seed=config["embedding"]["seed"],
    script:
        "../scripts/train_embedding.py"


rule train_held_out:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=taxon_features,
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        folds="results/{dataset}/embedding/folds.tsv",
        code=code_of("train_held_out.py"),
    output:
        distances="results/{dataset}/embedding/{backbone}/{variant}/held_out.npz",
        fits="results/{dataset}/embedding/{backbone}/{variant}/fits.tsv",
    log:
        "results/{dataset}/logs/train_held_out/{backbone}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_held_out/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(FROZEN),
    conda:
        "../../envs/embedding.yaml"
    threads: threads_of
    resources:
        gpu=gpu_of,
        mem_mb=8000,
    params:
        rank=INPUTS["tree_rank"],
        variant=guidance_of,
        seed=config["embedding"]["seed"],
    script:
        "../scripts/train_held_out.py"


rule train_permuted:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=taxon_features,
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        folds="results/{dataset}/embedding/folds.tsv",
        code=code_of("train_permuted.py"),
    output:
        "results/{dataset}/embedding/{backbone}/{variant}/permuted.tsv",
    log:
        "results/{dataset}/logs/train_permuted/{backbone}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_permuted/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(FROZEN),
    conda:
        "../../envs/embedding.yaml"
    threads: threads_of
    resources:
        gpu=gpu_of,
        mem_mb=8000,
    params:
        rank=INPUTS["tree_rank"],
        variant=guidance_of,
        refits=refits_of,
        seed=config["embedding"]["seed"],
    script:
        "../scripts/train_permuted.py"


# One job for what three rules do elsewhere: the maps of all images would be made three times.
rule train_fine_tuned:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        images=INPUTS["images"] if config["simulation"] is not None else [],
        weights=weights_of,
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        folds="results/{dataset}/embedding/folds.tsv",
        code=code_of("train_fine_tuned.py"),
    output:
        vectors="results/{dataset}/embedding/{backbone}/{variant}/vectors.parquet",
        distances="results/{dataset}/embedding/{backbone}/{variant}/distances.tsv",
        weights="results/{dataset}/embedding/{backbone}/{variant}/weights.parquet",
        history="results/{dataset}/embedding/{backbone}/{variant}/history.tsv",
        fit="results/{dataset}/embedding/{backbone}/{variant}/fit.tsv",
        model="results/{dataset}/embedding/{backbone}/{variant}/model.safetensors",
        held_out="results/{dataset}/embedding/{backbone}/{variant}/held_out.npz",
        fits="results/{dataset}/embedding/{backbone}/{variant}/fits.tsv",
        permuted="results/{dataset}/embedding/{backbone}/{variant}/permuted.tsv",
    log:
        "results/{dataset}/logs/train_fine_tuned/{backbone}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_fine_tuned/{backbone}-{variant}.tsv"
    wildcard_constraints:
        variant=one_of(FINE_TUNED),
    conda:
        "../../envs/embedding.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=1,
        mem_mb=16000,
    params:
        rank=INPUTS["tree_rank"],
        backbone=lookup(within=config, dpath="backbones/{backbone}"),
        variant=guidance_of,
        refits=refits_of,
        options=TUNING_OPTIONS,
    script:
        "../scripts/train_fine_tuned.py"


rule score_held_out:
    input:
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        folds="results/{dataset}/embedding/folds.tsv",
        visual=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/held_out.npz",
            variant=config["embedding"]["variants"],
        ),
        permuted=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/permuted.tsv",
            variant=config["embedding"]["variants"],
        ),
        code=code_of("score_held_out.py"),
    output:
        scores="results/{dataset}/embedding/{backbone}/held_out.tsv",
        nearest="results/{dataset}/embedding/{backbone}/nearest.tsv",
    log:
        "results/{dataset}/logs/score_held_out/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    resources:
        mem_mb=8000,
    params:
        variants=list(config["embedding"]["variants"]),
        rank=INPUTS["tree_rank"],
        references=REFERENCES,
        seed=config["embedding"]["seed"],
    script:
        "../scripts/score_held_out.py"


rule score_embedding:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=expand(
            "results/{{dataset}}/features/{{backbone}}/clean-{shard}.parquet",
            shard=SHARDS,
        ),
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        visual=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/distances.tsv",
            variant=UNGUIDED,
        ),
        code=code_of("score_embedding.py"),
    output:
        scores="results/{dataset}/embedding/{backbone}/scores.tsv",
        omitted="results/{dataset}/embedding/{backbone}/omitted.tsv",
    log:
        "results/{dataset}/logs/score_embedding/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        variants={name: VARIANTS[name] for name in UNGUIDED},
        ranks=INPUTS["ranks"],
        rank=INPUTS["tree_rank"],
        permutations=config["embedding"]["permutations"],
        specimen_permutations=config["embedding"]["specimen_permutations"],
        seed=config["embedding"]["seed"],
    script:
        "../scripts/score_embedding.py"


rule plot_embedding:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        visual=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/distances.tsv",
            variant=config["embedding"]["variants"],
        ),
        scores="results/{dataset}/embedding/{backbone}/scores.tsv",
        code=code_of("plot_embedding.py"),
    output:
        report(
            expand(
                "results/{{dataset}}/embedding/{{backbone}}/{variant}/distances.png",
                variant=config["embedding"]["variants"],
            ),
            caption="../report/embedding.rst",
            category="Visual and phylogenetic distance",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_embedding/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        variants=list(config["embedding"]["variants"]),
        guided=GUIDED,
        ranks=INPUTS["ranks"],
        rank=INPUTS["tree_rank"],
    script:
        "../scripts/plot_embedding.py"


rule plot_guidance:
    input:
        histories=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/history.tsv",
            variant=GUIDED,
        ),
        fits=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/fit.tsv",
            variant=GUIDED,
        ),
        code=code_of("plot_guidance.py"),
    output:
        report(
            "results/{dataset}/embedding/{backbone}/guidance.png",
            caption="../report/guidance.rst",
            category="Visual and phylogenetic distance",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_guidance/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        guided=GUIDED,
    script:
        "../scripts/plot_guidance.py"


rule plot_held_out:
    input:
        scores="results/{dataset}/embedding/{backbone}/held_out.tsv",
        code=code_of("plot_held_out.py"),
    output:
        report(
            "results/{dataset}/embedding/{backbone}/held_out.png",
            caption="../report/held_out.rst",
            category="Visual and phylogenetic distance",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_held_out/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        guided=GUIDED,
        random=RANDOM,
    script:
        "../scripts/plot_held_out.py"


rule plot_held_out_pairs:
    input:
        genetic=f"results/{{dataset}}/distances/{INPUTS['tree_rank']}.tsv",
        folds="results/{dataset}/embedding/folds.tsv",
        visual=expand(
            "results/{{dataset}}/embedding/{{backbone}}/{variant}/held_out.npz",
            variant=config["embedding"]["variants"],
        ),
        scores="results/{dataset}/embedding/{backbone}/held_out.tsv",
        code=code_of("plot_held_out_pairs.py"),
    output:
        report(
            expand(
                "results/{{dataset}}/embedding/{{backbone}}/{variant}/held_out.png",
                variant=config["embedding"]["variants"],
            ),
            caption="../report/held_out_pairs.rst",
            category="Visual and phylogenetic distance",
            subcategory="{backbone}",
        ),
    log:
        "results/{dataset}/logs/plot_held_out_pairs/{backbone}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        variants=list(config["embedding"]["variants"]),
        guided=GUIDED,
    script:
        "../scripts/plot_held_out_pairs.py"
