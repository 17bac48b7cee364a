"""Dead letters, read, shown and put back: what both halves' commands do alike.

Each half says what is special to its letters in a `half.Half`.
"""
