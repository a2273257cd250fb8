"""What taxa look like, learned from all labelled specimens, to name others with."""

from visgen.prior.calibrating import fit_temperature
from visgen.prior.evidence import evidence_of
from visgen.prior.files import SavedPrior, describe_fit
from visgen.prior.fitting import fit_prior, prior_covariance
from visgen.prior.looks import fit_looks
from visgen.prior.posterior import posterior_of, posterior_weights
from visgen.prior.sources import StudyRelatives
from visgen.prior.training import Specimens


def learn_priors(specimens: Specimens, study: StudyRelatives) -> dict[str, SavedPrior]:
    """Return the prior of each source, of all its taxa, those without specimens too.

    Parameters
    ----------
    specimens
        With a name.
    study
        How far apart taxa are.

    Raises
    ------
    ValueError, visgen.features.within_covariance.NoSpreadError
        If there are fewer than ten taxa, or none has two specimens.
    """
    space, looks = fit_looks(specimens.x, specimens.taxa)
    temperature = fit_temperature(specimens.x, specimens.taxa)
    taxa = list(study.above.index)
    evidence = evidence_of(looks, taxa)
    n_images = [0] * len(taxa)
    for place, n in zip(evidence.known, looks.n_images, strict=True):
        n_images[place] = int(n)
    found = {}
    for source, relatives in study.among(taxa).items():
        fit = fit_prior(evidence, [relatives])
        prior = prior_covariance(fit, [relatives])
        weights = posterior_weights(prior, evidence.n_images, evidence.known)
        posterior = posterior_of(weights, looks.means)
        about = describe_fit(fit, [relatives])
        found[source] = SavedPrior(space, posterior, taxa, n_images, temperature, about)
    return found
