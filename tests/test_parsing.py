import re

import pytest
from visgen.configuration.parsing import check_file, stop_at_broken_configuration


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "study.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


BROKEN = {
    "no keys": ("", "has no keys, expected at least dataset"),
    "comments": ("# a\n\n", "has no keys"),
    "a list": ("- a\n- b\n", "line 1: found a list, expected keys with values"),
    "words": ("hello\n", "line 1: found the text 'hello', expected keys"),
    "two documents": ("a: b\n---\nc: d\n", "line 3: a second document begins"),
    "a tab": ("a:\n  b: 1\nc:\n\td: x\n", "line 4: found a tab, expected blanks before 'd: x'"),
    "an open quote": ('a: 1\nb: "x\nc: 2\n', "line 2: found a quotation mark that is not closed"),
    "a backslash": ('a: "C:\\Users"\n', "line 1: found a backslash between double quotation"),
    "no blank": ("a: 1\nb:x\nc: 2\n", "line 2: found 'b:x', expected a blank behind the colon"),
    "one without a blank": ("dataset:x\n", "line 1: found 'dataset:x', expected a blank"),
    "less indented": ("a:\n    b: 1\n  c: 2\n", "line 3: a line that is indented otherwise"),
    "more indented": ("a:\n  b: 1\n   c: 2\n", "line 3: a colon where no key can stand"),
    "no colon": ("a: 1\nb\nc: 2\n", "line 2: a key without a colon, expected one"),
    "more behind a quote": ("a: 'x' y\n", "line 1: more behind a value that has ended"),
    "an open bracket": ("a: {b: 1\nc: 2\n", "line 2: a comma or a bracket is missing behind"),
    "no anchor": ("a: *b\n", "line 1: found undefined alias 'b'"),
    "an anchor in itself": ("a: &b [*b]\n", "line 1: an anchor that holds itself"),
    "no section to merge": ("a: &b 3\nc:\n  <<: *b\n", "line 1: expected a mapping"),
    "a tag": ("a: !b 3\n", "line 1: could not determine a constructor for the tag '!b'"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "line 3: config key a: is there twice"),
    "a key of JSON twice": ('{\n\t"a": 1,\n\t"a": 2}', "line 3: config key a: is there twice"),
    "no day": ("a: 2024-13-45\n", "line 1: found 2024-13-45, which YAML takes for a date"),
    "an octal": ("a:\n  - 010\n", "line 2: found 010, which YAML takes for the octal number 8"),
    "minutes": ("a: 1:30\n", "line 1: found 1:30, which YAML takes for the number 90"),
    "control characters": ("a: b\nc: \x01\n", "line 2: unacceptable character #x0001"),
    "UTF-16": ("a: b\n".encode("utf-16"), "is no text in UTF-8 (UTF-16 perhaps)"),
    "Latin-1": ("a: b\nc: é\n".encode("latin-1"), "line 2: found the byte 0xe9"),
    "no value": ("a: [\n", "line 1: a value or a bracket is missing before it, in 'a: ['"),
    "too deep": ("[" * 3000, "sections lie too deep in each other"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_its_line(written, content, message):
    path = written(content)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")) as caught:
        check_file(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfa: b\n", id="a byte order mark"),
        pytest.param(b"a: b\r\nc: d\r\n", id="ends of lines of Windows"),
        pytest.param(b"---\na: b\n...\n", id="marks of a document"),
        pytest.param(b"a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n", id="a merged anchor"),
        pytest.param(b"a: &x [1]\nb: *x\nc: *x\n", id="an anchor used twice"),
        pytest.param(b'{\n\t"a": {"b": 10}}', id="JSON with tabs"),
        pytest.param(b"a: '010'\nb: '1:30'\nc: '2024-13-45'\n", id="quoted numbers"),
    ],
)
def test_a_sound_file_passes(written, content):
    check_file(written(content))


def test_json_is_explained_as_json(tmp_path):
    path = tmp_path / "study.json"
    path.write_text('{"a": 1,\n// none\n"b": 2}')
    with pytest.raises(
        ValueError, match=r"json: line 2, column 1: Expecting property name .*'// n"
    ):
        check_file(path)


def test_a_target_behind_the_files_is_told_from_a_configuration(tmp_path):
    path = tmp_path / "specimens.parquet"
    path.write_bytes(b"PAR1\0")
    with pytest.raises(ValueError, match=r"is no text in UTF-8 .*stands before --configfile$"):
        check_file(path)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="is a folder, expected a configuration"):
        check_file(tmp_path)
    with pytest.raises(ValueError, match=r"is no file, .*stands before --configfile$"):
        check_file(tmp_path / "all")


def test_the_program_ends_with_one_line(written):
    path = written("a: b\n")
    words = ["-n", "all", "--configfile", str(path), "--cores", "1"]
    stop_at_broken_configuration(words)
    stop_at_broken_configuration(["-n", "all"])
    written("- a\n")
    with pytest.raises(SystemExit) as ended:
        stop_at_broken_configuration(words)
    assert ended.value.code == f"{path}: line 1: found a list, expected keys with values"


@pytest.mark.parametrize("word", ["inputs.images=3", "all", "=3"])
def test_an_entry_that_is_no_section_ends_the_program(word):
    stop_at_broken_configuration(["--config", "seed=3", "inputs={images: a}", "-n"])
    with pytest.raises(SystemExit) as ended:
        stop_at_broken_configuration(["--config", "seed=3", word, "-n"])
    assert ended.value.code.startswith(f"--config: found {word!r}, expected a section")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--configfile", "a.yaml", "--configfile", "b.yaml"], "--configfile: is there 2 times"),
        (["--config", "seed=1", "--cores", "1", "-C", "dataset=a"], "--config: is there 2 times"),
        (["--config", "seed=1", "seed=2"], "--config: the key seed is there twice"),
    ],
)
def test_what_snakemake_would_drop_ends_the_program(words, message):
    with pytest.raises(SystemExit) as ended:
        stop_at_broken_configuration(words)
    assert ended.value.code.startswith(message)
