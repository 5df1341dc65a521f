"""Autoencoders, from one bottleneck to two levels of codes, in code that reads like the book.

Importing this package costs nothing: each part is imported by name, in the order of the story:
`vqtutor.data`, `vqtutor.models`, `vqtutor.train`, `vqtutor.sampling`, `vqtutor.experiments`,
`vqtutor.plots`.
"""

__version__ = "0.1.0"
