"""Make the pictures in docs/pictures/ and the texts beside them: `make pictures`.

Needs Debian's chromium and pngquant, and Node.js; what npm brings is locked beside this file.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import runs  # noqa: E402

PICTURES = runs.ROOT / "docs" / "pictures"
STYLES = (HERE / "node_modules/github-markdown-css/github-markdown.css").read_text("utf-8")
FRAME = (HERE / "frame.css").read_text("utf-8")
MERMAID = HERE / "node_modules/mermaid/dist/mermaid.min.js"
SCHEMES = ("light", "dark")
_WIDTH = 960

# GitHub's icon of each kind of annotation, with its colour, and of each kind of alert.
_ANNOTATIONS = {
    "error": ("x-circle-fill", "light-dark(#d1242f, #f85149)"),
    "warning": ("alert", "light-dark(#9a6700, #d29922)"),
    "notice": ("info", "light-dark(#0969da, #4493f8)"),
}
_ALERTS = {
    "note": "info",
    "tip": "light-bulb",
    "important": "report",
    "warning": "alert",
    "caution": "stop",
}
_ALERT = re.compile(
    r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(?:<br />)?(.*?)</blockquote>",
    re.DOTALL,
)
# Colours of GitHub's terminal in the run log.
_THEMES = {
    "light": TerminalTheme(
        (255, 255, 255),
        (31, 35, 40),
        [
            *((36, 41, 47), (207, 34, 46), (17, 99, 41), (154, 103, 0)),
            *((9, 105, 218), (130, 80, 223), (27, 124, 131), (110, 119, 129)),
        ],
    ),
    "dark": TerminalTheme(
        (13, 17, 23),
        (230, 237, 243),
        [
            *((72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34)),
            *((88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)),
        ],
    ),
}
_SVG = """<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<rect width="{terminal_width}" height="{terminal_height}"
rx="8" fill="BACKGROUND" stroke="#8b949e66"/>
<g transform="translate(16, 12)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def page(inside: str, script: str = "", width: int = _WIDTH) -> str:
    """A page whose picture holds `inside`."""
    ready = "" if script else "data-ready"
    return (
        f"<!doctype html><meta charset='utf-8'><style>{STYLES}{FRAME}</style>"
        f"<div id='picture' style='width: {width}px' {ready}>{inside}</div>{script}"
    )


def summary(markdown: str) -> str:
    """A job summary, as GitHub shows it."""
    inside = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    inside = _ALERT.sub(_alert, inside)
    return page(f"<article class='markdown-body'>{inside}</article>")


def _alert(found: re.Match[str]) -> str:
    kind = found[1].lower()
    return (
        f"<div class='markdown-alert markdown-alert-{kind}'><p class='markdown-alert-title'>"
        f"{_icon(_ALERTS[kind])}{kind.capitalize()}</p><p>{found[2]}</div>"
    )


def _icon(name: str) -> str:
    """One of GitHub's icons."""
    file = HERE / f"node_modules/@primer/octicons/build/svg/{name}-16.svg"
    return file.read_text("utf-8").replace("<svg ", "<svg class='octicon' fill='currentColor' ", 1)


def annotations(listed: list[tuple[str, str, str]]) -> str:
    """Annotations, as the page of a run lists them."""
    return page("".join(_annotation(*each) for each in listed))


def _annotation(level: str, title: str, text: str) -> str:
    name, colour = _ANNOTATIONS[level]
    return (
        f"<div class='annotation'><span style='color: {colour}'>{_icon(name)}</span>"
        f"<div><b>{html.escape(title)}</b><span class='text'>{html.escape(text)}</span></div></div>"
    )


def diagram(source: str, scheme: str) -> str:
    """A diagram, drawn by Mermaid."""
    theme = {"theme": "dark" if scheme == "dark" else "default", "startOnLoad": False}
    script = (
        f"<script>{MERMAID.read_text('utf-8')}</script><script>"
        f"mermaid.initialize({json.dumps(theme)});"
        "mermaid.run().then(() => document.getElementById('picture').dataset.ready = '');</script>"
    )
    return page(f"<pre class='mermaid'>{html.escape(source)}</pre>", script, 1000)


def terminal(session: str, scheme: str) -> str:
    """A session on a terminal, as SVG."""
    background = "#{:02x}{:02x}{:02x}".format(*_THEMES[scheme].background_color)
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=96, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(session), soft_wrap=True)
    return console.export_svg(
        theme=_THEMES[scheme],
        code_format=_SVG.replace("BACKGROUND", background),
        unique_id="session",
    )


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    shown = runs.run_all()
    for name, text in shown.texts().items():
        (PICTURES / name).write_text(text, encoding="utf-8")
    drawn = {name: summary(markdown) for name, markdown in shown.summaries.items()}
    drawn["annotations"] = annotations(shown.annotations)
    pages = [(name, scheme, text) for name, text in drawn.items() for scheme in SCHEMES]
    pages += [
        (name, scheme, diagram(source, scheme))
        for name, source in shown.diagrams.items()
        for scheme in SCHEMES
    ]
    wanted = [
        {
            "html": text,
            "file": str(PICTURES / f"{name}-{scheme}.png"),
            "scheme": scheme,
            "width": 1100,
        }
        for name, scheme, text in pages
    ]
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder, "pictures.json")
        pictures.write_text(json.dumps(wanted), encoding="utf-8")
        subprocess.run(["node", HERE / "render.mjs", pictures], check=True)
    files = [picture["file"] for picture in wanted]
    subprocess.run(
        ["pngquant", "--force", "--strip", "--speed", "1", "--ext", ".png", "48", *files],
        check=True,
    )
    for scheme in SCHEMES:
        (PICTURES / f"terminal-{scheme}.svg").write_text(
            terminal(shown.session, scheme), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
