"""Every synthetic person is a canary: the places where no number, telephone or name may stand are read for all of them.

Each place is read a second time with people of our own planted in it, in every form, so that a silence means
something. A program of its own (``python -m demo.canaries``) that imports nothing of bidui.
"""

from demo.canaries.looking import checks

__all__ = ["checks"]
