import gc
import os

import pytest

# Before numpy and PyTorch are loaded: many threads on few cores slow small arrays down.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Files that run the workflow take longest: with several processes they are begun before the others.
RUNS = ("test_workflow.py", "test_reruns.py", "test_environments.py", "test_kills.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [item.path.name != name for name in RUNS])


def pytest_collection_finish():
    # Collections that look through all that was imported take a seventh of the time.
    gc.freeze()


def pytest_sessionfinish():
    gc.unfreeze()  # else libraries report at the end that their objects are not collected


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return a function that puts a repository into the hub's folder of what it has fetched."""
    import huggingface_hub  # most tests need none

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def put(name, lacks=()):
        repository = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        revision = "0123456789abcdef0123456789abcdef01234567"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs/main").write_text(revision)
        folder = repository / "snapshots" / revision
        folder.mkdir(parents=True)
        for file in lacks:  # as the hub said when it was asked
            (repository / ".no_exist" / revision).mkdir(parents=True, exist_ok=True)
            (repository / ".no_exist" / revision / file).touch()
        return folder

    return put
