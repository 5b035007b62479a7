"""What made the data of the specs that have no measurements of their own: `python -m specs.generators.autoconversion`."""
