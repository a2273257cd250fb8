import gc
import os

# Before numpy and PyTorch are loaded: many threads on few cores slow small arrays down.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Files that run the workflow take longest: with several processes they are begun before the others.
RUNS = ("test_workflow.py", "test_reruns.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [item.path.name != name for name in RUNS])


def pytest_collection_finish():
    # Collections that look through all that was imported take a seventh of the time.
    gc.freeze()


def pytest_sessionfinish():
    gc.unfreeze()  # else libraries report at the end that their objects are not collected
