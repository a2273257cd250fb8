# A study whose truth is known: a tree, shells that follow it as far as asked, rDNA, images.
# Needs the section simulation; makes resources/simulated/<dataset>/.


if plan.simulated:

    rule simulate_study:
        """Simulate tree, sequences and photographs of shells, with mistakes planted among them."""
        input:
            code=code_of("simulate_study.py"),
        output:
            images=directory(f"{plan.simulated}/images"),
            meta=f"{plan.simulated}/meta.csv",
            tree=f"{plan.simulated}/tree.nwk",
            sequences=f"{plan.simulated}/sequences.fasta",
            traits=f"{plan.simulated}/traits.tsv",
            planted=f"{plan.simulated}/planted.tsv",
            unnamed=directory(f"{plan.simulated}/unnamed"),
            unnamed_meta=f"{plan.simulated}/unnamed.csv",
            unnamed_planted=f"{plan.simulated}/unnamed.planted.tsv",
        log:
            "<logs>/simulate_study.log",
        benchmark:
            "<benchmarks>/simulate_study.tsv"
        group:
            "ingest"
        conda:
            "../../envs/simulation.yaml"
        threads: 2
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(60),
        params:
            simulation=config["simulation"],
        script:
            "../scripts/simulate_study.py"
