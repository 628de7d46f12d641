"""What the sets of an exercise hold, by its measure."""

REP_TYPE_OF = {
    "weight_reps": "count",
    "reps": "count",
    "bodyweight_reps": "count",
    "assisted_reps": "count",
    "duration": "time",
    "weight_duration": "time",
    "distance_duration": "distance",
    "weight_distance": "distance",
}
"""The ``rep_type`` that follows from a measure: what the ``reps`` of a set count."""

MEASURES = [*REP_TYPE_OF]

LIKELY_MEASURE = {"count": "weight_reps", "time": "duration", "distance": "distance_duration"}
"""The measure of an exercise of which only the ``rep_type`` is known: it was written before there
were measures, or by an instance of that version."""
