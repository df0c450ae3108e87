"""Rounding of widths that were multiplied by a factor."""


def make_divisible(value: float, divisor: int = 8) -> int:
    """``value`` rounded to a multiple of ``divisor``, up where rounding down would lose more than a tenth.

    As in the MobileNet papers' own code, so that scaled networks have the published widths.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * value else rounded + divisor
