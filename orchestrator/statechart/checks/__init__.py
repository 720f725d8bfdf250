"""What can be wrong with a chart, one file per kind of trouble; each check yields problems as values."""
