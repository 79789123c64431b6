"""How the picture of a recorded room looks, in daylight and at night."""

_PEOPLE = (
    ("#2f6db3", "#7fb2ec"), ("#b3522f", "#f0a07e"), ("#2f8557", "#7fcfa2"),
    ("#8a4fa3", "#cf9fe4"), ("#8f6f16", "#dcbf6a"), ("#2b7f8c", "#7cc8d4"),
)  # fmt: skip
"""Of each person, on light and on dark ground; then from the first again."""
COLOURS = len(_PEOPLE)


def _inks(night: bool) -> str:
    inks = [f"--p{n}:{pair[night]}" for n, pair in enumerate(_PEOPLE, 1)]
    ground = (
        "--paper:#16181c;--ink:#e6e8eb;--faint:#9aa0a8;--line:#3a3f47;--level:#5b626c"
        if night
        else "--paper:#ffffff;--ink:#1d2126;--faint:#676e78;--line:#dfe2e6;--level:#b9bfc8"
    )
    return ";".join([ground, f"--p0:{'#9aa0a8' if night else '#676e78'}", *inks])


STYLE = "".join(
    [
        f":root{{{_inks(False)}}}",
        f"@media(prefers-color-scheme:dark){{:root{{{_inks(True)}}}}}",
        "text{font:10px system-ui,sans-serif;fill:var(--ink)}",
        ".small{font-size:9px;fill:var(--faint)}.name{font-weight:600;font-size:11px}",
        ".paper{fill:var(--paper)}.tick,.line{stroke:var(--line);fill:none}",
        ".level{stroke:var(--level);stroke-width:2;fill:none}",
        ".note{fill:var(--faint)}.lost{fill:none;stroke:#c62828;stroke-width:2}",
        *(f".p{n}{{--own:var(--p{n})}}" for n in range(COLOURS + 1)),
        ".name{fill:var(--own)}",
        ".clause{fill:var(--own);fill-opacity:.28;stroke:var(--own)}",
        ".saying{fill:var(--own);fill-opacity:.14;stroke:var(--own)}",
        ".dot{fill:var(--own)}.wait{stroke:var(--own);stroke-width:1;stroke-opacity:.6;fill:none}",
        ".link{stroke:var(--own);stroke-width:1.4;stroke-opacity:.75;fill:none}",
    ]
)
"""A style sheet."""
