"""Pictures on the page that answer to the mouse: from tables to what Bokeh draws.

A picture is a JSON object: ``document`` is Bokeh's, with fixed texts alone; ``data`` is what
``workflow/report/interactive.js`` fills in, names and photographs among them. So no name is ever
part of a Bokeh model, which would read two dollar signs as a formula and fetch what sets it.
"""
