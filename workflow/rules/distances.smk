# Phylogenetic distances between the taxa that the study has images of.
# Needs a tree or a table of distances; makes distances/.


rule measure_distances:
    """Measure path lengths between the tips that have images, or take the given distances."""
    input:
        taxa=taxa_of(INPUTS["tree_rank"]),
        tree=given(INPUTS["tree"]),
        distances=given(INPUTS["distances"]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("measure_distances.py"),
    output:
        distances=f"<results>/distances/{INPUTS['tree_rank']}.tsv",
        missing=f"<results>/distances/{INPUTS['tree_rank']}.missing.tsv",
    log:
        "<logs>/measure_distances.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    script:
        "../scripts/measure_distances.py"
