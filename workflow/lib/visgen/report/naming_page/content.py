"""All that the page of named specimens holds, but for its photographs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.report.naming.specimens import naming_findings
from visgen.report.naming_page.cards import PHOTOGRAPHS, specimen_cards
from visgen.report.naming_page.flags import flag_meanings, suspected
from visgen.report.naming_page.pictures import FEW
from visgen.report.naming_page.taxa import list_taxa, places_of
from visgen.report.page import LISTED
from visgen.report.photographs import photographs_script, script_json


def page_data(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page's scripts are given.

    Parameters
    ----------
    tables
        specimens and images, as `visgen.naming.photographs.name_photographs` writes them;
        suspects; taxonomy.
    settings
        dataset; ranks, of names, and study_ranks, both coarse to fine.
    """
    taxa = list_taxa(tables["taxonomy"], settings["study_ranks"])
    places = places_of(taxa, settings["study_ranks"])
    cards = specimen_cards(
        tables["specimens"],
        tables["images"],
        settings["ranks"],
        places,
        suspected(tables["suspects"]),
    )
    told = {flag for card in cards for flag, _ in card.get("flags", [])}
    meanings = flag_meanings(settings["ranks"])
    return {
        "dataset": settings["dataset"],
        "ranks": settings["ranks"],
        "study_ranks": settings["study_ranks"],
        "photographs": PHOTOGRAPHS,
        "flags": {flag: meaning for flag, meaning in meanings.items() if flag in told},
        "taxa": taxa,
        "specimens": cards,
    }


def page_content(
    tables: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Any],
    photographs: Mapping[str, bytes],
    parts: Sequence[str | Path],
) -> dict[str, Any]:
    """Return what the template names.

    Parameters
    ----------
    tables
        As in `page_data`, and rejected.
    settings
        As in `page_data`, and confidence.
    photographs
        As `visgen.report.photographs.make_thumbnails` returns them.
    parts
        Style sheets and scripts, in their order.
    """
    specimens, rejected = tables["specimens"], tables["rejected"]
    findings = naming_findings(specimens, settings["ranks"], settings["confidence"], len(rejected))
    texts = [(Path(part).suffix, Path(part).read_text(encoding="utf-8")) for part in parts]
    return {
        "dataset": settings["dataset"],
        "confidence": f"{100 * settings['confidence']:g} %",
        "finest": settings["ranks"][-1],
        "findings": findings,
        "rejected": rejected.head(LISTED).to_dict("records"),
        "n_rejected": len(rejected),
        "study": script_json(page_data(tables, settings)),
        "photographs": photographs_script(photographs) if len(photographs) <= FEW else "",
        "style": "\n".join(text for suffix, text in texts if suffix == ".css"),
        "scripts": "\n".join(text for suffix, text in texts if suffix == ".js"),
    }
