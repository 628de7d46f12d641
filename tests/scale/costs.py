"""What requests cost two systems that are measured in turns."""

from statistics import median


def compared(title, rounds, digits):
    """Return the lines of a table: medians of the rounds without and with something.

    Args:
        title: stands above them.
        rounds: each with the figures of both systems, by their names.
        digits: after the point.
    """
    lines = [title]
    for figure in rounds[0][0]:
        without, through = (median(each[number][figure] for each in rounds) for number in (0, 1))
        ratio = f", {through / without:.2f} times" if without else ""
        lines.append(f"  {figure}: {without:.{digits}f}, {through:.{digits}f}{ratio}")
    return "\n".join(lines)
