"""Draw the scores of recognition, the changes by taxon, the spaces and the course of training."""

import os

from visgen.figures.group_styles import colouring
from visgen.figures.matrices import plot_notice
from visgen.figures.saving import save_figure
from visgen.figures.visual_genetic.ablation import plot_ablation
from visgen.figures.visual_genetic.centroid_graph import plot_centroid_graph
from visgen.figures.visual_genetic.change import plot_change
from visgen.figures.visual_genetic.sizes import plot_sizes
from visgen.figures.visual_genetic.training import plot_training
from visgen.genetics.anchors.files import read_anchors
from visgen.machine.logs import start_log
from visgen.published import read_published
from visgen.specimens.records import read_images, read_labels
from visgen.tables import of_rank, read_table
from visgen.visual_genetic.recognition.alignment import find_aligned
from visgen.visual_genetic.recognition.comparisons import first_pairs, not_aligned_last
from visgen.visual_genetic.recognition.evaluators import chosen_evaluator
from visgen.visual_genetic.recognition.runs import read_by_name
from visgen.visual_genetic.spaces import read_spaces, read_test_images, typical_images

start_log(snakemake.log[0])
given, output, params = snakemake.input, snakemake.output, snakemake.params
variants, rank = params.variants, params.rank
scores, taxa = of_rank(read_table(given.scores), rank), read_table(given.taxa)
best, aligned = chosen_evaluator(scores), find_aligned(scores)
published = of_rank(read_published(given.published[0]), rank) if given.published else None
save_figure(
    plot_ablation(scores, best, variants, aligned, published), output.ablation, params.dots_per_inch
)
save_figure(
    plot_sizes(taxa, best, variants, aligned, params.tail), output.tail, params.dots_per_inch
)
ranked = not_aligned_last(variants, aligned)
pairs = first_pairs(ranked)
save_figure(plot_change(taxa, scores, best, pairs, aligned), output.change, params.dots_per_inch)
regimes, norms = read_by_name(given.histories), read_by_name(given.norms)
learning = read_by_name(given.alignments)
save_figure(plot_training(regimes, norms, learning, aligned), output.training, params.dots_per_inch)
figure = plot_notice("no variant is aligned, so there is no joint space")
if given.spaces:
    labels = read_labels(given.labels)[rank]
    images = read_images(given.image_table, os.environ["VISGEN_IMAGES"]).set_index("id")["path"]
    figure = plot_centroid_graph(
        read_spaces(*given.embeddings, read_anchors(given.anchors[0]), labels),
        colouring(of_rank(read_table(given.taxonomy), rank), params.ranks, rank),
        read_table(given.spaces[0]),
        typical_images(*read_test_images(given.embeddings[0], labels)).map(images),
        aligned,
        background=tuple(params.background),
        max_pixels=params.max_pixels,
    )
save_figure(figure, output.graph, params.dots_per_inch)
