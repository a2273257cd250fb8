"""Snakemake whose scripts run in forks of one loaded process: a job costs what it computes.

As a program it takes the words of Snakemake's command line; after --runs, those of one run a line.
Most of a small study's time is that of imports (seconds a job with PyTorch); here packages are
imported once, and the library anew by every job, from the folder of the run. Runs that have to be
as they are for users (environments, a cluster) start Snakemake itself.
"""

import contextlib
import gc
import json
import os
import runpy
import shutil
import signal
import socket
import sys
import tempfile
from importlib import import_module
from pathlib import Path

# What scripts import, beside the library; scikit-bio first, for it is loaded without PyTorch.
SCIKIT_BIO = Path(__file__).parents[1] / "workflow/lib/visgen/scikit_bio.py"
PACKAGES = """
snakemake.cli snakemake.script pandas pyarrow.parquet scipy.stats scipy.sparse.csgraph
scipy.spatial.distance scipy.cluster.hierarchy sklearn.ensemble sklearn.svm sklearn.linear_model
sklearn.neighbors sklearn.metrics sklearn.model_selection imblearn.ensemble imblearn.over_sampling
matplotlib.pyplot matplotlib.backends.backend_agg seaborn networkx jinja2 PIL.Image Bio.SeqIO
sklearn.manifold dendropy torch torch._dynamo torchvision.transforms.v2 timm timm.optim
pytorch_metric_learning.losses safetensors.torch bokeh.plotting
"""


def load():
    """Import what jobs import."""
    os.environ["MPLBACKEND"] = "Agg"
    runpy.run_path(str(SCIKIT_BIO))
    for name in PACKAGES.split():
        import_module(name)
    gc.freeze()  # what collections leave alone stays shared between forks


def serve(listening):
    """Fork for every job that asks, and return in the fork; the process itself does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for what has ended
    while True:
        asking, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return asking
        asking.close()


def run_job(asking):
    """Become the process that asks for a script to be run, run it and answer with its status."""
    message, streams, _, _ = socket.recv_fds(asking, 1 << 20, 3)
    asked = json.loads(message)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[1:1] = asked["environment"]["PYTHONPATH"].split(os.pathsep)
    sys.argv = asked["words"]
    status = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        asking.sendall(bytes([status]))
        os._exit(0)  # packages say much when they are unloaded


def ask(path, words):
    """Let a script be run, and return its exit status."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(path)
        asked = {"folder": str(Path.cwd()), "environment": dict(os.environ), "words": words}
        socket.send_fds(server, [json.dumps(asked).encode()], [0, 1, 2])
        answer = server.recv(1)
        server.recv(1)  # nothing, once the process has ended
    return answer[0] if answer else 1  # of a process that died nothing is heard


def run_snakemake(words):
    """Run Snakemake, its scripts in forks of this process."""
    folder = tempfile.mkdtemp()
    path = f"{folder}/jobs"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(path)
    listening.listen()
    server = os.fork()
    if server == 0:
        run_job(serve(listening))
        return
    # Snakemake starts scripts with this, unquoted, and their path.
    sys.executable = f"{sys.executable} -I -S {__file__} --ask {path}"
    try:
        import_module("snakemake.cli").main(words)
    finally:
        os.kill(server, signal.SIGKILL)
        shutil.rmtree(folder)


def serve_runs():
    """Start a run for every line of JSON that is read, in a group of its own; answer its number.

    A line has the words of Snakemake's command line and the file for its output. All processes of
    a run have its number as their group, by which it can be killed.
    """
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        words, output = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            run_snakemake(words)
            return
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(child, child)  # whoever of the two is first
        print(child, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--ask":
        sys.exit(ask(sys.argv[2], sys.argv[3:]))
    if sys.argv[1] == "--runs":
        serve_runs()
    else:
        load()
        run_snakemake(sys.argv[1:])
