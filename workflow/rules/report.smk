# Every score in one table, the page to read, and where it all came from.


rule write_metrics:
    input:
        scores=score_tables,
        code=code_of("write_metrics.py"),
    output:
        "results/{dataset}/report/metrics.tsv",
    log:
        "results/{dataset}/logs/write_metrics.log",
    conda:
        "../../envs/statistics.yaml"
    script:
        "../scripts/write_metrics.py"


rule write_provenance:
    input:
        metrics="results/{dataset}/report/metrics.tsv",
        specimens="results/{dataset}/specimens/specimens.parquet",
        features=expand(
            "results/{{dataset}}/features/{backbone}/clean-{shard}.parquet",
            backbone=config["backbones"],
            shard=SHARDS,
        ),
        study=[path for key in STUDY_FILES for path in given(INPUTS[key])],
        weights=weights_files(),
        code=code_of("write_provenance.py"),
    output:
        "results/{dataset}/provenance.json",
    log:
        "results/{dataset}/logs/write_provenance.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        config=config,
    script:
        "../scripts/write_provenance.py"


rule write_report:
    input:
        unpack(classification_results),
        unpack(simclr_results),
        unpack(genetics_results),
        unpack(recognition_results),
        unpack(embedding_results),
        metrics="results/{dataset}/report/metrics.tsv",
        provenance="results/{dataset}/provenance.json",
        specimens="results/{dataset}/specimens/specimens.parquet",
        rejected="results/{dataset}/specimens/rejected.tsv",
        ranks="results/{dataset}/specimens/ranks.tsv",
        counts="results/{dataset}/specimens/counts.png",
        notes=expand("results/{{dataset}}/splits/notes-{seed}.tsv", seed=SEEDS),
        template=str(WORKFLOW / "report/report.html.jinja"),
        parts=str(WORKFLOW / "report/recognition.html.jinja"),
        code=code_of("write_report.py"),
    output:
        "results/{dataset}/report/report.html",
    log:
        "results/{dataset}/logs/write_report.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        ranks=INPUTS["ranks"],
        baselines=BASELINES,
        sequence_rank=INPUTS["sequence_rank"] if INPUTS["sequences"] else None,
        held_out={
            "guided": GUIDED,
            "random": RANDOM,
            "references": REFERENCES,
            "refits": REFITS,
        },
        genetics=GENETICS | {"inferred": IS_INFERRED} if HAS_SEQUENCES else None,
        recognition=recognition_settings,
        settings={
            "simulated": config["simulation"] is not None,
            "tree_rank": INPUTS["tree_rank"] if HAS_TREE else None,
            "permutations": config["embedding"]["permutations"],
            "min_images": config["embedding"]["min_images"],
            "bootstraps": config["classification"]["bootstraps"],
            "tail": config["classification"]["tail"],
            "initial_weights": config["simclr"]["initial_weights"],
        },
    script:
        "../scripts/write_report.py"
