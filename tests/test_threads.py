import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from visgen.machine.threads import use_threads


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_are_those_of_the_configuration_whatever_the_job_was_granted(
    monkeypatch, n_threads
):
    before = torch.get_num_threads()
    monkeypatch.setenv("VISGEN_THREADS", str(n_threads))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with threadpool_limits():  # sets the former limits again
        use_threads()
        assert torch.get_num_threads() == n_threads
        assert {pool["num_threads"] for pool in threadpool_info()} <= {n_threads}
    torch.set_num_threads(before)
