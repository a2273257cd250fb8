"""What is used of scikit-bio, which would load PyTorch wherever that is installed.

It does so for tests of its own, and a job that needs a matrix of distances would wait seconds for
it. So it is imported here alone, as where there is no PyTorch; that changes nothing of what it
computes.
"""

import sys
from importlib.abc import MetaPathFinder


class _NoTorch(MetaPathFinder):
    """Finds no PyTorch; where it is loaded already, nobody is asked."""

    def find_spec(self, name, path, target=None):
        if name == "torch":
            raise ModuleNotFoundError("scikit-bio is loaded without PyTorch", name=name)


_finder = _NoTorch()
sys.meta_path.insert(0, _finder)
try:
    from skbio import DNA, DistanceMatrix, TabularMSA, TreeNode
    from skbio.alignment import align_dists
    from skbio.stats.distance import mantel
    from skbio.stats.ordination import pcoa
    from skbio.tree import TreeError, nj
finally:
    sys.meta_path.remove(_finder)

__all__ = [
    "DNA",
    "DistanceMatrix",
    "TabularMSA",
    "TreeError",
    "TreeNode",
    "align_dists",
    "mantel",
    "nj",
    "pcoa",
]
