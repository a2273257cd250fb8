"""Networks whose batch normalisation cannot be trained."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def refuse_folded_norms(network: nn.Module, key: str) -> None:
    """Refuse a network that would fall apart in training.

    Converters for inference fold the statistics of batch normalisation into the convolutions
    before it. What is left normalises anew as soon as it sees batches, and what the network has
    learned is gone.

    Parameters
    ----------
    network
        What training would start from.
    key
        The config key that names it.

    Raises
    ------
    ValueError
        If all layers of batch normalisation have the statistics of an untrained network, and some
        a bias that is none of one.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats and norm.affine]
    is_untouched = all(
        not norm.running_mean.any() and (norm.running_var == norm.running_var[0]).all()
        for norm in norms
    )
    if is_untouched and any(norm.bias.any() for norm in norms):
        raise ValueError(
            f"config key {key}: found weights whose batch normalisation is folded into the "
            "convolutions (means are 0, biases are not), as converters for inference leave them; "
            "expected weights as they were trained, since batches would undo what they have learned"
        )
