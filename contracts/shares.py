"""What many share, and how much of it one of them may hold."""

#: How many times as many as are left over one may hold: of 8 places 7, of 64 slots 49.
_TIMES = 3


def may_have_another(held: int, left: int) -> bool:
    """Whether someone who holds `held` of a resource of which `left` are free may have another one of it.

    The limit moves with what is left (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking
    6(2), 1998): one alone has most of it, a few who want all of it share it, and some is left for the next.
    """
    return left > 0 and held <= _TIMES * left
