"""The synthetic hub: people and files whose truth is known.

A leaf: it reads contracts and dictionaries, never a rule. ``make`` writes the files of every party and
``truth.jsonl``; ``include/synth/README.md`` explains the data that it follows.
"""

from bidui.synth.making import Summary, make
from bidui.synth.settings import Settings
from bidui.synth.source import SynthError

__all__ = ["Settings", "Summary", "SynthError", "make"]
