"""Diagrams in one hand, written into the page: vector drawings in the page's own text color.

They are sharp at any size, can be read in light and dark and on a phone, and carry a description
for those who do not see them.
"""

from vqtutor.plots.diagrams.codebook import codebook, pulls
from vqtutor.plots.diagrams.comparison import comparison
from vqtutor.plots.diagrams.coordinates import one_number, vector_and_grid
from vqtutor.plots.diagrams.devices import devices
from vqtutor.plots.diagrams.drawing import Diagram
from vqtutor.plots.diagrams.hourglass import hourglass
from vqtutor.plots.diagrams.ledger import ledger
from vqtutor.plots.diagrams.levels import levels
from vqtutor.plots.diagrams.masks import gated_layer, reading_order, two_streams
from vqtutor.plots.diagrams.posterior import gradient_paths, posterior
from vqtutor.plots.diagrams.probe import probe
from vqtutor.plots.diagrams.samplers import samplers
from vqtutor.plots.diagrams.story import story
from vqtutor.plots.diagrams.walks import between_codes, chord_and_arc

__all__ = [
    "Diagram",
    "between_codes",
    "chord_and_arc",
    "codebook",
    "comparison",
    "devices",
    "gated_layer",
    "gradient_paths",
    "hourglass",
    "ledger",
    "levels",
    "one_number",
    "posterior",
    "probe",
    "pulls",
    "reading_order",
    "samplers",
    "story",
    "two_streams",
    "vector_and_grid",
]
