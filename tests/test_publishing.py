import json
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
import yaml
from visgen.configuration.plan import Plan
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.publishing.archive import MANIFEST, read_manifest, sha256_of, write_archive
from visgen.publishing.checkout import checkout_files
from visgen.publishing.gathering import gather
from visgen.publishing.machine_paths import places_of_this_machine, without_places
from visgen.publishing.methods import classification, descent, rare
from visgen.publishing.methods.text import write_methods
from visgen.publishing.records import Job, jobs_behind, read_jobs
from visgen.publishing.references import bibliography, cited, read_references
from workflow_copy import REPOSITORY, TINY, changed

REFERENCES = read_references(REPOSITORY / "workflow/publication/references.bib")
SOFTWARE = dict.fromkeys(("snakemake", "scikit-learn", "scikit-bio"), "1.0")
PROVENANCE = {"software": SOFTWARE, "features": [{"software": "torch 2.0"}]}


def plan_of(config):
    return Plan(
        checked_config(config, load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml"))
    )


def quickstart():
    return yaml.safe_load((REPOSITORY / "config/quickstart.yaml").read_text())


def methods_of(config):
    text, sources = write_methods(plan_of(config), PROVENANCE, REFERENCES)
    return text.partition("## References")[0], {source.key for source in sources}


def test_the_same_files_give_the_same_bytes_whenever_they_were_made(tmp_path):
    (tmp_path / "scores.tsv").write_text("value\n0.5\n")
    files = {"report/scores.tsv": tmp_path / "scores.tsv", "README.md": b"read"}
    write_archive(tmp_path / "one.zip", files)
    (tmp_path / "scores.tsv").touch()
    write_archive(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["README.md", "report/", "report/scores.tsv", MANIFEST]
        listed = read_manifest(archive.read(MANIFEST).decode())
    assert listed["report/scores.tsv"] == sha256_of(tmp_path / "scores.tsv")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "c:/x", "a\\x", ""])
def test_a_name_that_leaves_the_archive_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="expected a path inside it"):
        write_archive(tmp_path / "one.zip", {name: b""})


def test_a_line_of_the_manifest_that_is_none_is_refused():
    with pytest.raises(ValueError, match="line 1: found 'abc', expected a SHA-256 and a name"):
        read_manifest("abc\n")


def record(folder, path, rule, inputs, end, long=False):
    name = urlsafe_b64encode(path.encode()).decode()
    place = folder / (f"@{name[:5]}/{name[5:]}" if long else name)
    place.parent.mkdir(parents=True, exist_ok=True)
    about = {"rule": rule, "input": inputs, "log": [f"{rule}.log"]}
    about["code"] = f'"../scripts/{rule}.py"\n'
    place.write_text(json.dumps(about | {"starttime": end - 1, "endtime": end}))


def test_records_become_jobs_each_with_all_that_it_made(tmp_path):
    record(tmp_path, "out/b.tsv", "split", ["a.tsv"], 2)
    record(tmp_path, "out/a-very-long-name.tsv", "split", ["a.tsv"], 2, long=True)
    record(tmp_path, "out/d.tsv", "score", ["out/b.tsv"], 4)
    score, split = read_jobs(tmp_path)
    assert split.outputs == ("out/a-very-long-name.tsv", "out/b.tsv")
    assert (split.start, split.end, score.inputs) == (1, 2, ("out/b.tsv",))
    assert split.script == "split.py"
    assert jobs_behind(["out/d.tsv"], [score, split]) == [split, score]


def test_a_run_without_records_is_refused(tmp_path):
    with pytest.raises(ValueError, match="found no record of a job"):
        read_jobs(tmp_path)
    with pytest.raises(ValueError, match=r"x\.tsv: found no record of the job that made it"):
        jobs_behind(["x.tsv"], [])


def test_features_and_weights_stay_behind_and_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = [
        "results/s/features/net/clean-0.parquet",
        "results/s/visual_genetic/v/checkpoint.safetensors",
    ]
    made += ["results/s/naming/model/model.safetensors", "results/s/scores.tsv"]
    made += ["resources/weights/net.safetensors"]
    for path in [*made, "results/s/logs/score.log", "results/s/old.tsv"]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(path)
    found = gather(
        [Job("score", "score.py", (), tuple(made), ("results/s/logs/score.log",), 0, 1)],
        "results/s",
    )
    assert found.kept == ["results/s/logs/score.log", made[2], made[3]]
    assert sorted(found.left_out["path"]) == sorted([made[0], made[1], made[4]])
    assert found.left_out["sha256"].str.len().eq(64).all()


