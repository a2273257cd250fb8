import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from visgen.classification.classifiers.convergence import catch_failures


def test_failures_are_listed_and_other_warnings_passed_on():
    with pytest.warns(RuntimeWarning, match="overflow") as passed, catch_failures() as failures:
        warnings.warn("lbfgs ended", ConvergenceWarning, stacklevel=1)
        warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        warnings.warn("lbfgs ended", ConvergenceWarning, stacklevel=1)
    assert failures == ["lbfgs ended", "lbfgs ended"] and len(passed) == 1


def test_errors_are_not_held_back():
    with pytest.raises(ZeroDivisionError), catch_failures() as failures:
        1 / 0  # noqa: B018
    assert failures == []
