"""Whether the hub found what is true, kept what it got, and let out only what it might.

A program of its own (``python -m demo.verify``) that imports nothing of bidui: it reads the tables, the mail folder,
the vault's names, the policy's files and ``truth.jsonl``, and computes both sides of every comparison itself.
"""
