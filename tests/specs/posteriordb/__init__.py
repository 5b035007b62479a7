"""The posteriors of posteriordb: densities by hand, programs against them, draws against the reference."""
