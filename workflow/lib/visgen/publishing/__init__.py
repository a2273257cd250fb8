"""One archive of a finished study, for a referee: numbers, what they rest on, and how to get them.

`records` knows which job made what, `gathering` what of that goes along, `checkout` what of the
workflow, `methods` says in words what was done, `references` by whom it was first done, `crate`
says all of it to machines, `packing` puts it together, and `archive` packs it so that the same
study gives the same bytes.
"""
