"""What the ways to recognise an image are called in figures and on the page."""


def evaluator_in_words(evaluator: str) -> str:
    """Say how an image is recognised.

    >>> evaluator_in_words("knn_5")
    '5 nearest images'
    """
    if evaluator.startswith("knn_"):
        k = evaluator.removeprefix("knn_")
        return "the nearest image" if k == "1" else f"{k} nearest images"
    return {"head": "the softmax head", "anchor": "the nearest anchor"}[evaluator]
