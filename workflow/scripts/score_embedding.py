"""Test visual against phylogenetic distance for every unguided variant of a backbone."""

import pandas as pd
from visgen.distances.agreement import OMITTED_COLUMNS
from visgen.distances.matrices import load_distances
from visgen.distances.steps import taxa_by_step
from visgen.embedding.phylogenetic_signal import score_signals
from visgen.embedding.unguided import score_variant
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.specimens.taxonomy import group_above, group_coarsest
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
taxa, named = read_labels(given.labels), of_rank(read_table(given.taxonomy), params.rank)
viewed = choose_views(taxa[params.rank], read_views(given.views), params.views)
features = read_features(given.features).droplevel("repeat")
labels = {"experiment": "embedding", "backbone": snakemake.wildcards.backbone}
labels |= {"rank": params.rank, "part": "all", "seed": params.seed}
genetic = load_distances(given.genetic)
ranks = params.ranks, params.rank
groups = taxa_by_step(group_coarsest(named, *ranks), group_above(named, *ranks))
visual = dict(zip(params.variants, map(load_distances, given.visual), strict=True))
have_vectors = viewed.taxa.isin(next(iter(visual.values())).ids)
signals = score_signals(
    features,
    viewed.taxa[have_vectors],
    taxa["specimen"],
    params.variants,
    genetic,
    views=viewed.views,
    permutations=params.permutations,
    seed=params.seed,
)
scores, omitted = [], []
for name, variant in params.variants.items():
    rows, left_out = score_variant(
        features,
        viewed.taxa,
        taxa["specimen"],
        variant,
        visual[name],
        genetic,
        groups,
        views=viewed.views,
        permutations=params.permutations,
        specimen_permutations=params.specimen_permutations,
        seed=params.seed,
    )
    signal, not_measured = signals[name]
    scores += [labels | {"variant": name} | row for row in [*rows, *signal]]
    omitted += [{"variant": name} | row for row in [*left_out, *not_measured]]
write_table(snakemake.output.scores, metrics_table(scores))
omitted = pd.DataFrame(omitted, columns=["variant", *OMITTED_COLUMNS])
write_table(snakemake.output.omitted, omitted)
