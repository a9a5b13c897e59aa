"""A host's explanation as one HTML file with nothing outside of it: bars in SVG, tables, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ...compute.operations.explain.hosts import HostExplained, Line
from ...compute.operations.explain.inside import Inner
from .bars import HISTORY, LEGEND, STYLES, UNITS, Bar, amount, measured, sold

WIDTH, HEIGHT = 960, 34

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2937; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e5e7eb }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.dim { color: #6b7280; font-size: .85rem } svg { display: block }
.bad { color: #b91c1c; font-weight: 600 } .key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 .9rem }
"""


def page(explained: HostExplained) -> str:
    """The whole file."""
    bars = [sold(explained, line) for line in explained.lines]
    found = measured(explained)
    state = ("up" if explained.alive else "down") + ("" if explained.enabled else ", disabled")
    parts = [
        f"<h1>{escape(explained.hostname)}</h1>",
        f'<p class="dim">{escape(explained.host_id)}, agent {state}</p>',
        *(_bar(bar) for bar in [*bars, *([found] if found else [])]),
        "" if found else '<p class="bad">The agent does not answer: nothing is measured.</p>',
        "<h2>Figures</h2>",
        _figures(explained.lines),
        "<h2>Claims</h2>",
        _claims(explained),
        "<h2>When a figure passed its limit</h2>",
        _passings(explained),
        f'<p class="dim">{escape(HISTORY.format(explained.history_since[:19]))}</p>' if explained.history_since else "",
        _list(
            "Overcommit that is granted",
            (f"{g.resource_class} × {g.ratio:g} until {g.until}: {g.reason}" for g in explained.grants),
        ),
        _list("Guests that no server is known for", (f"{g.name}: {g.memory_mb} MiB" for g in explained.unmanaged)),
        _list("Cells and devices", map(_inner, explained.inside)),
        _list("Findings", explained.findings),
    ]
    title = f"{escape(explained.hostname)} explained"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _inner(inner: Inner) -> str:
    held = ", ".join(f"{holder.piece} by {holder.name or holder.consumer_id}" for holder in inner.holders)
    sums = f"{inner.used} of {inner.total} {inner.resource_class} claimed, {inner.reserved} reserved"
    return f"{inner.provider or 'the host'}: {sums}" + (f"; held are {held}" if held else "")


def _bar(bar: Bar) -> str:
    at, pieces = 0.0, []
    keys: dict[str, tuple[str, int]] = {}
    for part in bar.parts:
        width, colour = part.amount * WIDTH / bar.whole, STYLES[part.style][0]
        told = f"{part.label}: {amount(part.amount, bar.unit)}"
        pieces.append(
            f'<rect x="{at:.1f}" y="14" width="{width:.1f}" height="{HEIGHT}" fill="{colour}" stroke="#fff">'
            f"<title>{escape(told)}</title></rect>"
        )
        if width > 8 * len(part.label) and part.style not in ("free", "cache"):
            pieces.append(f'<text x="{at + 6:.1f}" y="36" fill="#fff" font-size="13">{escape(part.label)}</text>')
        label = LEGEND.get(part.style, part.label)
        known = keys.get(label, (colour, 0))
        keys[label] = (known[0], known[1] + part.amount)
        at += width
    if bar.limit is not None:
        mark = min(bar.limit, bar.whole) * WIDTH / bar.whole
        anchor = "end" if mark > WIDTH / 2 else "start"
        pieces.append(f'<line x1="{mark:.1f}" y1="6" x2="{mark:.1f}" y2="{HEIGHT + 22}" stroke="#111827" stroke-width="2"/>')
        pieces.append(
            f'<text x="{mark - 4 if anchor == "end" else mark + 4:.1f}" y="11" font-size="11" text-anchor="{anchor}">limit</text>'
        )
    legend = "".join(
        f'<span class="key" style="background:{colour}"></span>{escape(label)} {amount(number, bar.unit)}'
        for label, (colour, number) in keys.items()
    )
    drawn = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 24}" width="100%" role="img" aria-label="{escape(bar.title)}">{"".join(pieces)}</svg>'
    )
    return f'<h2>{escape(bar.title)}</h2>{drawn}<p class="dim">{legend}</p>'


def _figures(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        unit = UNITS.get(line.resource_class, "")
        values = [amount(value, unit) for value in (line.total, line.reserved, line.own_use, line.unmanaged)]
        values += [f"{line.ratio:g}", amount(line.limit, unit), amount(line.used, unit)]
        bad = " bad" if line.free < 0 else ""
        cells = "".join(f'<td class="n">{value}</td>' for value in values) + f'<td class="n{bad}">{amount(line.free, unit)}</td>'
        told = "; ".join(
            f"{source.figure}: {source.source}" + (f", since {source.since[:19]} by {source.by}" if source.since else "")
            for source in line.sources
        )
        rows.append(f"<tr><td>{escape(line.resource_class)}</td>{cells}</tr>")
        rows.append(f'<tr><td colspan="9" class="dim">{escape(told)}</td></tr>')
    return _table(("", "total", "reserved", "own use", "unmanaged", "ratio", "limit", "claimed", "free"), rows)


def _claims(explained: HostExplained) -> str:
    rows = []
    for held in explained.claims:
        of = held.resources
        cells = [str(of.get("VCPU", 0)), amount(of.get("MEMORY_MB", 0), "MiB"), amount(held.overhead_mb, "MiB")]
        cells.append(amount(of.get("DISK_GB", 0), "GiB"))
        cells += ["–" if value is None else amount(value, "MiB") for value in (held.rss_mb, held.pss_mb)]
        who = escape(held.name) if held.owner != "unknown" else '<span class="bad">neither a server nor a move</span>'
        name = f'{who} <span class="dim">{escape(held.consumer_id)}</span>'
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        rows.append(f"<tr><td>{name}</td>{numbers}</tr>")
    return _table(("claim", "CPUs", "memory", "of it QEMU", "disk", "RSS", "PSS"), rows)


def _passings(explained: HostExplained) -> str:
    if not explained.passings:
        return "<p>None has, as far as the history goes.</p>"
    rows = [
        f"<tr><td>{escape(p.at[:19])}</td><td>{escape(p.resource_class)}</td><td>{p.used_before} of {p.limit_before}</td>"
        f'<td class="{_bad(p.over_now)}">{p.used} of {p.limit}</td><td>{escape(p.cause)}</td></tr>'
        for p in explained.passings
    ]
    return _table(("when", "what", "before", "after", "by"), rows)


def _bad(over: bool) -> str:
    return "bad" if over else ""


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    cells = "".join(f"<th class={'n' if at else 'name'}>{name}</th>" for at, name in enumerate(head))
    return f"<table><tr>{cells}</tr>{''.join(rows)}</table>"


def _list(title: str, items: Iterable[str]) -> str:
    found = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<h2>{title}</h2><ul>{found}</ul>" if found else ""
