"""Who is meant: tokens for direct identifiers, and candidates for rows that name nobody for certain (design, decisions 4, 8)."""
