"""What is said of sequences, trees, and whether look follows descent."""

from typing import Any

from visgen.configuration.plan import Plan
from visgen.publishing.methods.words import listed, numbered

_TREES = {
    "iqtree": "by maximum likelihood with IQ-TREE [@minh2020] under the model {model}",
    "raxml-ng": "by maximum likelihood with RAxML-NG [@kozlov2019] under the model {model}",
    "nj": "by neighbour joining [@saitou1987] on distances of Kimura's model [@kimura1980]",
}
_CHOSEN = {
    "iqtree": "that ModelFinder chose [@kalyaanamoorthy2017]",
    "raxml-ng": "that ModelTest-NG chose [@darriba2020]",
}
_MODELS = {"p": "p", "JC69": "JC69 [@jukes1969]", "K2P": "K2P [@kimura1980]"}


def genetics_sentences(plan: Plan) -> list[str]:
    """Return what was made of sequences; nothing without any."""
    if not plan.has_sequences:
        return []
    section = plan.config["genetics"]
    sgt, sets = section["sgt"], section["anchors"]
    said = [
        "Sequences became vectors by the sequence graph transform [@ranjan2022] of "
        f"{sgt['symbols']} words of {numbered(sgt['letters'], 'letter')} (κ = {sgt['kappa']:g}), "
        f"beside frequencies of words of {numbered(section['kmers']['letters'], 'letter')} "
        "[@blaisdell1986]."
    ]
    if sets:
        made = "; ".join(f"`{name}`, {_anchors(options)}" for name, options in sets.items())
        said.append(f"Anchors, a vector a taxon after Karaderi et al. [@karaderi2024]: {made}.")
    if section["distances"]:
        models = listed(_MODELS.get(model, model) for model in section["distances"])
        said.append(f"Distances between sequences are {models}.")
    if plan.infers_tree:
        said += _tree_sentences(plan)
    return said


def _anchors(options: dict[str, Any]) -> str:
    of = {"sgt": "of transforms", "kmers": "of frequencies of words"}
    source = options["source"]
    if source not in of:
        return f"a control made from {source}"
    return f"the {options['average']} {of[source]}, {options['space']}"


def _tree_sentences(plan: Plan) -> list[str]:
    section = plan.config["genetics"]
    tree, aligner = section["tree"], section["alignment"]["aligner"]
    aligned = "aligned already" if aligner == "none" else "aligned with MAFFT [@katoh2013]"
    model = _CHOSEN.get(tree["engine"]) if tree["model"] == "auto" else tree["model"]
    made = _TREES[tree["engine"]].format(model=model)
    rooted = "rooted at its midpoint [@farris1972]"
    if tree["outgroup"]:
        rooted = f"rooted by {listed(tree['outgroup'])}"
    supports = ""
    if tree["bootstraps"]:
        supports = f", with {numbered(tree['bootstraps'], 'bootstrap')} [@felsenstein1985]"
    said = [f"A tree was inferred from sequences, {aligned}, {made}, {rooted}{supports}."]
    if plan.trusted_tree:
        said.append("It was compared with the given tree by shared branches [@robinson1981].")
    return said


def descent_sentences(plan: Plan) -> list[str]:
    """Return how look was set against descent; nothing without a tree."""
    if not plan.has_tree:
        return []
    section, rank = plan.config["embedding"], plan.inputs["tree_rank"]
    source = "along the given tree" if plan.inputs["tree"] else "given as a table"
    if plan.is_inferred:
        source = "made of the sequences"
    said = [
        f"Phylogenetic distances between taxa (rank {rank}) are {source}; visual ones "
        "are between vectors of taxa, pooled over their images by "
        f"{listed(dict.fromkeys(v['pooling'] for v in section['variants'].values()))}. Taxa with "
        f"fewer than {numbered(section['min_images'], 'image')} were left out.",
        "Agreement was tested by Mantel's test [@mantel1967] with "
        f"{numbered(section['permutations'], 'permutation')} of taxa, and anew with specimens "
        f"dealt to taxa at random ({numbered(section['specimen_permutations'], 'deal')}); beyond "
        "the means of deep groups by permuting within groups [@anderson2003]; by partial Mantel "
        "tests [@smouse1986], bias-corrected distance correlation [@szekely2014] and Procrustes "
        "superimposition [@peresneto2001].",
        "Phylogenetic signal is Pagel's λ [@pagel1999] by the phylogenetic mixed model "
        "[@lynch1991; @housworth2004], K_mult [@adams2014] and K_A [@mitteroecker2025].",
    ]
    if plan.embedding.guided:
        said += _guidance_sentences(plan)
    best = ""
    if len(plan.embedding.of_backbones(plan.embedding.guided)) > 1:
        best = ", and guided ones by the maximum over all of them too [@westfall1993]"
    said.append(
        f"Variants were scored on taxa held out in {numbered(section['folds'], 'fold')}, at random "
        "and by whole clades, against refits to permuted bags of images and to dealt specimens"
        f"{best}."
    )
    return said


def _guidance_sentences(plan: Plan) -> list[str]:
    embedding, said = plan.embedding, []
    for name in embedding.descended:
        variant = embedding.variants[name]
        guidance = variant["guidance"]
        source = {"cross_entropy": " [@hofmann2024]"}.get(guidance["loss"], "")
        pooled = " [@ilse2018]" if embedding.learns_pooling(name) else ""
        said.append(
            f"Variant `{name}` was fitted to phylogenetic distances step by step: pooling "
            f"{variant['pooling']}{pooled}, loss {guidance['loss']}{source}, "
            f"{guidance['projection']} projection, {guidance['optimiser']}."
        )
    if embedding.ridge:
        names = listed(f"`{name}`" for name in embedding.ridge)
        said.append(
            f"By kernel ridge regression [@hoerl1970] from looks to principal coordinates of the "
            f"tree [@gower1966], in closed form: {names}."
        )
    return said
