"""The page of a take-out that explains its files."""

from collections.abc import Iterable
from html import escape
from string import Template

_PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your data in Gym Tracker</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }
dt { font-weight: 600; margin-top: 1rem }
dd { margin: 0 }
</style>
</head>
<body>
<h1>Your data in Gym Tracker</h1>
<p>This is everything that the system holds of you, as it was on $day (UTC).</p>
<p>Each file is there twice, with the same things in it. Those that end in <code>.csv</code> are
tables, which any spreadsheet opens (UTF-8, with commas). A cell that a spreadsheet would take for a
formula has a <code>'</code> before it. Those that end in <code>.json</code> are for programs.</p>
<dl>
$files
</dl>
<p>Numbers of exercises and workouts (<code>exercise_id</code>, <code>workout_id</code>) mean the
same in all files. Moments are in UTC where they end in <code>Z</code>.</p>
</body>
</html>
"""
)
_FILE = Template(
    """<dt><a href="$name.csv">$name.csv</a>, <a href="$name.json">$name.json</a></dt>
<dd>$about</dd>"""
)


def make_page(about: Iterable[tuple[str, str]], day: str) -> str:
    """Return the page.

    Args:
        about: names of files without their endings, and what is in them.
        day: of the take-out.
    """
    files = [_FILE.substitute(name=escape(name), about=escape(text)) for name, text in about]
    return _PAGE.substitute(files="\n".join(files), day=day)
