"""Diagrams in one hand, written into the page: vector drawings in the page's own text color.

They are sharp at any size, can be read in light and dark and on a phone, and carry a description
for those who do not see them.
"""

from vqtutor.plots.diagrams.drawing import Diagram
from vqtutor.plots.diagrams.hourglass import hourglass
from vqtutor.plots.diagrams.story import story

__all__ = ["Diagram", "hourglass", "story"]
