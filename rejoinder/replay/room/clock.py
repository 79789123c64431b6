"""Times in words."""


def clock(t: float, *, decimals: int = 1) -> str:
    """Minutes and seconds: 1:07.3."""
    rounded = round(max(0.0, t), decimals)
    width = 3 + decimals if decimals else 2
    return f"{int(rounded // 60)}:{rounded % 60:0{width}.{decimals}f}"


def lag(seconds: float) -> str:
    """How much later: +1.30 s."""
    return f"{seconds:+.2f} s"
