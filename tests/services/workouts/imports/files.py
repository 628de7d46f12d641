"""Sending files, and waiting for what becomes of them."""

import base64

from tests.rules.workouts.imports.files import STRONG
from tests.waiting import eventually

PIECE = 256 * 1024
ZONE = "Europe/Berlin"
GIVEN = {"weight_unit": "kg", "distance_unit": "km", "time_zone": ZONE}
BENCH, SQUAT, PULL_UP, RUNNING, PLANK = 1, 2, 4, 5, 6
MAPPING = {"Bench Press (Barbell)": BENCH, "Squat (Barbell)": SQUAT, "Plank": PLANK}
SECONDS = 60


def strong(start, *sets, name="Legs", duration="1h"):
    """Return the rows of a workout of Strong.

    Args:
        start: by the clock.
        sets: of each the exercise, the weight, the repetitions and maybe the seconds.
    """
    rows, place, last = [], 0, None
    for exercise, weight, reps, *more in sets:
        place, last = (place + 1 if exercise == last else 1), exercise
        seconds = (*more, 0)[0]
        rows.append(f"{start},{name},{duration},{exercise},{place},{weight},{reps},0,{seconds},,,")
    return rows


def text_of(*workouts, header=STRONG):
    """Return a file of workouts, each of which is a list of rows."""
    return "\n".join([header, *(row for workout in workouts for row in workout), ""])


class Imports:
    """The imports of a user, over RPC."""

    def __init__(self, rpc, user_id):
        self.rpc = rpc.workouts
        self.user_id = user_id

    def begin(self, **options):
        return self.rpc.begin_import(self.user_id, options)["id"]

    def send(self, text, **options):
        """Send a file, and return the id of its import."""
        import_id = self.begin(**options)
        data = text if isinstance(text, bytes) else text.encode()
        pieces = [data[place : place + PIECE] for place in range(0, len(data), PIECE)]
        for number, piece in enumerate(pieces):
            content = base64.b64encode(piece).decode()
            self.rpc.add_to_import(self.user_id, import_id, number, content)
        self.rpc.end_upload(self.user_id, import_id, len(pieces), len(data))
        return import_id

    def get(self, import_id):
        return self.rpc.get_import(self.user_id, import_id)

    def wait(self, import_id, *statuses, seconds=SECONDS):
        """Wait for one of some statuses, and return the import."""

        def found():
            current = self.get(import_id)
            return current if current["status"] in statuses else None

        return eventually(found, seconds)

    def read(self, text, **options):
        """Send a file, and return its import when it was read."""
        return self.wait(self.send(text, **options), "preview", "failed")

    def map(self, import_id, **more):
        """Map all names of an import: those of a file's own, others to new exercises."""
        names = [each["name"] for each in self.get(import_id)["names"]]
        mapping = {name: more.get(name, MAPPING.get(name, "new")) for name in names}
        return self.rpc.map_import(self.user_id, import_id, mapping)

    def apply(self, import_id, **options):
        """Apply an import, and return it when that was done."""
        self.rpc.apply_import(self.user_id, import_id, options)
        return self.wait(import_id, "applied", "failed", "preview")

    def bring(self, text, **options):
        """Send a file, map its names and apply it."""
        import_id = self.read(text, **GIVEN)["id"]
        self.map(import_id)
        return self.apply(import_id, **options)

    def undo(self, import_id, force=False):
        self.rpc.undo_import(self.user_id, import_id, force)
        return self.wait(import_id, "undone", "failed")
