"""The methods of a study, as a paragraph a question, with their sources."""

from collections.abc import Mapping
from typing import Any

from visgen.configuration.plan import Plan
from visgen.publishing.methods.classification import classification_sentences
from visgen.publishing.methods.descent import descent_sentences, genetics_sentences
from visgen.publishing.methods.rare import (
    naming_sentences,
    prior_sentences,
    recognition_sentences,
)
from visgen.publishing.methods.specimens import feature_sentences, specimen_sentences
from visgen.publishing.references import Reference, bibliography, cited

_PARAGRAPHS = (
    specimen_sentences,
    feature_sentences,
    classification_sentences,
    genetics_sentences,
    descent_sentences,
    prior_sentences,
    recognition_sentences,
    naming_sentences,
)
_HEAD = """# Methods

Made from the configuration: what is said here was run, and what was not run is not said. Citations
are keys of references.bib, as Pandoc reads them.

"""


def write_methods(
    plan: Plan, provenance: Mapping[str, Any], references: Mapping[str, Reference]
) -> tuple[str, list[Reference]]:
    """Return the methods of a study in Markdown, and the sources that they cite.

    Parameters
    ----------
    plan
        Of the configuration.
    provenance
        As `visgen.provenance.collect_provenance` returns it, for the versions of software.
    references
        As `visgen.publishing.references.read_references` returns them.
    """
    paragraphs = [" ".join(said) for make in _PARAGRAPHS if (said := make(plan))]
    paragraphs.append(_software(provenance))
    text = "\n\n".join(paragraphs)
    sources = cited(text, references)
    return f"{_HEAD}{text}\n\n## References\n\n{bibliography(sources)}", sources


def _software(provenance: Mapping[str, Any]) -> str:
    software = provenance["software"]
    networks = sorted({shard["software"] for shard in provenance["features"]})
    return (
        f"All was run by visgen, a workflow of Snakemake {software['snakemake']} [@moelder2021], "
        f"with scikit-learn {software['scikit-learn']} [@pedregosa2011], scikit-bio "
        f"{software['scikit-bio']}, and PyTorch [@paszke2019] and timm [@wightman2019] "
        f"({'; '.join(networks)}); all versions are in requirements.lock."
    )
