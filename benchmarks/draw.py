"""Draws build/bench/*.svg from what was measured: `make bench DRAW=1`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

# The same picture from the same figures, readable on white and on black.
mpl.rcParams |= {
    "svg.hashsalt": "asc-linker",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": "#808080",
    "axes.labelcolor": "#808080",
    "axes.edgecolor": "#808080",
    "xtick.color": "#808080",
    "ytick.color": "#808080",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
BARE, OURS = "bare imports", "asc-linker"
COLOURS = ("#2f81f7", "#9a6700", "#8250df", "#1a7f37", "#cf222e")
ONE = "one target, "


def main() -> int:
    """Draw what the file of samples has."""
    file = Path(sys.argv[1])
    measured: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if any(what.startswith(ONE) for what in measured):
        one(measured, file.with_name("one-target.svg"))
    if "500 targets" in measured:
        many(measured, file.with_name("many-targets.svg"))
    return 0


def one(measured: dict[str, Any], file: Path) -> None:
    """Bars for each distance, from start to end."""
    parts = {what: each for what, each in measured.items() if what.startswith(ONE)}
    names = list(dict.fromkeys(name for each in parts.values() for name in each["programs"]))
    names.remove(BARE)
    names.sort(key=lambda name: name != OURS)
    figure, axes = plt.subplots(figsize=(7.2, 0.9 + 0.28 * len(parts) * (len(names) + 1)))
    height = 0.8 / len(names)
    for at, each in enumerate(parts.values()):
        for nth, name in enumerate(names):
            if name not in each["programs"]:
                continue
            took = median(sample["seconds"] for sample in each["programs"][name])
            y = at + (nth - (len(names) - 1) / 2) * height
            label = name if at == 0 else None
            axes.barh(y, took, height * 0.9, color=COLOURS[nth % len(COLOURS)], label=label)
            axes.text(took + 0.01, y, f"{took:.2f} s", va="center", fontsize=8)
    axes.set_yticks(range(len(parts)), [what.removeprefix(ONE) for what in parts])
    axes.invert_yaxis()
    axes.set_xlabel(f"seconds, start to end\n{next(iter(parts.values()))['on']}", fontsize=8)
    axes.set_ylabel("a request takes")
    axes.margins(x=0.08)
    above = (0.0, 1.0)
    axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=above, ncols=len(names))
    save(figure, file)


def many(measured: dict[str, Any], file: Path) -> None:
    """Seconds and memory over the number of targets."""
    found = {
        int(what.split()[0]): each["programs"][OURS]
        for what, each in measured.items()
        if what.endswith(" targets") and what.split()[0].isdigit()
    }
    counts = sorted(found)
    took = [median(sample["seconds"] for sample in found[count]) for count in counts]
    peak = [max(sample["peak_mb"] for sample in found[count]) for count in counts]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.6))
    for axes, values, unit in ((left, took, "seconds"), (right, peak, "MB at the most")):
        axes.plot(counts, values, marker="o", color=COLOURS[0])
        axes.set_xlabel("targets")
        axes.set_title(unit, fontsize=10)
        axes.set_ylim(bottom=0)
        for count, value in zip(counts, values, strict=True):
            axes.annotate(
                f"{value:.0f}",
                (count, value),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    save(figure, file)


def save(figure: Any, file: Path) -> None:
    """Without a date, so that the same figures are the same file."""
    figure.tight_layout()
    figure.savefig(file, transparent=True, metadata={"Date": None})
    plt.close(figure)
    print(f"drawn: {file}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
