"""The words of the language that are not keywords: kinds, distributions, functions and methods, declared without JAX."""
