"""Policy as data: ``include/`` loaded once into an immutable, validated PolicySet (design, section 2)."""
