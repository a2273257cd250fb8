import hashlib
import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from visgen.provenance import collect_provenance, write_provenance
from visgen.version import visgen_version

OUTSIDE_GIT = {"version": visgen_version(), "commit": None, "changed": None}
CHECKSUMS = ["beef", "aaaa", "0123"]


def git(folder, *words):
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def collect(tmp_path):
    (tmp_path / "meta.csv").write_bytes(b"filename,family\n\xff")
    (tmp_path / "a-tree.nwk").write_bytes(b"")
    (tmp_path / "images.tsv").write_text("\n".join(["sha256", *CHECKSUMS, ""]))
    (tmp_path / "untrained").mkdir()
    shard = tmp_path / "untrained" / "clean-0.parquet"
    metadata = {
        "device": "cpu",
        "precision": "float32",
        "recipe": "ab",
        "software": "torch 2",
        "other": "x",
    }
    pq.write_table(pa.table({"id": ["a"]}).replace_schema_metadata(metadata), shard)

    def collected(source, config):
        study = [tmp_path / "meta.csv", tmp_path / "a-tree.nwk"]
        return collect_provenance(config, study, tmp_path / "images.tsv", [shard], source)

    return collected


def test_checksums_are_those_of_hashlib(collect, tmp_path):
    found = collect(tmp_path, {})
    assert found["inputs"] == {
        str(tmp_path / "a-tree.nwk"): hashlib.sha256(b"").hexdigest(),
        str(tmp_path / "meta.csv"): hashlib.sha256(b"filename,family\n\xff").hexdigest(),
    }
    expected = hashlib.sha256(b"0123\naaaa\nbeef").hexdigest()  # whatever the order of images
    assert found["images"] == {"n": 3, "sha256": expected}


def test_shards_say_what_they_were_made_with(collect, tmp_path):
    assert collect(tmp_path, {})["features"] == [
        {
            "device": "cpu",
            "precision": "float32",
            "recipe": "ab",
            "software": "torch 2",
            "shard": "untrained/clean-0.parquet",
        }
    ]


def test_commit_and_changes_are_read(collect, tmp_path):
    source = tmp_path / "checkout"
    (source / "workflow").mkdir(parents=True)
    (source / "file").write_text("1")
    git(source, "init", "--quiet")
    git(source, "add", "file")
    git(source, "commit", "--quiet", "--message", "one")
    state = {"version": visgen_version(), "commit": git(source, "rev-parse", "HEAD")}
    assert collect(source / "workflow", {})["workflow"] == state | {"changed": False}
    (source / "new").write_text("not tracked")
    assert not collect(source, {})["workflow"]["changed"]
    (source / "file").write_text("2")
    assert collect(source, {})["workflow"] == state | {"changed": True}


def test_folder_outside_git_has_no_commit(collect, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    assert collect(tmp_path / "plain", {})["workflow"] == OUTSIDE_GIT


def test_machine_without_git_has_no_commit(collect, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert collect(tmp_path, {})["workflow"] == OUTSIDE_GIT


def test_configuration_comes_back_from_the_file(collect, tmp_path):
    config = {"dataset": "Ψ", "splits": {"seeds": [1, 2]}, "inputs": {"tree": None}}
    found = collect(tmp_path, config)
    write_provenance(tmp_path / "provenance.json", found)
    assert json.loads((tmp_path / "provenance.json").read_text("utf-8")) == found
    assert found["config"] == config
    assert found["software"]["python"].startswith("3.")
    assert found["software"]["numpy"]
