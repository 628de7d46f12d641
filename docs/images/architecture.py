"""Draws docs/images/architecture.svg: the rooms of the code and what they import.

    .venv/bin/python docs/images/architecture.py

The floors are those that import-linter holds (setup.cfg), the words each package's own docstring.
An arrow says that some module of one room imports one of another; what follows from two other
arrows is left out. ``tests/rules/docs/test_architecture.py`` compares the picture with the code.
"""

import ast
import configparser
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

CHECKOUT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("architecture.svg")
CONTRACT = "importlinter:contract:floors"
STARTING = ["stack", "services.shell", "services.run"]
"""What starts the services stands above them; it finds them by name and imports none."""

WIDTH, MARGIN, GAP = 1000, 20, 16
FLOOR_GAP = 44
LINE = 15
CHARACTER = 6.6
"""Pixels: the height of a line of text, and the usual width of a character."""

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.name { font-weight: 600; font-size: 14px }
.inside { fill: #57606a; font-size: 11px }
.room { fill: #f6f8fa; stroke: #8c959f; rx: 6 }
.import { stroke: #57606a; fill: none; marker-end: url(#head) }
"""


@dataclass
class Room:
    """A package, or a module beside the packages.

    Attributes:
        name: as it is imported.
        floor: 0 is the topmost.
        purpose: the first paragraph of its docstring.
        inside: its packages and modules.
        imports: the names of the rooms that it imports.
    """

    name: str
    floor: int
    purpose: str
    inside: list[str]
    imports: set[str]


def floors() -> list[list[str]]:
    """Return the names of the rooms on each floor, the topmost floor first."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", "utf-8")
    layers = config[CONTRACT]["layers"].strip().splitlines()
    held = [[name.strip() for name in layer.replace("|", ":").split(":")] for layer in layers]
    return [STARTING, *held]


def rooms() -> list[Room]:
    """Return all rooms with what they import, as the code says it today."""
    by_floor = floors()
    names = [name for floor in by_floor for name in floor]
    found = []
    for number, floor in enumerate(by_floor):
        for name in floor:
            imported = {room_of(each, names) for each in imports_of(name)}
            found.append(
                Room(name, number, purpose_of(name), inside_of(name), imported - {name, None})
            )
    return found


def sources(name: str) -> list[Path]:
    """Return the Python files of a room; migrations import nothing of ours."""
    place = CHECKOUT / name.replace(".", "/")
    if place.is_dir():
        return [path for path in sorted(place.rglob("*.py")) if "migrations" not in path.parts]
    return [place.with_suffix(".py")]


def imports_of(name: str) -> Iterator[str]:
    """Yield the name of each module, or of each name in one, that a room imports."""
    for path in sources(name):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{each.name}" for each in node.names)
            elif isinstance(node, ast.Import):
                yield from (each.name for each in node.names)


def room_of(module: str, names: list[str]) -> str | None:
    """Return the room that a module lies in, or None if it is not ours."""
    return next((name for name in names if f"{module}.".startswith(f"{name}.")), None)


def purpose_of(name: str) -> str:
    """Return the first paragraph of a room's docstring as one line."""
    place = CHECKOUT / name.replace(".", "/")
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].replace("``", "").split())


def inside_of(name: str) -> list[str]:
    """Return the names of the packages, with a slash, and of the modules in a room."""
    place = CHECKOUT / name.replace(".", "/")
    if not place.is_dir():
        return []
    packages = sorted(path.parent.name + "/" for path in place.glob("*/__init__.py"))
    return packages + sorted(path.stem for path in place.glob("*.py") if path.stem != "__init__")


def reduced(all_rooms: list[Room]) -> list[tuple[str, str]]:
    """Return the imports that do not follow from others (the transitive reduction)."""
    direct = {room.name: room.imports for room in all_rooms}

    def reachable(name: str) -> set[str]:
        return direct[name].union(*map(reachable, direct[name]))

    return [
        (name, target)
        for name, targets in direct.items()
        for target in sorted(targets)
        if not any(target in reachable(other) for other in targets - {target})
    ]


@dataclass
class Box:
    """Where a room is drawn, and the lines of text in it."""

    x: float
    y: float
    width: float
    height: float
    lines: list[tuple[str, str]]


def lay_out(all_rooms: list[Room]) -> dict[str, Box]:
    """Place each floor's rooms side by side, and the floors below each other."""
    boxes = {}
    y = float(MARGIN)
    for number in range(all_rooms[-1].floor + 1):
        floor = [room for room in all_rooms if room.floor == number]
        width = (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) / len(floor)
        texts = [lines_of(room, width) for room in floor]
        height = LINE * max(map(len, texts)) + 16
        for column, (room, lines) in enumerate(zip(floor, texts, strict=True)):
            x = MARGIN + column * (width + GAP)
            boxes[room.name] = Box(x, y, width, height, lines)
        y += height + FLOOR_GAP
    return boxes


def lines_of(room: Room, width: float) -> list[tuple[str, str]]:
    """Return the lines of a room's box, each with its class of style."""
    characters = int((width - 16) / CHARACTER)
    purpose = wrap(room.purpose, characters)
    inside = wrap(", ".join(room.inside), characters)
    return [
        (room.name.replace(".", "/"), "name"),
        *((line, "purpose") for line in purpose),
        *((line, "inside") for line in inside),
    ]


def draw(all_rooms: list[Room]) -> str:
    """Return the picture."""
    boxes = lay_out(all_rooms)
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}">',
        f"<title>Rooms and imports</title><style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="white"/>',
        '<marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker>',
        # an arrow that skips a floor passes behind its rooms
        *draw_imports(reduced(all_rooms), boxes),
        *map(draw_box, boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def draw_box(box: Box) -> str:
    """Return a room's rectangle and text."""
    rectangle = (
        f'<rect class="room" x="{box.x:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}"/>'
    )
    text = (
        f'<text class="{style}" x="{box.x + 8:.1f}" y="{box.y + 20 + LINE * number:.1f}">'
        f"{escape(line)}</text>"
        for number, (line, style) in enumerate(box.lines)
    )
    return "\n".join((rectangle, *text))


def draw_imports(imports: list[tuple[str, str]], boxes: dict[str, Box]) -> Iterator[str]:
    """Yield an arrow for each import, spread over the upper edge of the room it points to."""
    for target in boxes:
        froms = [name for name, imported in imports if imported == target]
        for number, name in enumerate(froms, 1):
            above, below = boxes[name], boxes[target]
            x1 = above.x + above.width / 2
            x2 = below.x + below.width * number / (len(froms) + 1)
            y1, y2 = above.y + above.height, below.y
            middle = (y1 + y2) / 2
            yield (
                f'<path class="import" d="M{x1:.1f} {y1:.1f}'
                f'C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"/>'
            )


def upward(all_rooms: list[Room]) -> list[tuple[str, str]]:
    """Return the imports that lead to the same floor or to one above."""
    floor_of = {room.name: room.floor for room in all_rooms}
    return [
        (room.name, imported)
        for room in all_rooms
        for imported in room.imports
        if floor_of[imported] <= room.floor
    ]


def share_of_largest(all_rooms: list[Room]) -> tuple[str, float]:
    """Return the room with most lines, and its share of all lines."""
    lines = {
        room.name: sum(len(path.read_text("utf-8").splitlines()) for path in sources(room.name))
        for room in all_rooms
    }
    largest = max(lines, key=lines.__getitem__)
    return largest, lines[largest] / sum(lines.values())


if __name__ == "__main__":
    PICTURE.write_text(draw(rooms()), "utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(CHECKOUT)}\n")
