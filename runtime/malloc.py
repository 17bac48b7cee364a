"""Give memory back to the system."""

import contextlib
import ctypes

M_MMAP_THRESHOLD = -3
"""Of glibc's <malloc.h>."""

LARGE_BYTES = 64 * 1024


def give_back_large_buffers() -> None:
    """Have what is larger than 64 KiB returned to the system when it is freed. No effect where there is no glibc.

    By itself glibc raises that size to 32 MiB as it meets large buffers, such as what a Kafka client fetches, and keeps
    the holes that they leave: a process that has read a long backlog stayed twice as large.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
