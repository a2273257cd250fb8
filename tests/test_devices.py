import pytest
import torch
from visgen.machine.devices import describe_device, pick_device, pick_precision

CPU = torch.device("cpu")


def test_the_processor_that_is_there_is_picked(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device() == CPU
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device() == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device() == torch.device("cuda")


@pytest.mark.parametrize("present", [True, False])
def test_auto_takes_bfloat16_where_the_processor_computes_in_it(monkeypatch, present):
    expected = torch.bfloat16 if present else torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": present})
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: present)
    assert pick_precision("auto", CPU) == expected
    assert pick_precision("auto", torch.device("cuda")) == expected
    assert pick_precision("auto", torch.device("mps")) == torch.float32


def test_auto_works_on_a_processor_that_tells_nothing(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert pick_precision("auto", CPU) == torch.float32


def test_a_precision_that_was_asked_for_is_taken():
    assert pick_precision("float32", CPU) == torch.float32
    assert pick_precision("bfloat16", CPU) == torch.bfloat16


def test_an_unknown_precision_is_refused():
    with pytest.raises(
        ValueError, match="found 'float16', expected one of auto, float32, bfloat16"
    ):
        pick_precision("float16", CPU)


def test_a_processor_has_a_name_for_the_log():
    assert describe_device(CPU) == "cpu"
