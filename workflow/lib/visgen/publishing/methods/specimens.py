"""What is said of specimens, their parts, and of what networks see of them."""

from visgen.configuration.plan import Plan
from visgen.publishing.methods.words import listed, numbered

# Published networks, by how their names in timm begin.
_NETWORKS = {
    "convnext": "liu2022",
    "mobilenetv2": "sandler2018",
    "resnet": "he2016",
    "tf_efficientnet": "tan2019",
    "efficientnet": "tan2019",
    "vit": "dosovitskiy2021",
}
_WEIGHTS = {
    "imagenet": "weights of timm trained on ImageNet [@deng2009] or on what the name of the model "
    "says",
    "hub": "weights of the Hugging Face Hub",
    "bundled": "weights trained with labels on ImageNet [@deng2009]",
    "none": "random weights",
}


def specimen_sentences(plan: Plan) -> list[str]:
    """Return how specimens were taken in and dealt to parts."""
    config, inputs = plan.config, plan.inputs
    said = []
    if plan.simulated:
        made = config["simulation"]
        said.append(
            f"The study is simulated: {numbered(made['n_species'], 'species', 'species')} whose "
            "shells follow Raup's model of coiling [@raup1966], with traits that evolve along a "
            f"known birth–death tree (Pagel's λ {made['signal']:g} [@pagel1999])."
        )
    said.append(
        f"Images of specimens were named at the ranks {listed(inputs['ranks'])}; every image and "
        "row was checked, and what was refused is listed with its reason."
    )
    splits = config["splits"]
    balanced = splits["stratify_by"] or "the finest rank with enough specimens"
    said.append(
        f"Whole specimens were dealt to training, validation ({splits['val']:.0%}) and test "
        f"({splits['test']:.0%}), stratified by {balanced}, once for each of "
        f"{numbered(len(splits['seeds']), 'seed')} (where the table of specimens gave no parts of "
        "its own). What was chosen was chosen on validation, and what is reported was scored on "
        "test."
    )
    return said


def feature_sentences(plan: Plan) -> list[str]:
    """Return which networks looked at the images, with which weights."""
    config = plan.config
    said = []
    for name, backbone in config["backbones"].items():
        said.append(
            f"Features of backbone `{name}` are those of {_network(backbone['model'])}, with "
            f"{_weights(backbone['weights'])}{_layers(backbone)}."
        )
    crops = {backbone["preprocessing"]["crop_mode"] for backbone in config["backbones"].values()}
    if crops == {"border"}:
        said.append("Images were padded to squares, so that the whole specimen is seen.")
    if plan.features.learned_models:
        simclr = config["simclr"]
        said.append(
            "Weights without labels were learned by SimCLR [@chen2020] from all accepted images, "
            f"those of the test part included: {numbered(simclr['epochs'], 'epoch')}, batches of "
            f"{simclr['batch_size']}, temperature {simclr['temperature']:g}."
        )
    return said


def _network(model: str) -> str:
    source = next((key for start, key in _NETWORKS.items() if model.startswith(start)), None)
    return f"{model} [@{source}; @wightman2019]" if source else f"{model} [@wightman2019]"


def _weights(weights: str) -> str:
    if weights == "simclr":
        return "weights learned from the study's own images"
    return _WEIGHTS.get(weights, "weights of a file, whose checksum is in provenance.json")


def _layers(backbone: dict) -> str:
    if backbone["layers"] is None:
        return ""
    pooled = listed("mean" if word == "mean" else word for word in backbone["statistics"])
    return f"; the {pooled} over space of {len(backbone['layers'])} layers were joined [@valan2019]"
