"""Models of specs that are written in JAX, as `extern` functions."""
