"""An app of the tests: work for real worker processes."""
