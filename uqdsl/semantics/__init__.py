"""From the tree to the IR: names, dimensions, kinds, supports; every pass a function from one value to the next."""

from uqdsl.semantics.analyse import Analysed, analyse

__all__ = ["Analysed", "analyse"]
