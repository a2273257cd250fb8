"""Whether an archive of a study holds: ``python -m visgen.verify ARCHIVE``.

Its files are held against their checksums, and its scores against what is scored anew.
"""
