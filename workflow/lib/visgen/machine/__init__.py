"""Where a job runs: devices, threads, logs, checkpoints, and files written whole."""
