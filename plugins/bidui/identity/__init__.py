"""Who is meant (design, decisions 4 and 8).

Tokens for direct identifiers, and candidates for rows that name nobody for certain.
"""
