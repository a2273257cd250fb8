"""The terms of RO-Crate 1.1 for a validator without a network."""

import io
import json
from pathlib import Path

import rocrate
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
# The package brings a later version, which calls these otherwise.
OTHERWISE = ("ComputationalWorkflow", "FormalParameter")


class _Packaged(HTTPAdapter):
    """Answers with the terms that are installed with the package rocrate."""

    def send(self, request, **_):
        path = Path(rocrate.__file__).parent / "data/ro-crate.jsonld"
        terms = json.loads(path.read_text(encoding="utf-8"))["@context"]
        terms |= {name: f"https://bioschemas.org/{name}" for name in OTHERWISE}
        body = io.BytesIO(json.dumps({"@context": terms}).encode())
        kind = {"Content-Type": "application/ld+json"}
        answer = HTTPResponse(body, kind, 200, preload_content=False)
        answer._request_url = request.url
        return self.build_response(request, answer)


def fill_cache(path):
    """Put the terms where the validator keeps what it has fetched."""
    with CachedSession(str(path), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", _Packaged())
        session.get(CONTEXT)
