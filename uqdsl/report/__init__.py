"""Pictures of a result: which there are, and how they are drawn. matplotlib is imported where the first is drawn."""

from uqdsl.report.pictures import (
    NAIVE,
    PICTURES,
    Picture,
    picture_of_assimilations,
    picture_of_comparison,
    pictures_of,
    pictures_of_assimilation,
    write_pictures,
)

__all__ = [
    "NAIVE",
    "PICTURES",
    "Picture",
    "picture_of_assimilations",
    "picture_of_comparison",
    "pictures_of",
    "pictures_of_assimilation",
    "write_pictures",
]
