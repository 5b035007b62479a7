"""States that move in time, estimated from observations: one analysis a file, and the cycle that drives them."""
