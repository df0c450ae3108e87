"""Plots as SVG that stand inside a page: no script, no colour alone, a text alternative each; pure.

Lines and letters have the colour of the text around them, so they follow the page into the dark. What a mark means is told by
its shape. Figures may be anything that a float can be: what has no place on a scale is put at its end.
"""

from farm.web.plots.bars import Bar, bar_plot
from farm.web.plots.columns import Column, column_plot
from farm.web.plots.lines import Mark, Point, line_plot

__all__ = ["Bar", "Column", "Mark", "Point", "bar_plot", "column_plot", "line_plot"]
