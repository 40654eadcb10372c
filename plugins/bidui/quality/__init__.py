"""The gate (质量关口): what a package must satisfy before it is settled, checked by Great Expectations.

Imports of Great Expectations stand inside functions: it costs seconds, and no DAG file may pay for it.
"""
