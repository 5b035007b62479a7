"""Text to tree, with every fault of a spec at once; and back to text in the one style of the language."""

from uqdsl.syntax.format import format_spec
from uqdsl.syntax.outline import outline
from uqdsl.syntax.parser import Parsed, parse

__all__ = ["Parsed", "format_spec", "outline", "parse"]
