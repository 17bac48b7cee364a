"""What SkyPortal must hold after a night, worked out from the published messages alone, and what it does hold.

Nothing of processor/, sink/, schemas/ or runtime/ is used: a second opinion, written from the surveys' definitions and
from what the product's documents promise.
"""

from demo.expectation.account import Account, compare
from demo.expectation.messages import expect
from demo.expectation.rows import Expected

__all__ = ["Account", "Expected", "compare", "expect"]
