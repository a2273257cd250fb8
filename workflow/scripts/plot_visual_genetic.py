"""Draw the scores of recognition, the changes by taxon, the spaces and the course of training."""

from pathlib import Path

from visgen.figures.group_styles import colouring
from visgen.figures.matrices import plot_notice
from visgen.figures.visual_genetic.ablation import plot_ablation
from visgen.figures.visual_genetic.centroid_graph import plot_centroid_graph, visual_spaces
from visgen.figures.visual_genetic.change import plot_change
from visgen.figures.visual_genetic.sizes import plot_sizes
from visgen.figures.visual_genetic.training import plot_training
from visgen.genetics.anchors.files import read_anchors
from visgen.machine.logs import start_log
from visgen.published import read_published
from visgen.specimens.records import read_labels
from visgen.tables import of_rank, read_table
from visgen.visual_genetic.recognition.alignment import find_aligned
from visgen.visual_genetic.recognition.comparisons import first_pairs, main_pair, not_aligned_last
from visgen.visual_genetic.recognition.evaluators import chosen_evaluator
from visgen.visual_genetic.recognition.runs import read_by_name, run_of

start_log(snakemake.log[0])
given, output, params = snakemake.input, snakemake.output, snakemake.params
variants, rank = params.variants, params.rank
scores, taxa = of_rank(read_table(given.scores), rank), read_table(given.taxa)
best, aligned = chosen_evaluator(scores), find_aligned(scores)
published = of_rank(read_published(given.published[0]), rank) if given.published else None
plot_ablation(scores, best, variants, aligned, published).savefig(output.ablation, dpi=150)
plot_sizes(taxa, best, variants, aligned, params.tail).savefig(output.tail, dpi=150)
ranked = not_aligned_last(variants, aligned)
pairs = first_pairs(ranked)
plot_change(taxa, scores, best, pairs, aligned).savefig(output.change, dpi=150)
regimes, norms = read_by_name(given.histories), read_by_name(given.norms)
learning = read_by_name(given.alignments)
plot_training(regimes, norms, learning, aligned).savefig(output.training, dpi=150)
figure, pair = plot_notice("no variant is aligned, so there is no joint space"), main_pair(ranked)
if pair:
    paths = {run_of(path)[1:]: path for path in given.embeddings}
    of_pair = {name: paths[name, params.seeds[0]] for name in pair}
    anchors = {Path(path).stem: path for path in given.anchors}[variants[pair[1]]["anchors"]]
    spaces = visual_spaces(of_pair, read_anchors(anchors), read_labels(given.labels)[rank])
    named = of_rank(read_table(given.taxonomy), rank)
    figure = plot_centroid_graph(spaces, colouring(named, params.ranks, rank))
figure.savefig(output.graph, dpi=150)
