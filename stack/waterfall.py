"""``gym trace``: a trace as a waterfall, for a terminal or as a page."""

import html
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime

from stack.traces import Span, Trace

LONGEST_NAME = 46
NARROWEST_BAR = 20
COLOURS = {
    "api-gateway": 36,
    "user-service": 35,
    "exercise-service": 33,
    "workout-service": 34,
    "analytics-service": 32,
    "notification-service": 37,
}
RED = 31
PAGE_COLOURS = {
    "api-gateway": "#0e7490",
    "user-service": "#a21caf",
    "exercise-service": "#b45309",
    "workout-service": "#1d4ed8",
    "analytics-service": "#15803d",
    "notification-service": "#be123c",
}
OTHER_COLOUR = "#525252"


def as_text(trace: Trace, width: int, coloured: bool) -> str:
    """Draw a trace as text.

    Args:
        trace: the trace.
        width: of the terminal, in characters.
        coloured: whether to use colours.
    """
    rows = [(span, _branches(last) + _shortened(span.name)) for span, last in trace.walk()]
    services = max(len(span.service) for span, _ in rows)
    names = min(max(len(name) for _, name in rows), LONGEST_NAME)
    bar = max(width - services - names - 24, NARROWEST_BAR)
    lines = [headline(trace), ""]
    for span, name in rows:
        colour = RED if span.failed else COLOURS.get(span.service, 0)
        drawn = _bar(trace, span, bar)
        if coloured:
            drawn = f"\033[{colour}m{drawn}\033[0m"
        line = f"{span.service:<{services}}  {name:<{names}.{names}}  {drawn} "
        lines.append(f"{line}{span.milliseconds:>9.1f} ms {_outcome(span)}".rstrip())
    return "\n".join(lines)


def headline(trace: Trace) -> str:
    """Return a one-line summary of a trace."""
    root = trace.roots[0]
    spans = [span for span, _ in trace.walk()]
    services = len({span.service for span in spans})
    parts = [
        root.attributes.get("request_id", ""),
        root.name,
        str(root.attributes.get("status", "")),
        f"{root.milliseconds:.1f} ms",
        f"{len(spans)} spans in {services} services over {(trace.end - trace.start) / 1e6:.1f} ms",
        _time(root),
    ]
    return "  ".join(part for part in parts if part)


def as_list(spans: Iterable[Span]) -> str:
    """Return a list of requests, one per line."""
    return "\n".join(
        f"{_time(span)}  {span.attributes.get('status', ''):>3}  {span.milliseconds:>8.1f} ms  "
        f"{span.attributes.get('request_id', ''):<20}  {span.name}"
        for span in spans
    )


def as_page(request_id: str, traces: Iterable[Trace]) -> str:
    """Return a self-contained HTML page."""
    body = "\n".join(itertools.chain.from_iterable(_section(trace) for trace in traces))
    title = html.escape(f"Trace of {request_id}")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #171717; background: #fff; }}
h1 {{ font-size: 1.25rem; }}
h2 {{ font-size: 1rem; font-weight: 600; margin-top: 2rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: 2px 8px; white-space: nowrap; vertical-align: top; }}
tr:nth-child(even) {{ background: #f5f5f5; }}
td.time {{ width: 55%; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.bar {{ position: relative; height: 1.2em; }}
.bar span {{ position: absolute; top: 2px; bottom: 2px; min-width: 2px; border-radius: 2px; }}
.failed {{ color: #b91c1c; font-weight: 600; }}
details {{ white-space: pre-wrap; }}
summary {{ white-space: nowrap; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def _section(trace: Trace) -> Iterable[str]:
    yield f"<h2>{html.escape(headline(trace))}</h2>"
    yield "<table><tr><th>service<th>what<th>when<th>ms<th>outcome</tr>"
    for span, last in trace.walk():
        yield _page_row(trace, span, len(last))
    yield "</table>"


def _page_row(trace: Trace, span: Span, depth: int) -> str:
    whole = max(trace.end - trace.start, 1)
    left = 100 * (span.start - trace.start) / whole
    width = 100 * (span.end - span.start) / whole
    colour = PAGE_COLOURS.get(span.service, OTHER_COLOUR)
    known = "\n".join(f"{key}: {value}" for key, value in span.attributes.items())
    name = html.escape(span.name)
    if known:
        name = f"<details><summary>{name}</summary>{html.escape(known)}</details>"
    return (
        f"<tr><td>{html.escape(span.service)}"
        f'<td style="padding-left: {8 + 18 * depth}px">{name}'
        f'<td class="time"><div class="bar"><span style="left: {left:.2f}%; width: {width:.2f}%; '
        f'background: {colour}"></span></div>'
        f'<td class="number">{span.milliseconds:.1f}'
        f'<td class="{"failed" if span.failed else ""}">{html.escape(_outcome(span))}</tr>'
    )


def _branches(last: tuple[bool, ...]) -> str:
    if not last:
        return ""
    *above, own = last
    return "".join("   " if done else "│  " for done in above) + ("└─ " if own else "├─ ")


def _bar(trace: Trace, span: Span, width: int) -> str:
    whole = max(trace.end - trace.start, 1)
    begin = min(int(width * (span.start - trace.start) / whole), width - 1)
    length = max(round(width * (span.end - span.start) / whole), 1)
    return (" " * begin + "█" * min(length, width - begin)).ljust(width)


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _outcome(span: Span) -> str:
    told = span.attributes.get("outcome") or span.attributes.get("status") or ""
    return "" if told == "OK" else str(told)


def _time(span: Span) -> str:
    moment = datetime.fromtimestamp(span.start / 1e9, UTC)
    return moment.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
