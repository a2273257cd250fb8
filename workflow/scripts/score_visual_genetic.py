"""Score recognition by every variant and seed, where unseen taxa are placed, and spacing."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.genetics.anchors.files import read_anchors
from visgen.machine.logs import start_log
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.specimens.splits import read_splits
from visgen.specimens.taxonomy import group_above, lineage
from visgen.tables import read_table, write_table
from visgen.visual_genetic.recognition.alignment import score_alignment
from visgen.visual_genetic.recognition.runs import (
    collect_runs,
    read_by_name,
    read_placed,
    training_images,
)
from visgen.visual_genetic.recognition.scoring import score_recognition
from visgen.visual_genetic.recognition.species import tabulate_species
from visgen.visual_genetic.recognition.unseen import UNSEEN_COLUMNS, placements
from visgen.visual_genetic.recognition.unseen_scores import score_unseen
from visgen.visual_genetic.spaces import read_spaces
from visgen.visual_genetic.spacing import score_spaces

start_log(snakemake.log[0])
given, output, params = snakemake.input, snakemake.output, snakemake.params
rank, limits = params.rank, {"tail": params.tail, "head": params.head}
specimens = read_labels(given.labels)
n_train = {s: training_images(specimens, p, rank) for s, p in read_splits(given.splits).items()}
found = collect_runs(given.predictions, n_train, **limits)
write_table(output.taxa, tabulate_species(found, specimens, n_train))
draws = {"bootstraps": params.bootstraps}
rows = score_recognition(found, specimens, n_train, params.variants, **limits, **draws)
cosines = score_alignment(read_by_name(given.alignments))
rows += [{"anchors": params.variants[row["variant"]]["anchors"]} | row for row in cosines]
placed = pd.DataFrame(columns=["permutation", *UNSEEN_COLUMNS])
if given.unseen:
    tree = [load_distances(path) for path in given.distances]
    far = [taxon_distances(m, specimens, params.ranks, params.tree_rank, rank) for m in tree]
    sets = zip(params.anchored, given.anchors, strict=True)
    anchored = {variant: read_anchors(path).index for variant, path in sets}
    above, hidden = lineage(specimens, params.ranks, rank), read_table(given.withheld[0])
    runs = read_placed(given.unseen)
    placed = placements(runs, specimens, above, n_train, hidden, anchored, far[0] if far else None)
    rows += score_unseen(placed, bootstraps=params.bootstraps, seed=params.seed)
write_table(output.unseen, placed.loc[placed["permutation"] == 0, UNSEEN_COLUMNS])
labels = {"experiment": "visual_genetic", "backbone": params.backbone, "rank": rank}
scores = metrics_table([labels | row for row in rows]).astype({"seed": "Int64"})
write_table(output.scores, scores)
for path in output.spaces:
    anchors = read_anchors(given.space_anchors[0])
    spaces = read_spaces(*given.space_embeddings, anchors, specimens[rank])
    groups = group_above(specimens, params.ranks, rank)
    rows = score_spaces(spaces, groups, **params.spaces, seed=params.seed)
    table = metrics_table([row | {"rank": rank} for row in rows])
    write_table(path, table.astype({"seed": "Int64"}))
