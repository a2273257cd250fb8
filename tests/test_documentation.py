import json
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]


def keys(schema, prefix=""):
    """Yield (key with dots, its schema); names that users choose are <name>."""
    for name, part in schema.get("properties", {}).items():
        yield prefix + name, part
        yield from keys(part, f"{prefix}{name}.")
        for named in part.get("patternProperties", {}).values():
            yield from keys(named, f"{prefix}{name}.<name>.")


def test_every_key_of_the_schema_is_explained_with_its_default():
    text = (REPOSITORY / "config" / "README.md").read_text()
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line[:3] == "| `"}
    documented = dict(keys(schema))
    assert len(documented) > 60
    for key, part in documented.items():
        assert key in rows, f"{key} is not in config/README.md"
        assert part["description"] in rows[key]
        default = part.get("default")
        if default is not None and not part.get("properties"):
            assert json.dumps(default, ensure_ascii=False) in rows[key], key


def test_readme_calls_what_the_makefile_has():
    makefile = (REPOSITORY / "Makefile").read_text()
    readme = (REPOSITORY / "README.md").read_text()
    for target in ("demo", "test", "test-slow", "lint", "bench"):
        assert f"\n{target}: " in makefile
        assert f"make {target}" in readme
