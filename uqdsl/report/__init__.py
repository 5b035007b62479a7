"""Pictures of a result: which there are, and how they are drawn. matplotlib is imported where the first is drawn."""

from uqdsl.report.pictures import PICTURES, Picture, pictures_of, write_pictures

__all__ = ["PICTURES", "Picture", "pictures_of", "write_pictures"]
