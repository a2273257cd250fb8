# A finished study in one archive, asked for by name: snakemake publish.
# Needs the page, all scores and the record of the jobs that made them; makes publication/.


rule publish:
    """Pack a finished study into one archive that a referee can take."""
    input:
        report="<results>/report/report.html",
        provenance="<results>/provenance.json",
        metrics="<results>/report/metrics.tsv",
        scores=plan.score_tables,
        named=plan.naming.made if plan.naming else [],
        checkout=of_checkout,
        specimens_ingested=of_specimens([]),
        sequences_ingested=of_sequences([]),
        unnamed_ingested=of_unnamed([]),
        code=code_of("publish.py"),
    output:
        f"<results>/publication/{config['dataset']}.zip",
    log:
        "<logs>/publish.log",
    conda:
        "../../envs/publication.yaml"
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        asked=ASKED,
        config=config,
    script:
        "../scripts/publish.py"
