"""Learn names from all labelled specimens, keep the model, and list labels that are in doubt."""

import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.name_tables import read_synonyms
from visgen.naming.candidate_looks import find_candidates
from visgen.naming.candidate_names import read_offered
from visgen.naming.doubting import doubt_labels
from visgen.naming.files import NETWORK, write_model
from visgen.naming.model import learn_names
from visgen.naming.network import write_network
from visgen.naming.recurring import labelled_pictures
from visgen.naming.study import read_study
from visgen.naming.trained_network import load_encoder
from visgen.naming.usual import usual_pictures
from visgen.specimens.records import read_images, read_labels
from visgen.tables import read_table, write_table
from visgen.visual_genetic.regimes.network import with_image_size

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
study = read_study(dict(given.items()), params.ranks, params.learned, threads=snakemake.threads)
lineages, train_head = study.prepare(study.labelled)
model, found = learn_names(
    study.labelled, train_head, study.distances, lineages=lineages, seed=params.seed
)
offered = read_offered(
    lineages,
    read_table(given.taxonomy),
    read_synonyms(given.synonyms[0]) if given.synonyms else {},
    tree=given.candidate_tree,
    distances=given.candidate_distances,
    sequences=given.candidate_sequences,
    relatives=given.relatives,
    source=params.learned["source"],
)
model = model._replace(candidates=find_candidates(model, offered))
suspects = doubt_labels(study.labelled.taxa, found, model.pooling, lineages)
write_table(made.suspects, suspects)
weights = str(given.weights) or "none"
folder = Path(made.model_json).parent
backbone = load_backbone(
    **with_image_size(params.backbone, params.image_size) | {"weights": weights}
)
if given.pooled:
    load_encoder(backbone, given.regimes[0])
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"])
specimens = read_labels(given.labels)["specimen"]
model = model._replace(pictures=labelled_pictures(images, specimens, study.labelled.taxa.index))
usual = usual_pictures(images, params.images["background"], params.images["max_pixels"])
about = {
    "dataset": params.dataset,
    "described": study.described,
    "images": params.images,
    "network": write_network(folder / NETWORK, backbone, weights),
    "weights": params.backbone["weights"],
    "usual": usual._asdict(),
}
write_model(folder, model, about)
