"""Suites of cases made by others, run against the pure core and the formats; nothing depends on the name of a case."""
