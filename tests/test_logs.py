import pytest
from visgen.machine.logs import is_refusal
from visgen.specimens.columns import check_ranks
from visgen.specimens.ingest import ingest


def raised(what, *args):
    with pytest.raises(Exception) as caught:
        what(*args)
    return caught.value


def test_what_the_library_refuses_is_told_from_bugs(tmp_path):
    assert is_refusal(raised(check_ranks, ["split"]))
    assert is_refusal(raised(lambda: ingest(tmp_path / "gone", ranks=["genus"], path_pattern="x")))
    # Raised elsewhere, or not by a line that says so.
    assert not is_refusal(raised(int, "x"))
    assert not is_refusal(raised(lambda: check_ranks(3)))
    assert not is_refusal(raised(lambda: [][0]))
    assert not is_refusal(ValueError("never raised"))
