"""Which taxa are withheld from learning names."""

import numpy as np
import pandas as pd
import pytest
from visgen.naming.withheld import withhold

RANKS = ["family", "genus", "species"]


def study(n_families=3, n_genera=5, n_species=7, n_specimens=2):
    """Return specimens of a balanced taxonomy."""
    rows = [
        (f"F{f}", f"G{f}{g}", f"S{f}{g}{s}")
        for f in range(n_families)
        for g in range(n_genera)
        for s in range(n_species)
        for _ in range(n_specimens)
    ]
    return pd.DataFrame(rows, [f"v{i}" for i in range(len(rows))], RANKS, dtype="str")


def drawn(taxa, kind, rank):
    """Return the taxa of a rank that are withheld."""
    return set(taxa.loc[kind == f"new {rank}", rank])


def test_about_a_share_of_the_taxa_of_each_rank_is_withheld():
    taxa = study()
    kind = withhold(taxa, 0.2, seed=1)
    assert {rank: len(drawn(taxa, kind, rank)) for rank in RANKS} == {
        "family": 1,  # of 3
        "genus": 3,  # of 15
        "species": 21,  # of 105
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_taxon_above_stays_known_by_another_one(seed):
    taxa = study(n_specimens=1)
    kind = withhold(taxa, 0.4, seed=seed)
    known = taxa[kind == "known"]
    assert known["family"].nunique() >= 2
    for rank, above in (("genus", "family"), ("species", "genus")):
        new = taxa[kind == f"new {rank}"]
        assert len(new) > 0
        assert set(new[above]) <= set(known[above])


def test_taxa_are_withheld_whole():
    taxa = study()
    kind = withhold(taxa, 0.2, seed=1)
    for rank in RANKS:
        assert set(kind[taxa[rank].isin(drawn(taxa, kind, rank))]) == {f"new {rank}"}


def test_a_seed_draws_the_same_taxa_whatever_the_order_of_specimens():
    taxa = study()
    kind = withhold(taxa, 0.2, seed=1)
    shuffled = taxa.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(withhold(shuffled, 0.2, seed=1).loc[taxa.index], kind)
    assert not withhold(taxa, 0.2, seed=2).equals(kind)


def test_at_least_one_taxon_is_withheld_where_one_can_be():
    taxa = study(3, 2, 2, 1)
    kind = withhold(taxa, 0.01, seed=1)
    assert [len(drawn(taxa, kind, rank)) for rank in RANKS] == [1, 1, 1]


def test_two_taxa_of_the_coarsest_rank_stay():
    taxa = study(2, 1, 1, 3)
    assert set(withhold(taxa, 0.9, seed=1)) == {"known"}


def test_only_the_three_finest_ranks_lose_taxa():
    taxa = study()
    taxa.insert(0, "order", "O" + taxa["family"].str[1])
    kind = withhold(taxa, 0.2, seed=1)
    assert set(kind) == {"known", "new genus", "new species"}  # each order has one family


def test_a_taxon_that_belongs_to_no_known_one_is_not_withheld():
    taxa = study(1, 1, 2, 3).assign(genus=None)
    kind = withhold(taxa[["genus", "species"]], 0.5, seed=1)
    assert set(kind) == {"known"}


def test_a_specimen_without_a_name_stays_known():
    taxa = study(3, 2, 2, 1)
    taxa.loc["v0", "species"] = None
    assert all(withhold(taxa, 0.2, seed)["v0"] != "new species" for seed in range(7))


def test_a_share_of_all_or_nothing_is_refused():
    for share in (0, 1, np.nan):
        with pytest.raises(ValueError, match=r"found .*, expected it between 0 and 1"):
            withhold(study(), share, seed=1)
