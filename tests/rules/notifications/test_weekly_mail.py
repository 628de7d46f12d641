"""What the mail about a week says."""

from datetime import date

import pytest

from services.notifications.mail.mails import TEXTS
from services.notifications.rules.weekly_mail import MOST_EXERCISES, values

LINK = "https://gym.example.com/unsubscribe#token=1-x"


def record(exercise_id, kind, value, unit):
    return {
        "exercise_id": exercise_id,
        "exercise_name": f"Exercise {exercise_id}",
        "kind": kind,
        "value": value,
        "unit": unit,
    }


def summary(**fields):
    return {
        "week": "2026-W48",
        "start": "2026-11-23",
        "end": "2026-11-29",
        "workouts": {"value": 3, "goal": 4, "is_met": False, "previous": 2, "mean_of_four": 2.5},
        "volume": {"value": 12512.5, "previous": 9000, "mean_of_four": 0},
        "sets": {"value": 60, "previous": 40, "mean_of_four": 12.5},
        "minutes": {"value": 190, "previous": 0, "mean_of_four": 33.25},
        "muscles": [],
        "records": [],
        "streak": {"current": 1, "longest": 12},
        **fields,
    }


def muscle(name, sets, judged="below"):
    return {"muscle": name, "sets": sets, "judged": judged}


def test_numbers_are_those_of_the_week_and_the_week_before():
    found = values(summary(), None)
    assert (found["start"], found["end"]) == (date(2026, 11, 23), date(2026, 11, 29))
    assert found["volume"] == {"value": 12513, "previous": 9000, "mean_of_four": 0}
    assert (found["unit"], found["sets"]["value"]) == ("kg", 60)
    assert found["minutes"]["mean_of_four"] == 33


def test_weights_are_in_one_s_unit():
    records = [
        record(1, "max_weight", 100, "kg"),
        record(1, "best_e1rm", 250, "lb"),
        record(1, "max_reps", 5, "reps"),
        record(2, "fastest_pace", 299.6, "seconds_per_km"),
    ]
    found = values(summary(records=records), "lb")
    assert (found["unit"], found["volume"]["value"]) == ("lb", 27585)
    assert found["exercises"] == [
        {
            "name": "Exercise 1",
            "records": [
                {"kind": "max_weight", "value": 220.46, "unit": "lb"},
                {"kind": "best_e1rm", "value": 250, "unit": "lb"},
                {"kind": "max_reps", "value": 5, "unit": "reps"},
            ],
        },
        {
            "name": "Exercise 2",
            "records": [{"kind": "fastest_pace", "value": "5:00", "unit": "seconds_per_km"}],
        },
    ]
    as_logged = values(summary(records=records), None)["exercises"][0]["records"]
    assert [(each["value"], each["unit"]) for each in as_logged] == [
        (100, "kg"),
        (250, "lb"),
        (5, "reps"),
    ]


def test_bars_are_as_long_as_muscles_have_sets():
    muscles = [muscle("chest", 20, "within"), muscle("back", 12.5), muscle("calves", 0.01)]
    found = values(summary(muscles=muscles), None)["muscles"]
    assert [each["width"] for each in found] == [100, 63, 1]
    assert found[0] == {"name": "chest", "sets": 20, "judged": "within", "width": 100}


def test_very_many_records_are_counted():
    records = [record(number, "max_reps", 5, "reps") for number in range(MOST_EXERCISES + 3)]
    found = values(summary(records=records), None)
    assert (len(found["exercises"]), found["more_exercises"]) == (MOST_EXERCISES, 3)
    text = TEXTS.render("weekly_summary", **found, unsubscribe_link=LINK)
    for body in (text.plain, text.html):
        assert "and of 3 other exercises" in body


@pytest.mark.parametrize("unit", ["kg", "lb", None])
def test_text_and_html_say_the_same(unit):
    muscles = [muscle("chest", 20, "above"), muscle("back", 12.5, "within")]
    records = [record(1, "max_weight", 1000, "kg"), record(2, "longest", 61, "seconds")]
    found = values(summary(muscles=muscles, records=records), unit)
    text = TEXTS.render("weekly_summary", **found, unsubscribe_link=LINK)
    assert text.subject == "Your week: 3 of 4 workouts"
    for body in (text.plain, text.html):
        assert "From 23 November 2026 to 29 November 2026 (week 2026-W48)" in body
        assert f"{found['volume']['value']:,} {unit or 'kg'}" in body
        assert "12.5, within your range" in body
        assert "longest: 61 seconds" in body
        assert "{" not in body
        assert LINK in body
    assert 'width="200" height="14" bgcolor="#' in text.html
    assert "class=" not in text.html
    assert "<img" not in text.html
    assert "#" * 25 in text.plain


def test_without_muscles_and_records_nothing_is_said_of_them():
    text = TEXTS.render("weekly_summary", **values(summary(), None), unsubscribe_link=LINK)
    for body in (text.plain, text.html):
        assert "muscle" not in body
        assert "Records" not in body
    assert "\n\n\n" not in text.plain
    assert all(len(line) < 80 for line in text.plain.splitlines())


@pytest.mark.parametrize(("reason", "said"), [("gone", "(410)"), ("failing", "for a week")])
def test_the_mail_about_a_webhook_says_why(reason, said):
    text = TEXTS.render("webhook_disabled", webhook_id=4, host="example.com", reason=reason)
    assert text.subject == "Your webhook to example.com was disabled"
    for body in (text.plain, text.html):
        assert said in body
        assert "/api/webhooks/4" in body
        assert "{" not in body
    assert "\n\n\n" not in text.plain
    assert all(len(line) < 80 for line in text.plain.splitlines())
