# The software of visgen, from requirements.lock, and the two programs that infer trees:
#   make image           builds it, for docker run and for snakemake --sdm apptainer (docs/containers.md)
# Estimated from the packages as they are installed: 6.4 GB of packages, of which 4.5 GB are CUDA and
# PyTorch, and 0.3 GB of system and programs.
FROM python:3.11-slim

LABEL org.opencontainers.image.title="visgen" \
      org.opencontainers.image.description="Software of a Snakemake workflow: how far the look of specimens reflects descent" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT"

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git iqtree mafft \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.lock

RUN useradd --create-home visgen
USER visgen
WORKDIR /work

# Caches go where any user may write, for docker run --user.
ENV MPLBACKEND=Agg XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib

CMD ["snakemake", "--version"]
