"""Score recognition by every variant and seed, where unseen taxa are placed, and spacing."""

from visgen.genetics.anchors.files import read_anchors
from visgen.machine.logs import start_log
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.specimens.taxonomy import group_above
from visgen.tables import write_table
from visgen.visual_genetic.recognition.of_study import RecognitionFiles, score_study
from visgen.visual_genetic.recognition.unseen import UNSEEN_COLUMNS
from visgen.visual_genetic.spaces import read_spaces
from visgen.visual_genetic.spacing import score_spaces

start_log(snakemake.log[0])
given, output, params = snakemake.input, snakemake.output, snakemake.params
rank, specimens = params.rank, read_labels(given.labels)
files = RecognitionFiles(
    given.splits,
    given.predictions,
    given.unseen,
    given.alignments,
    given.withheld,
    dict(zip(params.anchored, given.anchors, strict=True)),
    given.distances,
)
options = ("ranks", "rank", "tree_rank", "tail", "head", "bootstraps", "seed")
scored = score_study(
    files, specimens, params.variants, **{name: getattr(params, name) for name in options}
)
write_table(output.taxa, scored.taxa)
placed = scored.placed
write_table(output.unseen, placed.loc[placed["permutation"] == 0, UNSEEN_COLUMNS])
labels = {"experiment": "visual_genetic", "backbone": params.backbone, "rank": rank}
scores = metrics_table([labels | row for row in scored.rows]).astype({"seed": "Int64"})
write_table(output.scores, scores)
for path in output.spaces:
    anchors = read_anchors(given.space_anchors[0])
    spaces = read_spaces(*given.space_embeddings, anchors, specimens[rank])
    groups = group_above(specimens, params.ranks, rank)
    rows = score_spaces(spaces, groups, **params.spaces, seed=params.seed)
    table = metrics_table([row | {"rank": rank} for row in rows])
    write_table(path, table.astype({"seed": "Int64"}))
