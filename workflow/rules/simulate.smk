# A study whose truth is known: a tree, shells that follow it as far as asked, rDNA, images.


if config["simulation"] is not None:

    rule simulate_study:
        input:
            code=code_of("simulate_study.py"),
        output:
            images=directory("resources/simulated/{dataset}/images"),
            meta="resources/simulated/{dataset}/meta.csv",
            tree="resources/simulated/{dataset}/tree.nwk",
            sequences="resources/simulated/{dataset}/sequences.fasta",
            traits="resources/simulated/{dataset}/traits.tsv",
            planted="resources/simulated/{dataset}/planted.tsv",
        log:
            "results/{dataset}/logs/simulate_study.log",
        benchmark:
            "results/{dataset}/benchmarks/simulate_study.tsv"
        conda:
            "../../envs/simulation.yaml"
        threads: 2
        params:
            simulation=config["simulation"],
        script:
            "../scripts/simulate_study.py"
