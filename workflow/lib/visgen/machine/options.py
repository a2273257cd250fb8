"""The arithmetic of networks, as a configuration names it; imports nothing."""

PRECISIONS = {
    "auto": "bfloat16 where the processor computes in it",
    "float32": "",
    "bfloat16": "",
}
