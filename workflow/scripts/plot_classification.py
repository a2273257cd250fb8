"""Draw scores, taxa, confusions and confidence of a backbone's classifiers."""

import pandas as pd
from visgen.classification.evaluators import INDEPENDENT, JOINT
from visgen.figures.classification.answered import plot_answered
from visgen.figures.classification.confidence import plot_confidence
from visgen.figures.classification.confusion import plot_confusion
from visgen.figures.classification.scores import plot_scores
from visgen.figures.classification.taxa import plot_taxa
from visgen.figures.matrices import plot_notice
from visgen.figures.saving import save_figure
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
ranks, picked = params.ranks, read_table(given.chosen)
chosen = picked[picked["evaluator"] == INDEPENDENT].set_index("rank")["variant"]
joint = picked.loc[picked["evaluator"] == JOINT, "variant"]
scores, taxa = read_table(given.scores), read_table(given.taxa)
save_figure(plot_scores(scores, ranks, params.baselines), made.scores, params.dots_per_inch)
save_figure(plot_taxa(taxa, scores, ranks, chosen, params.tail), made.taxa, params.dots_per_inch)
confidence = read_table(given.confidence)
save_figure(
    plot_confidence(read_table(given.reliability), confidence, ranks, chosen),
    made.confidence,
    params.dots_per_inch,
)
answered = read_table(given.answered)
save_figure(
    plot_answered(answered, confidence, ranks, next(iter(joint), None)),
    made.answered,
    params.dots_per_inch,
)
taxonomy = read_table(given.taxonomy)
confusion = pd.read_parquet(given.confusion)
confusion = confusion[confusion["evaluator"] == INDEPENDENT]
for rank, path in zip(params.classified, made.confusions, strict=True):
    if rank not in chosen:
        save_figure(
            plot_notice(f"no classifier could be chosen for the rank {rank}"),
            path,
            params.dots_per_inch,
        )
        continue
    table = confusion[(confusion["rank"] == rank) & (confusion["variant"] == chosen[rank])]
    named = of_rank(taxonomy, rank)
    save_figure(
        plot_confusion(
            table,
            taxonomic_order(named, ranks, rank),
            group_above(named, ranks, rank),
            title=f"{rank}: {chosen[rank].replace('_', ' ')}",
        ),
        path,
        params.dots_per_inch,
    )
