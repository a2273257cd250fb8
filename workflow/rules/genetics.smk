# From a FASTA to vectors, anchors and trees of the taxa that were sequenced.


rule ingest_sequences:
    input:
        sequences=given(INPUTS["sequences"]),
        table=given(INPUTS["sequence_table"]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("ingest_sequences.py"),
    output:
        table="results/{dataset}/genetics/sequences.tsv",
        accepted="results/{dataset}/genetics/accepted.fasta",
    log:
        "results/{dataset}/logs/ingest_sequences.log",
    benchmark:
        "results/{dataset}/benchmarks/ingest_sequences.tsv"
    conda:
        "../../envs/statistics.yaml"
    params:
        pattern=INPUTS["sequence_pattern"],
        filters=GENETICS["filters"],
    script:
        "../scripts/ingest_sequences.py"


rule match_sequences:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        sequences="results/{dataset}/genetics/sequences.tsv",
        table=given(INPUTS["sequence_table"]),
        code=code_of("match_sequences.py"),
    output:
        unmatched="results/{dataset}/genetics/unmatched.tsv",
    log:
        "results/{dataset}/logs/match_sequences.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        rank=INPUTS["sequence_rank"],
    script:
        "../scripts/match_sequences.py"


rule embed_sequences:
    input:
        sequences="results/{dataset}/genetics/accepted.fasta",
        code=code_of("embed_sequences.py"),
    output:
        "results/{dataset}/genetics/{encoding}.npz",
    log:
        "results/{dataset}/logs/embed_sequences/{encoding}.log",
    benchmark:
        "results/{dataset}/benchmarks/embed_sequences/{encoding}.tsv"
    conda:
        "../../envs/sequences.yaml"
    params:
        options=encoding_of,
    script:
        "../scripts/embed_sequences.py"


rule measure_anchors:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        vectors=anchor_vectors,
        distances=anchor_distances,
        code=code_of("measure_anchors.py"),
    output:
        anchors="results/{dataset}/genetics/anchors/{anchors}.npz",
        table="results/{dataset}/genetics/anchors/{anchors}.tsv",
    log:
        "results/{dataset}/logs/measure_anchors/{anchors}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["sequence_rank"],
        options=anchors_of,
    script:
        "../scripts/measure_anchors.py"


rule align_sequences:
    input:
        sequences="results/{dataset}/genetics/accepted.fasta",
        code=code_of("align_sequences.py"),
    output:
        alignment="results/{dataset}/genetics/alignment.fasta",
        representatives="results/{dataset}/genetics/representatives.tsv",
    log:
        "results/{dataset}/logs/align_sequences.log",
    benchmark:
        "results/{dataset}/benchmarks/align_sequences.tsv"
    conda:
        "../../envs/trees.yaml"
    threads: config["compute"]["threads"]
    params:
        aligner=GENETICS["alignment"]["aligner"],
        sequences=GENETICS["alignment"]["sequences"],
    script:
        "../scripts/align_sequences.py"


rule infer_tree:
    input:
        alignment="results/{dataset}/genetics/alignment.fasta",
        code=code_of("infer_tree.py"),
    output:
        inferred="results/{dataset}/genetics/inferred.nwk",
        tree="results/{dataset}/genetics/tree.nwk",
        model="results/{dataset}/genetics/model.tsv",
    log:
        "results/{dataset}/logs/infer_tree.log",
    benchmark:
        "results/{dataset}/benchmarks/infer_tree.tsv"
    conda:
        "../../envs/trees.yaml"
    threads: config["compute"]["threads"]
    params:
        options=GENETICS["tree"],
    script:
        "../scripts/infer_tree.py"


rule measure_sequence_distances:
    input:
        alignment="results/{dataset}/genetics/alignment.fasta",
        code=code_of("measure_sequence_distances.py"),
    output:
        distances="results/{dataset}/genetics/distances.tsv",
    log:
        "results/{dataset}/logs/measure_sequence_distances.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        model=GENETICS["distances"] and GENETICS["distances"]["model"],
    script:
        "../scripts/measure_sequence_distances.py"


rule score_sequences:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        sgt="results/{dataset}/genetics/sgt.npz",
        kmers="results/{dataset}/genetics/kmers.npz",
        distances=sequenced_distances,
        inferred=given(INFERRED_TREE),
        given=given(TRUSTED_TREE),
        code=code_of("score_sequences.py"),
    output:
        scores="results/{dataset}/genetics/scores.tsv",
    log:
        "results/{dataset}/logs/score_sequences.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["sequence_rank"],
        permutations=GENETICS["permutations"],
        bootstraps=GENETICS["bootstraps"],
        seed=GENETICS["seed"],
    script:
        "../scripts/score_sequences.py"


rule plot_sequences:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        sgt="results/{dataset}/genetics/sgt.npz",
        kmers="results/{dataset}/genetics/kmers.npz",
        code=code_of("plot_sequences.py"),
    output:
        report(
            "results/{dataset}/genetics/sequences.png",
            caption="../report/sequences.rst",
            category="Sequences",
        ),
    log:
        "results/{dataset}/logs/plot_sequences.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["sequence_rank"],
    script:
        "../scripts/plot_sequences.py"


rule plot_anchors:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        anchors=expand(
            "results/{{dataset}}/genetics/anchors/{anchors}.npz",
            anchors=GENETICS["anchors"],
        ),
        code=code_of("plot_anchors.py"),
    output:
        report(
            "results/{dataset}/genetics/anchors.png",
            caption="../report/anchors.rst",
            category="Sequences",
        ),
    log:
        "results/{dataset}/logs/plot_anchors.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["sequence_rank"],
        names=list(GENETICS["anchors"]),
    script:
        "../scripts/plot_anchors.py"


rule plot_tree:
    input:
        specimens="results/{dataset}/specimens/specimens.parquet",
        coverage="results/{dataset}/specimens/coverage.tsv",
        tree="results/{dataset}/genetics/tree.nwk",
        code=code_of("plot_tree.py"),
    output:
        report(
            "results/{dataset}/genetics/tree.png",
            caption="../report/tree.rst",
            category="Sequences",
        ),
    log:
        "results/{dataset}/logs/plot_tree.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        rank=INPUTS["sequence_rank"],
        bootstraps=GENETICS["tree"] and GENETICS["tree"]["bootstraps"],
    script:
        "../scripts/plot_tree.py"
