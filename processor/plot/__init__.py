"""An alert's record beside its packet, as a picture: for people who want to see that both say the same."""

from processor.plot.picture import Unplottable, write

__all__ = ["Unplottable", "write"]
