"""How fast vqtutor is beside its peers, measured in one run: see `python -m benchmarks --help`.

Only ratios carry over from one machine to another, so only ratios have targets. They are taken
pair by pair, A B A B …: whatever slows the machine down for a while slows both.
"""
