"""Posteriors with published answers: where their files lie, their densities by hand, and how draws are compared."""
