"""What columns are called, by the language of the app that wrote the file.

Hevy's are English in every language. Strong's are translated; those of the German, French and
Chinese app are known from files, the others are likely ones, so a header that is not among them is
recognised by the places of its columns (:mod:`services.workouts.imports.reading.layouts`).
"""

import re
import unicodedata

from services.workouts.imports.reading.units import DISTANCES, WEIGHTS

ENGLISH = "en"

HEADER_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    ENGLISH: {
        "number": ("workout #", "workout no"),
        "start": ("date", "start_time"),
        "end": ("end_time",),
        "name": ("workout name", "title"),
        "duration": ("duration", "workout duration"),
        "workout_notes": ("workout notes", "description"),
        "exercise": ("exercise name", "exercise_title"),
        "superset": ("superset_id",),
        "exercise_notes": ("exercise_notes",),
        "order": ("set order", "set_index"),
        "set_type": ("set_type",),
        "weight": ("weight", "kg", "lb", "lbs"),
        "weight_unit": ("weight unit",),
        "reps": ("reps", "repetitions"),
        "distance": ("distance", "km", "mi", "miles"),
        "distance_unit": ("distance unit",),
        "seconds": ("seconds", "duration_seconds"),
        "notes": ("notes",),
        "rpe": ("rpe",),
    },
    "de": {
        "start": ("datum",),
        "name": ("workout-name", "trainingsname", "name des workouts"),
        "duration": ("dauer", "workout-dauer"),
        "workout_notes": ("workout-notizen", "trainingsnotizen"),
        "exercise": ("name der übung", "übungsname", "übung"),
        "order": ("reihenfolge festlegen", "satzreihenfolge", "satz-reihenfolge"),
        "weight": ("gewicht",),
        "weight_unit": ("gewichtseinheit",),
        "reps": ("wiederh.", "wiederholungen", "wdh."),
        "distance": ("entfernung", "distanz", "strecke"),
        "distance_unit": ("entfernungseinheit", "distanzeinheit"),
        "seconds": ("sekunden",),
        "notes": ("notizen",),
    },
    "fr": {
        "name": ("nom de l'entraînement", "nom d'entraînement", "nom de la séance"),
        "duration": ("durée", "durée de l'entraînement"),
        "workout_notes": ("notes d'entraînement", "notes de l'entraînement"),
        "exercise": ("nom de l'exercice", "exercice"),
        "order": ("ordre de la série", "ordre des séries", "définir l'ordre"),
        "weight": ("poids",),
        "weight_unit": ("unité de poids",),
        "reps": ("réps", "répétitions"),
        "distance_unit": ("unité de distance",),
        "seconds": ("secondes",),
    },
    "es": {
        "start": ("fecha",),
        "name": ("nombre del entrenamiento", "nombre de entrenamiento"),
        "duration": ("duración", "duración del entrenamiento"),
        "workout_notes": ("notas del entrenamiento", "notas de entrenamiento"),
        "exercise": ("nombre del ejercicio", "nombre de ejercicio", "ejercicio"),
        "order": ("orden de la serie", "orden de las series", "establecer orden"),
        "weight": ("peso",),
        "weight_unit": ("unidad de peso",),
        "reps": ("repeticiones",),
        "distance": ("distancia",),
        "distance_unit": ("unidad de distancia",),
        "seconds": ("segundos",),
        "notes": ("notas",),
    },
    "pt": {
        "start": ("data",),
        "name": ("nome do treino", "nome de treino"),
        "duration": ("duração", "duração do treino"),
        "workout_notes": ("notas do treino", "notas de treino", "observações do treino"),
        "exercise": ("nome do exercício", "exercício"),
        "order": ("ordem da série", "ordem das séries", "definir ordem"),
        "weight_unit": ("unidade de peso",),
        "reps": ("repetições",),
        "distance": ("distância",),
        "distance_unit": ("unidade de distância",),
        "seconds": ("segundos",),
        "notes": ("observações",),
    },
    "it": {
        "name": ("nome allenamento", "nome dell'allenamento"),
        "duration": ("durata", "durata allenamento"),
        "workout_notes": ("note allenamento", "note dell'allenamento"),
        "exercise": ("nome esercizio", "nome dell'esercizio", "esercizio"),
        "order": ("ordine serie", "ordine della serie", "imposta ordine"),
        "weight_unit": ("unità di peso",),
        "reps": ("ripetizioni",),
        "distance": ("distanza",),
        "distance_unit": ("unità di distanza",),
        "seconds": ("secondi",),
        "notes": ("note",),
    },
    "nl": {
        "name": ("naam workout", "naam van workout", "naam training", "workoutnaam"),
        "duration": ("duur", "workoutduur"),
        "workout_notes": ("workoutnotities", "trainingsnotities"),
        "exercise": ("naam oefening", "naam van oefening", "oefening"),
        "order": ("setvolgorde", "volgorde van sets", "volgorde instellen"),
        "weight_unit": ("gewichtseenheid",),
        "reps": ("herhalingen",),
        "distance": ("afstand",),
        "distance_unit": ("afstandseenheid",),
        "seconds": ("seconden",),
        "notes": ("notities",),
    },
    "ru": {
        "start": ("дата",),
        "name": ("название тренировки", "имя тренировки"),
        "duration": ("длительность", "продолжительность"),
        "workout_notes": ("заметки о тренировке", "заметки к тренировке", "заметки тренировки"),
        "exercise": ("название упражнения", "имя упражнения", "упражнение"),
        "order": ("порядок подходов", "порядок сетов", "порядок подхода"),
        "weight": ("вес",),
        "weight_unit": ("единица веса",),
        "reps": ("повторения", "повторы", "повт."),
        "distance": ("расстояние", "дистанция"),
        "distance_unit": ("единица расстояния",),
        "seconds": ("секунды",),
        "notes": ("заметки",),
    },
    "ja": {
        "start": ("日付",),
        "name": ("ワークアウト名",),
        "duration": ("時間", "所要時間"),
        "workout_notes": ("ワークアウトメモ", "ワークアウトのメモ"),
        "exercise": ("エクササイズ名", "種目名"),
        "order": ("セット順", "セットの順序"),
        "weight": ("重量", "重さ"),
        "reps": ("回数", "レップ数"),
        "distance": ("距離",),
        "seconds": ("秒", "秒数"),
        "notes": ("メモ",),
    },
    "zh": {
        "start": ("日期",),
        "name": ("锻炼名称", "训练名称"),
        "duration": ("时长", "持续时间"),
        "workout_notes": ("锻炼备注", "训练备注"),
        "exercise": ("运动名称", "动作名称"),
        "order": ("设置顺序", "组序"),
        "weight_unit": ("重量单位",),
        "reps": ("次", "次数"),
        "distance": ("距离",),
        "distance_unit": ("距离单位",),
        "notes": ("备注",),
    },
}
"""For each language the names of what a column means; one that is like another's stands there."""

