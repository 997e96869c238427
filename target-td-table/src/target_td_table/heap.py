"""Freed memory that is used again instead of being asked for again."""

_BLOCK_BYTES = 16 << 20


def keep_freed_blocks() -> None:
    """Let blocks up to 16 MiB come from memory that was freed before.

    glibc asks the system for every block above 128 KiB and gives it back when it is freed, until a
    bigger one has been freed; a block of input costs hundreds of page faults that way, a fifth of a
    load's CPU time. This one is never touched, so it takes no memory. Elsewhere it changes nothing.
    https://man7.org/linux/man-pages/man3/mallopt.3.html: M_MMAP_THRESHOLD
    """
    bytes(_BLOCK_BYTES)
