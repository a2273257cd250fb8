# From a FASTA to vectors, anchors and trees of the taxa that were sequenced.
# Needs sequences, and specimens/ for the taxonomy; makes genetics/.


checkpoint ingest_sequences:
    """Check every sequence and give it its taxon."""
    input:
        sequences=given(INPUTS["sequences"]),
        table=given(INPUTS["sequence_table"]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("ingest_sequences.py"),
    output:
        table="<results>/genetics/sequences.tsv",
        accepted="<results>/genetics/accepted.fasta",
    log:
        "<logs>/ingest_sequences.log",
    benchmark:
        "<benchmarks>/ingest_sequences.tsv"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        pattern=INPUTS["sequence_pattern"],
        filters=GENETICS["filters"],
    script:
        "../scripts/ingest_sequences.py"


rule embed_sequences:
    """Turn sequences into vectors: sequence graph transform, or k-mers."""
    input:
        sequences=ACCEPTED,
        code=code_of("embed_sequences.py"),
    output:
        "<results>/genetics/{encoding}.npz",
    log:
        "<logs>/embed_sequences/{encoding}.log",
    cache: True
    conda:
        "../../envs/sequences.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        encoding="{encoding}",
        options=by_wildcards(plan.encoding_options),
    script:
        "../scripts/embed_sequences.py"


rule measure_anchors:
    """Give taxa their anchors: averages over their sequences, or a control's vectors."""
    input:
        taxa=taxa_of(INPUTS["sequence_rank"]),
        taxonomy=of_specimens(by_wildcards(plan.anchor_taxonomy)),
        vectors=by_wildcards(plan.anchor_vectors),
        distances=by_wildcards(plan.anchor_distances),
        sequences_ingested=of_sequences([]),
        code=code_of("measure_anchors.py"),
    output:
        anchors="<results>/genetics/anchors/{anchors}.npz",
        table="<results>/genetics/anchors/{anchors}.tsv",
    log:
        "<logs>/measure_anchors/{anchors}.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        ranks=RANKS,
        rank=INPUTS["sequence_rank"],
        options=by_wildcards(plan.anchor_options),
    script:
        "../scripts/measure_anchors.py"


rule align_sequences:
    """Align sequences, all or one a taxon."""
    input:
        sequences=ACCEPTED,
        code=code_of("align_sequences.py"),
    output:
        alignment="<results>/genetics/alignment.fasta",
        representatives="<results>/genetics/representatives.tsv",
    log:
        "<logs>/align_sequences.log",
    benchmark:
        "<benchmarks>/align_sequences.tsv"
    group:
        "tree"
    conda:
        "../../envs/trees.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        aligner=GENETICS["alignment"]["aligner"],
        sequences=GENETICS["alignment"]["sequences"],
    script:
        "../scripts/align_sequences.py"


rule infer_tree:
    """Infer a rooted tree with bootstraps, by sequence and by taxon."""
    input:
        alignment="<results>/genetics/alignment.fasta",
        sequences_ingested=of_sequences([]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("infer_tree.py"),
    output:
        inferred="<results>/genetics/inferred.nwk",
        tree="<results>/genetics/tree.nwk",
        model="<results>/genetics/model.tsv",
    log:
        "<logs>/infer_tree.log",
    cache: True
    group:
        "tree"
    conda:
        "../../envs/trees.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(420),
    params:
        options=plan.tree_options,
    script:
        "../scripts/infer_tree.py"


rule measure_sequence_distances:
    """Measure distances between taxa over aligned sequences."""
    input:
        alignment="<results>/genetics/alignment.fasta",
        sequences_ingested=of_sequences([]),
        code=code_of("measure_sequence_distances.py"),
    output:
        distances="<results>/genetics/distances.tsv",
    log:
        "<logs>/measure_sequence_distances.log",
    group:
        "tree"
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        model=GENETICS["distances"] and GENETICS["distances"]["model"],
    script:
        "../scripts/measure_sequence_distances.py"


rule score_sequences:
    """Ask whether vectors, anchors and tree of the sequences agree with taxonomy and descent."""
    input:
        taxonomy=TAXONOMY,
        sgt="<results>/genetics/sgt.npz",
        kmers="<results>/genetics/kmers.npz",
        distances=plan.sequenced_distances,
        anchors=plan.anchor_files,
        anchor_tables=expand(
            "<results>/genetics/anchors/{anchors}.tsv", anchors=GENETICS["anchors"]
        ),
        inferred=given(plan.infers_tree and "<results>/genetics/tree.nwk"),
        given=given(plan.trusted_tree),
        sequences_ingested=of_sequences([]),
        synonyms=given(INPUTS["synonyms"]),
        code=code_of("score_sequences.py"),
    output:
        scores="<results>/genetics/scores.tsv",
    log:
        "<logs>/score_sequences.log",
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
        rank=INPUTS["sequence_rank"],
        anchors=list(GENETICS["anchors"]),
        permutations=GENETICS["permutations"],
        bootstraps=GENETICS["bootstraps"],
        seed=plan.seed,
    script:
        "../scripts/score_sequences.py"


GENETICS_FIGURES = ["mirrored", "sgt", "sequences", "anchors"]
GENETICS_FIGURES += ["tree"] * plan.infers_tree


rule plot_genetics:
    """Draw what there is of each taxon, sequences, anchors, and the inferred tree if any."""
    input:
        taxonomy=TAXONOMY,
        sgt="<results>/genetics/sgt.npz",
        kmers="<results>/genetics/kmers.npz",
        anchors=plan.anchor_files,
        scores="<results>/genetics/scores.tsv",
        distances=plan.sequenced_distances,
        coverage="<results>/specimens/coverage.tsv",
        tree="<results>/genetics/tree.nwk" if plan.infers_tree else [],
        sequences_ingested=of_sequences([]),
        code=code_of("plot_genetics.py"),
    output:
        **{
            figure: report(
                f"<results>/genetics/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Sequences",
            )
            for figure in GENETICS_FIGURES
        },
        svg=expand("<results>/genetics/{figure}.svg", figure=GENETICS_FIGURES),
    log:
        "<logs>/plot_genetics.log",
    conda:
        "../../envs/statistics.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        dots_per_inch=config["figures"]["dots_per_inch"],
        ranks=RANKS,
        rank=INPUTS["sequence_rank"],
        names=list(GENETICS["anchors"]),
        bootstraps=GENETICS["tree"] and GENETICS["tree"]["bootstraps"],
    script:
        "../scripts/plot_genetics.py"
