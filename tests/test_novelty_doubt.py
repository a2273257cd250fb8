"""What of a picture may be why a specimen is called new."""

import numpy as np
import pandas as pd
import pytest
from visgen.naming.novelty_doubt import doubt_novelty, of_looks
from visgen.specimens.oddities import ODDITIES, OF_LOOKS


@pytest.mark.parametrize("word", sorted(ODDITIES))
def test_all_but_what_lies_across_the_border_may_be_why(word):
    doubt = doubt_novelty(["new order", "no such specimen"], [word, word])
    assert doubt == ([None, None] if word == "cut_at_border" else [word, word])
    assert set(OF_LOOKS) < set(ODDITIES)


def test_what_is_not_called_new_is_not_in_doubt():
    assert doubt_novelty(["known", None, np.nan], ["grey", "grey", "grey"]) == [None] * 3


def test_gaps_of_a_table_are_none():
    table = pd.DataFrame(
        {
            "novelty": ["new genus", None, "new genus"],
            "oddities": ["tiny cut_at_border flat", "grey", None],
        }
    )
    assert doubt_novelty(table["novelty"], table["oddities"]) == ["tiny flat", None, None]
    assert of_looks(None) == of_looks(np.nan) == []
