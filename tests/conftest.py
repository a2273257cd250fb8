import os

# Before numpy and PyTorch are loaded: many threads on few cores slow small arrays down.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
