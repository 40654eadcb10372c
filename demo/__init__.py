"""The parties' side of the demo: the services it runs on, the play and its verification."""
