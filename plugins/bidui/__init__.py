"""bidui (比对): monthly data sharing that keeps households from falling back into poverty."""
