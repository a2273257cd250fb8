"""Bokeh's documents as JSON of the same bytes every time, and the script that draws them."""

import json
from collections.abc import Sequence
from typing import Any

from bokeh.document import Document
from bokeh.models import LayoutDOM
from bokeh.plotting import figure
from bokeh.resources import Resources

#: Of the page.
FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_INK, _LINE = "#1d2731", "#d8dee4"


def bokeh_script() -> str:
    """Return Bokeh's own script, licence included, to stand in a script element of a page."""
    script = Resources(mode="inline", components=["bokeh"]).js_raw[0]
    if "</script" in script.lower():
        raise ValueError("the script of this version of Bokeh cannot stand in a page")
    return script


def plain_figure(**options: Any) -> figure:
    """Return an empty figure in the page's font, as wide as its place, without a logo."""
    plot = figure(
        sizing_mode="stretch_width",
        tools="pan,wheel_zoom,box_zoom,reset",
        active_scroll=None,
        toolbar_location="above",
        background_fill_color="#ffffff",
        outline_line_color=_LINE,
        **options,
    )
    plot.toolbar.logo = None
    plot.grid.visible = False
    plot.axis.axis_label_text_font = plot.axis.major_label_text_font = FONT
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_font_size = "14px"
    plot.axis.axis_label_text_color = _INK
    plot.title.text_font, plot.title.text_font_size = FONT, "15px"
    plot.title.text_color = _INK
    return plot


def document_json(name: str, roots: Sequence[LayoutDOM]) -> dict[str, Any]:
    """Return a document of some figures as JSON.

    Bokeh numbers its models as they are made in a process; here they are numbered as they come.

    Parameters
    ----------
    name
        Begins the id of every model, and tells this document from others of a page.
    roots
        In the order of their places on the page.
    """
    document = Document()
    for root in roots:
        document.add_root(root)
    content = json.loads(json.dumps(document.to_json(deferred=False)))
    document.clear()
    content["title"] = ""
    return _renamed(content, _fresh_ids(content, name))


def _fresh_ids(content: Any, name: str) -> dict[str, str]:
    """Return a new id for every model, in the order in which the models come."""
    found: dict[str, str] = {}
    waiting = [content]
    while waiting:
        match waiting.pop():
            case dict() as part:
                if part.get("type") == "object" and "id" in part:
                    found.setdefault(part["id"], f"{name}-{len(found) + 1}")
                waiting += reversed(part.values())
            case list() as parts:
                waiting += reversed(parts)
    return found


def _renamed(content: Any, ids: dict[str, str]) -> Any:
    """Return the same content in which models, and what points to them, have other ids."""
    match content:
        case dict():
            return {
                key: ids.get(value, value)
                if key == "id" and isinstance(value, str)
                else _renamed(value, ids)
                for key, value in content.items()
            }
        case list():
            return [_renamed(value, ids) for value in content]
    return content
