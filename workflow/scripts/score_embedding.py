"""Test visual against phylogenetic distance for every variant of a backbone."""

import pandas as pd
from visgen.agreement import OMITTED_COLUMNS, score_against_shuffled, score_agreement
from visgen.distances import load_distances
from visgen.feature_tables import read_features
from visgen.logs import start_log
from visgen.metrics import metrics_table
from visgen.specimens.taxonomy import group_above
from visgen.tables import write_table
from visgen.visual_distances import embed_taxa

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
specimens = pd.read_parquet(given.specimens).set_index("id")
features = read_features(given.features).droplevel("repeat")
genetic = load_distances(given.genetic)
groups = group_above(specimens, params.ranks, params.rank)
labels = {
    "experiment": "embedding",
    "backbone": snakemake.wildcards.backbone,
    "rank": params.rank,
    "part": "all",
    "seed": params.seed,
}
scores, omitted = [], []
for (name, variant), path in zip(params.variants.items(), given.visual, strict=True):
    visual = load_distances(path)
    shared = [taxon for taxon in genetic.ids if taxon in visual.ids]
    near, far = visual.filter(shared), genetic.filter(shared)
    rows, left_out = score_agreement(
        far, near, groups, permutations=params.permutations, seed=params.seed
    )
    if rows and variant["pooling"] != "random":
        taxa = specimens[params.rank][specimens[params.rank].isin(visual.ids)]
        rows += score_against_shuffled(
            far,
            taxa,
            lambda dealt, variant=variant: embed_taxa(features, dealt, variant, params.seed)[1],
            permutations=params.image_permutations,
            seed=params.seed,
        )
    scores += [labels | {"variant": name} | row for row in rows]
    omitted += [{"variant": name} | row for row in left_out]
write_table(snakemake.output.scores, metrics_table(scores))
write_table(snakemake.output.omitted, pd.DataFrame(omitted, columns=["variant", *OMITTED_COLUMNS]))