_UNITS = WEIGHTS | DISTANCES
_WITH_UNIT = re.compile(
    r"(?P<name>.*?)(?: \((?P<bracket>[^)]*)\)|_(?P<suffix>kgs?|lbs?|km|miles|meters))"
)


def meaning_of(cell: str) -> tuple[str, str] | None:
    """Return what a column means, as a key of :data:`HEADER_NAMES`, and the language of its name.

    Args:
        cell: of the header, such as ``Weight (kg)``; None is returned if its name is not known.
    """
    name = _normal(cell)
    parts = _WITH_UNIT.fullmatch(name)
    return _MEANINGS.get(_key(name)) or (_MEANINGS.get(_key(parts["name"])) if parts else None)


def unit_of(cell: str) -> str | None:
    """Return the unit of :mod:`units` that a header's cell names, None if it names none."""
    name = _normal(cell)
    parts = _WITH_UNIT.fullmatch(name)
    return _UNITS.get((parts["bracket"] or parts["suffix"]) if parts else name)


def _normal(cell: str) -> str:
    folded = unicodedata.normalize("NFKC", cell).casefold().replace("’", "'")
    return " ".join(folded.split())


def _key(name: str) -> str:
    return name.replace("-", " ").rstrip(".")


_MEANINGS = {
    _key(variant): (meaning, language)
    # a name that two languages share is the first one's
    for language, names in reversed(HEADER_NAMES.items())
    for meaning, variants in names.items()
    for variant in variants
}
