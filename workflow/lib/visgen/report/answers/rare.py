"""Whether relatives and genes help with rare species, in a few words."""

from collections.abc import Sequence

from visgen.claims import COARSE, SHOWN, UNDECIDED, UNTESTED
from visgen.claims import NOT_SHOWN as NO_GAIN
from visgen.metrics import DIFFERENCE, SCORE
from visgen.prior.options import GENES, TAXONOMY
from visgen.prior.scoring import BEYOND_TAXONOMY, NOTHING, SEEN, beyond
from visgen.prior.words import in_words
from visgen.report.answers.answer import NOT_SHOWN, OPEN, PARTLY, YES, Answer, line_of
from visgen.report.cells import in_round_numbers, interval_in_words, points
from visgen.report.page import format_p, format_percent, is_nothing
from visgen.report.prior.findings import Rows, holds_within, verdict

QUESTION = "Do relatives and genes help with rare species?"
_TAIL = "tail_accuracy"
_WHY = {
    UNDECIDED: "Whether that is more than luck is on the edge.",
    COARSE: "Too few permutations were asked for to tell that from luck.",
    UNTESTED: "That could not be tested.",
}


def answer_rare(rows: Rows, rank: str, tail: int, why_not: Sequence[str]) -> Answer:
    """Return the answer, of the first source of relatives and of the first that is of genes.

    Parameters
    ----------
    rows
        As `visgen.report.prior.findings.rows_by_key` returns them.
    rank
        Of the taxa.
    tail
        Taxa with fewer training specimens are rare.
    why_not
        What is said where nothing could be scored.
    """
    base = rows.get((NOTHING, SEEN, _TAIL, SCORE, None))
    sources = [
        key[0]
        for key in rows
        if key[1:4] == (SEEN, _TAIL, SCORE) and not key[0].endswith(BEYOND_TAXONOMY)
    ]
    kin = next((source for source in sources if source not in (NOTHING, *GENES)), None)
    genes = next((source for source in sources if source in GENES), None)
    first = kin or genes
    if base is None or first is None:
        return Answer(QUESTION, OPEN, "Cannot be told", " ".join(why_not), section="prior")
    score = rows[first, SEEN, _TAIL, SCORE, None]
    gain = rows[first, SEEN, _TAIL, DIFFERENCE, NOTHING]
    found = verdict(gain)
    few = "a single training specimen" if tail == 2 else f"fewer than {tail} training specimens"
    sentence = (
        f"Of {rank} with {few}, {in_round_numbers(score['value'])} of the specimens are named "
        f"right where it is known who is related to whom ({in_words(first)}), "
        f"{in_round_numbers(base['value'])} where it is not."
    )
    if found == SHOWN:
        kind, headline = YES, "Yes, relatives do" if kin else "Yes, genes do"
    elif found == NO_GAIN:
        kind, headline = NOT_SHOWN, "Not shown"
    else:
        kind, headline = OPEN, "Cannot be told"
        sentence += f" {_WHY[found]}"
    if kin and genes:
        of_genes = _of_genes(rows, genes)
        sentence += f" {of_genes[1]}"
        if found == SHOWN:
            kind, headline = (
                (YES, "Yes, and genes add to it")
                if of_genes[0]
                else (PARTLY, "Relatives do; that genes add to it is not shown")
            )
    ends = interval_in_words(gain, points)
    tested = "" if is_nothing(gain["p"]) else f"; p = {format_p(gain['p'])}"
    return Answer(
        QUESTION,
        kind,
        headline,
        sentence,
        number=f"{points(gain['value'])} points ({f'95 % interval {ends}; ' if ends else ''}"
        f"{base['n']:,} rare taxa{tested})",
        null=f"without relatives: {format_percent(base['value'])}",
        section="prior",
        lines=[
            line_of(
                in_words(source),
                rows[source, SEEN, _TAIL, SCORE, None],
                base["value"],
                in_round_numbers(rows[source, SEEN, _TAIL, SCORE, None]["value"]),
            )
            for source in dict.fromkeys(sources)
        ],
        scale=("0 %", "100 %"),
    )


def _of_genes(rows: Rows, genes: str) -> tuple[bool, str]:
    """Tell whether genes add to the taxonomy, and say it."""
    gain = rows.get((beyond(genes), SEEN, _TAIL, DIFFERENCE, TAXONOMY))
    if gain is None:
        gain = rows[genes, SEEN, _TAIL, DIFFERENCE, NOTHING]
        words = f"Genes alone ({in_words(genes)}) change it by {points(gain['value'])} points."
        return verdict(gain) == SHOWN, words
    alone = rows[genes, SEEN, _TAIL, DIFFERENCE, NOTHING]
    is_shown = verdict(gain) == SHOWN and verdict(alone) == SHOWN
    is_shown = is_shown and holds_within(rows, beyond(genes))
    change = f"{points(gain['value'])} points"
    return is_shown, f"Genes beside the taxonomy change it by {change}" + (
        "." if is_shown else ": that they help is not shown."
    )
