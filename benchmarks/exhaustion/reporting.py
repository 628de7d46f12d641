"""The table of what the attacks did, printed at the end and kept in docs/security.md."""

from collections import Counter
from collections.abc import Iterable

from benchmarks.exhaustion.second import ALL, KINDS
from benchmarks.exhaustion.stage import LEAST_REST_MILLISECONDS, Result

HEADINGS = (
    "attack",
    "needs",
    "others' requests",
    "failed",
    "p50 ms",
    "p99 ms",
    "worst kind, p99 ms",
    "worst ms",
    "memory MiB, grown most",
    "others' memory MiB",
    "attacker got",
)
SHOWN_ANSWERS = 4
RESULTS: list[Result] = []
"""Of the tests."""


def table(results: Iterable[Result]) -> str:
    """Return the table in Markdown."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *map(_row, results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def told(answers: list[dict]) -> Counter:
    """Count answers by status, code and field."""
    return Counter((one["status"], one.get("code", ""), one.get("field", "")) for one in answers)


def _row(result: Result) -> tuple[str, ...]:
    rest, during = result.rest, result.during
    return (
        result.attack.words,
        result.attack.needs,
        str(len(during.samples)),
        _failures(during.failures),
        _change(rest.percentile(0.5), during.percentile(0.5)),
        _change(rest.percentile(0.99), during.percentile(0.99)),
        _worst_kind(result),
        f"{during.worst:.0f}",
        *_memory(result),
        _got(result) + (f"; ended: {', '.join(result.ended)}" if result.ended else ""),
    )


def _change(before: float, after: float) -> str:
    # at rest a login may not have been due
    return f"{before:.1f} → {after:.1f}" if before else f"? → {after:.1f}"


def _failures(failures: Counter) -> str:
    statuses = Counter()
    for (_, status), number in failures.items():
        statuses[status] += number
    each = ", ".join(f"{number} × {status or 'broken'}" for status, number in statuses.items())
    return f"{failures.total()} ({each})" if each else "0"


def _worst_kind(result: Result) -> str:
    def growth(kind: str) -> float:
        rest = max(result.rest.percentile(0.99, kind), LEAST_REST_MILLISECONDS[kind])
        return result.during.percentile(0.99, kind) / rest

    kind = max((*KINDS, ALL), key=growth)
    times = (noted.percentile(0.99, kind) for noted in (result.rest, result.during))
    return f"{kind} {_change(*times)}"


def _memory(result: Result) -> tuple[str, str]:
    rest, peak, after = result.memory_rest, result.memory_peak, result.memory_after
    most = max(peak, key=lambda name: peak[name] - rest[name], default=None)
    if most is None:
        return "", ""
    numbers = [rest[most], peak[most], *([after[most]] if most in after else [])]
    others = [name for name in peak if name != most and peak[name] > 1.2 * rest[name] + 1]
    shown = ", ".join(f"{name} {rest[name]:.0f} → {peak[name]:.0f}" for name in others)
    return f"{most} {' → '.join(f'{number:.0f}' for number in numbers)}", shown


def _got(result: Result) -> str:
    if isinstance(result.got, list):
        return _answers(result.got)
    return "; ".join(f"{name}: {_part(part)}" for name, part in result.got.items())


def _part(part: object) -> str:
    if isinstance(part, list):
        is_told = part and isinstance(part[0], dict)
        return _answers(part if is_told else [{"status": status} for status in part])
    return ", ".join(f"{k} {v}" for k, v in part.items()) if isinstance(part, dict) else str(part)


def _answers(answers: list[dict]) -> str:
    counted = told(answers).most_common(SHOWN_ANSWERS)
    return ", ".join(
        f"{number} × {' '.join(filter(None, (str(status or 'broken'), code, name)))}"
        for (status, code, name), number in counted
    )
