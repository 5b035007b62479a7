"""uqdsl beside Stan, PyMC and hand-written NumPyro: see `__main__`, and the section of the README next door."""
