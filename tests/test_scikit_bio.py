import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "workflow" / "lib"


def test_scikit_bio_loads_no_pytorch_and_leaves_it_to_be_found():
    asked = (
        "import sys, visgen.scikit_bio; print('torch' in sys.modules); "
        "from importlib.util import find_spec; print(find_spec('torch').name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(LIBRARY), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout.split() == ["False", "torch"]


def test_scikit_bio_is_imported_in_one_place():
    files = {path.name for path in LIBRARY.rglob("*.py") if "from skbio" in path.read_text()}
    assert files == {"scikit_bio.py"}
