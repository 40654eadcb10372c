"""Use cases, one verb a module: plain functions that the command line, the tests and Airflow call alike."""
