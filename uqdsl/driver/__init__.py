"""The whole road, for the command and for Python: from the text of a spec to a result."""
