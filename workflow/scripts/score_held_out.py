"""Score every variant of every backbone on taxa that its guidance has not seen."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.in_sample import in_sample_rows
from visgen.embedding.held_out.files import read_fold_distances
from visgen.embedding.held_out.many_variants import best_variant_rows
from visgen.embedding.held_out.random_draws import random_rows
from visgen.embedding.held_out.rows import NEAREST_COLUMNS, held_out_rows, nearest_table
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
genetic, folds = load_distances(given.genetic), read_table(given.folds).set_index("taxon")
taxa = folds.index.tolist()
variants, guided = (list(map(tuple, pairs)) for pairs in (params.variants, params.guided))
paths = dict(zip(variants, given.visual, strict=True))
refit_paths = dict(zip(variants, given.permuted, strict=True))
labels = {"experiment": "embedding", "rank": params.rank, "seed": params.seed}
scores, refits, nearest = [], {}, [pd.DataFrame(columns=["backbone", "variant", *NEAREST_COLUMNS])]
for (backbone, name), null in zip(variants, given.permuted, strict=True):
    own = {"backbone": backbone, "variant": name}
    permuted, reference = read_table(null), params.references[name]
    if (backbone, name) in guided:
        refits[backbone, name] = permuted
    # A variant at a time, since a fold has a matrix of all taxa.
    compared = None if reference == name else paths[backbone, reference]
    others = compared and read_fold_distances(compared, genetic, folds)
    refits_of_others = compared and read_table(refit_paths[backbone, reference])
    for kind, its_folds in read_fold_distances(paths[backbone, name], genetic, folds).items():
        of_kind = permuted[permuted["kind"] == kind]
        beside = None
        if others:
            its = refits_of_others[refits_of_others["kind"] == kind]
            beside = (reference, others[kind], its)
        rows = (
            random_rows(kind, its_folds, of_kind)
            if name in params.random
            else held_out_rows(kind, its_folds, of_kind, beside, params.seed)
        )
        scores += [labels | own | row for row in rows]
        nearest.append(nearest_table(kind, its_folds, taxa).assign(**own))
scores += [labels | row for row in best_variant_rows(metrics_table(scores), refits)]
for (backbone, name), path in zip(guided, given.fits, strict=True):
    own = {"backbone": backbone, "variant": name}
    scores += [labels | own | row for row in in_sample_rows(read_table(path))]
write_table(snakemake.output.scores, metrics_table(scores))
write_table(snakemake.output.nearest, pd.concat(nearest))
