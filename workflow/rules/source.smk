# Where the workflow lies: here, or in a git repository, from which it is unpacked. Needs nothing.
# Sets RULES, and makes .snakemake/visgen/ where the workflow is a module of another one.

import io
import posixpath
import tarfile
from pathlib import Path

from git import Repo
from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile, LocalGitFile, LocalSourceFile


def unpack_workflow(source, folder):
    """Unpack the folder of a git repository as it is at the commit that is asked for.

    Snakemake takes such a workflow file by file, and never the library beside the rules. Files
    that stay the same are left alone, so that nothing runs again for them; those that are gone are
    deleted.
    """
    if isinstance(source, HostingProviderFile):
        source.cache_path = workflow.sourcecache.cache_path
        source.fetch_if_required()
        repository = source.hosted_repo.repo
    elif isinstance(source, LocalGitFile):
        repository = Repo(source.repo_path)
    else:
        raise WorkflowError(
            f"the workflow comes from {source}, file by file, and its library cannot; expected a "
            "folder, github(), gitlab() or git+file:"
        )
    packed = io.BytesIO()
    whole = ("envs", "Snakefile", "pyproject.toml", "requirements.lock")
    names = [posixpath.dirname(source.path), *whole]
    repository.archive(packed, treeish=source.ref, path=names)
    packed.seek(0)
    kept = set()
    with tarfile.open(fileobj=packed) as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            kept.add(path := folder / member.name)
            content = archive.extractfile(member).read()
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept and path.suffix != ".pyc":
            path.unlink()


# A module of another workflow has no profile of its own.
if workflow.dag_settings:
    workflow.dag_settings.force_incomplete = True
    workflow.dag_settings.max_checksum_file_size = max(
        workflow.dag_settings.max_checksum_file_size, 200_000_000
    )

RULES = "rules"
if not isinstance(workflow.current_basedir, LocalSourceFile):
    SOURCE, UNPACKED = workflow.current_basedir, Path(".snakemake/visgen")
    RULES = str((UNPACKED / SOURCE.path).resolve())
    if workflow.is_main_process or not Path(RULES).exists():
        unpack_workflow(SOURCE, UNPACKED)
