"""What people call the columns of their tables, and how names of a rank look."""

import re

_WORDS = re.compile(r"[^\W_]+")

#: Ranks, coarse to fine, with the spellings of their columns in normal form; the first go first.
RANKS = {
    "kingdom": ("kingdom", "regnum", "reich", "règne", "regne", "reino"),
    "phylum": ("phylum", "division", "stamm", "embranchement", "filo"),
    "subphylum": ("subphylum",),
    "class": ("class", "classis", "klasse", "classe", "clase"),
    "subclass": ("subclass", "unterklasse"),
    "infraclass": ("infraclass",),
    "superorder": ("superorder", "überordnung"),
    "order": ("order", "ordo", "ordnung", "ordre", "orden", "ordem"),
    "suborder": ("suborder", "unterordnung"),
    "infraorder": ("infraorder",),
    "superfamily": ("superfamily", "überfamilie"),
    "family": ("family", "familia", "familie", "famille", "família", "fam"),
    "subfamily": ("subfamily", "unterfamilie", "subfam"),
    "tribe": ("tribe", "tribus"),
    "subtribe": ("subtribe",),
    "genus": ("genus", "gattung", "genre", "género", "gênero", "gen"),
    "subgenus": ("subgenus", "untergattung"),
    "species": (
        *("species", "speciesname", "scientificname", "sciname", "binomial", "binomen"),
        *("latinname", "acceptedname", "taxonname", "taxon", "art", "espèce", "espece"),
        *("especie", "espécie", "spec", "sp", "specificepithet", "speciesepithet", "epithet"),
    ),
    "subspecies": ("subspecies", "unterart", "infraspecificepithet"),
}

#: Spellings of the columns of other fields, in normal form; the first go first.
FIELDS = {
    "filename": (
        *("filename", "file", "filepath", "path", "imagepath", "image", "imagefile", "imagename"),
        *("photo", "photofile", "photograph", "picture", "picturefile", "datei", "dateiname"),
        *("bild", "fichier", "archivo", "imagen", "arquivo"),
    ),
    "specimen": (
        *("specimen", "specimenid", "specimennumber", "specimenno", "specimencode", "individual"),
        *("individualid", "catalognumber", "cataloguenumber", "catalogno", "voucher", "voucherid"),
        *("accession", "accessionnumber", "inventorynumber", "museumid", "museumnumber"),
        *("organismid", "sampleid", "barcode", "exemplar", "inventarnummer"),
    ),
    "view": ("view", "aspect", "side", "ansicht", "vue", "vista"),
    "source": (
        *("source", "collection", "institution", "institutioncode", "collectioncode", "museum"),
        *("photographer", "sammlung", "quelle"),
    ),
    "split": ("split", "partition", "subset"),
}

#: Columns that say where a specimen is from: of use in a table of unnamed photographs alone.
PLACES = (
    *("place", "locality", "location", "country", "site", "region", "fundort", "ort", "localité"),
    *("localidad", "verbatimlocality", "stateprovince"),
)

_ENDINGS = {
    "order": ("iformes", "ptera", "ales", "oida", "odonata"),
    "superfamily": ("oidea",),
    "family": ("idae", "aceae"),
    "subfamily": ("inae", "oideae"),
    "tribe": ("ini", "eae"),
}
_WHOLE = re.compile(r"[^\W\d_][\w.'×()-]*[ _]+\S.*")
_EPITHET = re.compile(r"[^\W\d_][^\W\d_.-]*(-[^\W\d_]+)?\.?")
_CAPITALISED = re.compile(r"[^\W\d_][^\W\d_]+(-[^\W\d_]+)?")


def plain(name: str) -> str:
    """Return the name of a column without case, blanks and signs.

    >>> plain("Scientific_Name ")
    'scientificname'
    """
    return "".join(_WORDS.findall(name)).casefold()


def looks_whole(name: str) -> bool:
    """Tell whether a name has two words, the first with a capital: a species, not an epithet.

    >>> [looks_whole(name) for name in ("Arca noae", "Arca_noae", "noae", "Arca")]
    [True, True, False, False]
    """
    return _WHOLE.fullmatch(name) is not None and name[0].isupper()


def looks_like_epithet(name: str) -> bool:
    """Tell whether a name is one word without a capital.

    >>> [looks_like_epithet(name) for name in ("noae", "Arca", "Arca noae", "box3")]
    [True, False, False, False]
    """
    return _EPITHET.fullmatch(name) is not None and name[0].islower()


def rank_by_look(name: str) -> str | None:
    """Return the rank that a name looks like; None where it looks like none.

    >>> [rank_by_look(name) for name in ("Arcidae", "Arca_noae", "Arca", "noae", "box 3")]
    ['family', 'species', 'genus', 'epithet', None]
    """
    if looks_whole(name):
        return "species"
    if looks_like_epithet(name):
        return "epithet"
    if _CAPITALISED.fullmatch(name) is None or not name[0].isupper():
        return None
    ends = ((rank, end) for rank, ends in _ENDINGS.items() for end in ends)
    return next((rank for rank, end in ends if name.endswith(end)), "genus")
