# One vector a taxon; does visual distance follow phylogenetic distance?


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
        omitted="results/{dataset}/embedding/{backbone}/{variant}/omitted.tsv",
    log:
        "results/{dataset}/logs/embed_taxa/{backbone}/{variant}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        rank=INPUTS["tree_rank"],
        variant=lookup(within=config, dpath="embedding/variants/{variant}"),
        min_images=config["embedding"]["min_images"],
        seed=config["embedding"]["seed"],
    script:
        "../scripts/embed_taxa.py"


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
            variant=config["embedding"]["variants"],
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
        variants=config["embedding"]["variants"],
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
        ranks=INPUTS["ranks"],
        rank=INPUTS["tree_rank"],
    script:
        "../scripts/plot_embedding.py"
