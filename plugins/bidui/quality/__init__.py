"""The gate (质量关口): what a package's rows must satisfy before they are settled, checked by Great Expectations.

Imports of Great Expectations stand inside functions: it costs seconds, and no DAG file may pay for it.
"""