def test_what_a_job_has_made_and_is_gone_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"results/s/scores\.tsv: not found"):
        gather([Job("score", "score.py", (), ("results/s/scores.tsv",), (), 0, 1)], "results/s")


def test_the_workflow_goes_along_with_its_lock(tmp_path):
    found = set(checkout_files(REPOSITORY))
    assert {"Snakefile", "requirements.lock", "workflow/scripts/publish.py"} <= found
    assert "workflow/lib/visgen/verify/__main__.py" in found
    assert not [name for name in found if "__pycache__" in name or name.startswith("tests")]
    with pytest.raises(ValueError, match="Snakefile: not found"):
        checkout_files(tmp_path)


def test_folders_of_this_machine_are_replaced():
    places = places_of_this_machine(REPOSITORY)
    text = f"{Path.cwd()}/data {Path.home()}/photos"
    assert without_places(text, places) == "./data ~/photos"


def test_methods_of_the_smallest_study_say_nothing_of_trees_and_genes():
    text, sources = methods_of(quickstart())
    assert "tan2019" in sources and "rao1988" in sources
    assert not sources & {"mantel1967", "ranjan2022", "chen2020", "lynch1991", "karaderi2024"}
    assert "phylogen" not in text.lower() and "sequence" not in text.lower()


def test_methods_say_what_the_configuration_asks_for():
    _, sources = methods_of(TINY)
    assert {"chen2020", "ranjan2022", "lynch1991", "mantel1967", "vovk2005"} <= sources
    assert {"hoerl1970", "ilse2018", "saitou1987", "breiman2001", "ren2021"} <= sources
    assert "katoh2013" not in sources and "cortes1995" not in sources
    more = changed(TINY, "genetics.alignment.aligner", "mafft")
    more = changed(more, "genetics.tree.engine", "iqtree")
    more = changed(more, "classification.classifiers.machine", {"method": "linear_svm"})
    text, sources = methods_of(more)
    assert {"katoh2013", "minh2020", "kalyaanamoorthy2017", "cortes1995", "valan2019"} <= sources
    assert "saitou1987" not in sources
    assert "`machine`, linear support vector machine" in text


def test_every_word_of_methods_has_a_sentence_and_every_source_is_known():
    from visgen.classification.classifiers.options import METHODS
    from visgen.genetics.trees.options import ENGINES
    from visgen.visual_genetic.regimes.options import LOSSES, REGIMES

    assert set(classification._METHODS) == set(METHODS)
    assert set(descent._TREES) == set(ENGINES)
    assert set(rare._REGIMES) == set(REGIMES) and set(rare._LOSSES) == set(LOSSES)
    tables = [classification._METHODS, descent._TREES, descent._CHOSEN, rare._REGIMES, rare._LOSSES]
    assert cited(" ".join(text for table in tables for text in table.values()), REFERENCES)


def test_every_reference_is_cited_somewhere():
    modules = (REPOSITORY / "workflow/lib/visgen/publishing/methods").glob("*.py")
    text = " ".join(path.read_text() for path in modules)
    assert [key for key in REFERENCES if key not in text] == []


def test_a_citation_without_a_source_is_refused():
    with pytest.raises(ValueError, match="citation 'nobody1900'"):
        cited("As shown [@nobody1900].", REFERENCES)


def test_a_list_of_sources_has_accents_and_links():
    (line,) = bibliography([REFERENCES["hofmann2024"]]).splitlines()
    assert line.startswith("- `hofmann2024`: Hofmann, Martin; Kiel, Steffen; Kösters, Lara M.;")
    assert line.endswith("Systematic Biology 73, 920–940. https://doi.org/10.1093/sysbio/syae042")


def test_files_that_one_job_has_stamped_one_after_another_are_of_one_job(tmp_path):
    def record(path, end):
        name = urlsafe_b64encode(path.encode()).decode()
        job = {"rule": "plot", "log": ["plot.log"], "code": "plot.py", "input": ["a"]}
        job |= {"starttime": end - 1, "endtime": end}
        (tmp_path / name).write_text(json.dumps(job))

    record("old.png", 90.0)
    record("new.png", 100.0)
    record("new.svg", 100.004)
    outputs = [job.outputs for job in read_jobs(tmp_path)]
    assert sorted(outputs) == [("new.png", "new.svg"), ("old.png",)]
