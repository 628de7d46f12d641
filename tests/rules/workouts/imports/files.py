"""Small files in the shapes of exports, written by hand."""

STRONG = (
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
    "Workout Notes,RPE"
)
STRONG_2019 = (
    "Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes"
)
GERMAN = (
    "Datum,Workout-Name,Dauer,Name der Übung,Reihenfolge festlegen,Gewicht,Wiederh.,Entfernung,"
    "Sekunden,Notizen,Workout-Notizen,RPE"
)
STRONG_WORKOUT_NUMBER = (
    '"Workout #";"Date";"Workout Name";"Duration (sec)";"Exercise Name";"Set Order";"Weight (kg)";'
    '"Reps";"RPE";"Distance (meters)";"Seconds";"Notes";"Workout Notes"'
)
STRONG_UNITS = (
    "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance Unit;"
    "Seconds;Notes;Workout Notes;Workout Duration"
)
HEVY = (
    '"title","start_time","end_time","description","exercise_title","superset_id",'
    '"exercise_notes","set_index","set_type","weight_kg","reps","distance_km","duration_seconds",'
    '"rpe"'
)


def opened(*content, encoding="utf-8", size=7):
    """Return what opens a file of lines, or of bytes; it comes in small chunks."""
    data = b"".join(part if isinstance(part, bytes) else f"{part}\r\n".encode() for part in content)
    if encoding != "utf-8":
        data = data.decode("utf-8").encode(encoding)
    return lambda: (data[place : place + size] for place in range(0, len(data), size))
