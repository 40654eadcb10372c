"""The one store: Postgres. Engines by role, the fixed tables, the runner of bound SQL, the ledger."""
