"""Short formulas in LaTeX, written with the signs that each language has words for."""

import re

_DELIMITERS = re.compile(r"^(?:\\[(\[]|\$\$?)|(?:\\[)\]]|\$\$?)$")
_SIGNS = {
    "times": "×", "cdot": "×", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠", "ne": "≠", "approx": "≈", "infty": "∞", "pi": "π", "to": "→", "rightarrow": "→",
    "sqrt": "√", "degree": "°", "circ": "°", "lt": "<", "gt": ">", "equiv": "=",
}  # fmt: skip
_DROPPED = frozenset({"left", "right", "quad", "qquad", "displaystyle", "cdots", "ldots", "dots"})
_NAMES = frozenset(
    {
        *("alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "sigma", "tau"),
        *("phi", "omega", "sin", "cos", "tan", "log", "ln", "exp", "max", "min", "Delta", "Omega"),
    }
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_SPACING = re.compile(r"\\[,;:! ]")


def signs_of(latex: str, *, over: str) -> str | None:
    """A formula in plain signs and letters; None if it cannot be said in a few words.

    Args:
        latex: with or without its delimiters.
        over: what is said between the two sides of a fraction.
    """
    text = _DELIMITERS.sub("", latex.strip())
    text = _DELIMITERS.sub("", text).strip()
    text = _TEXT.sub(r" \1 ", _SPACING.sub(" ", text))
    while (simpler := _FRACTION.sub(rf" \1 {over} \2 ", text)) != text:
        text = simpler
    unknown: list[str] = []

    def say(command: re.Match[str]) -> str:
        name = command[1]
        if name in _SIGNS:
            return f" {_SIGNS[name]} "
        if name in _NAMES:
            return f" {name} "
        if name not in _DROPPED:
            unknown.append(name)
        return " "

    text = _COMMAND.sub(say, text)
    if unknown or "\\" in text or "&" in text:
        return None
    text = re.sub(r"\^\{?\s*2\s*\}?(?![\d}])", "²", text)
    text = re.sub(r"\^\{?\s*3\s*\}?(?![\d}])", "³", text)
    if "^" in text:
        return None
    text = re.sub(r"_\{?(\w+)\}?", r" \1 ", text).replace("{", "").replace("}", "")
    text = re.sub(r"(?<=[A-Za-z])(?=[A-Za-z])(?<![a-z]{2})(?![a-z]{2})", " ", text)
    text = re.sub(r"\s*([=+<>≤≥≈≠×÷±→])\s*", r" \1 ", text)
    text = re.sub(r"(?<=[\w²³)]) ?[-−] ?(?=[\w(])", " − ", text)
    return " ".join(text.split())
