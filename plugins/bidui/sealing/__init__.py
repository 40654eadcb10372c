"""Envelopes and keys: everything that encrypts, signs, opens or derives.

It works on bytes and knows no dataset, no party and no clock.

``machine``, ``workbook`` and ``aeszip`` are the three envelopes that leave or reach a hub, ``vault`` is the
one it keeps. Every fault is a :class:`~bidui.sealing.errors.SealError` with a code from one closed list.
"""
