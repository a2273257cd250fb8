# Phylogenetic distances between the taxa that the study has images of.


rule measure_distances:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        tree=given(INPUTS["tree"]),
        distances=given(INPUTS["distances"]),
        code=code_of("measure_distances.py"),
    output:
        distances="results/{dataset}/distances/{rank}.tsv",
        missing="results/{dataset}/distances/{rank}.missing.tsv",
    log:
        "results/{dataset}/logs/measure_distances/{rank}.log",
    conda:
        "../../envs/statistics.yaml"
    script:
        "../scripts/measure_distances.py"


rule plot_distances:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        distances="results/{dataset}/distances/{rank}.tsv",
        code=code_of("plot_distances.py"),
    output:
        report(
            "results/{dataset}/distances/{rank}.png",
            caption="../report/distances.rst",
            category="Phylogeny",
        ),
    log:
        "results/{dataset}/logs/plot_distances/{rank}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
    script:
        "../scripts/plot_distances.py"
