"""``./gym import``: what a script meets, and a person at a terminal."""

import re

import pytest
from sqlalchemy import create_engine, text

from tests.services.databases import address_of
from tests.services.shell.terminal import at_terminal
from tests.services.workouts.imports.files import strong, text_of
from tests.stack.histories.command import ZONE, hevy, strong_days
from tests.waiting import eventually

pytestmark = pytest.mark.slow

BENCH, SQUAT = 1, 2
KNOWN = "Bench Press (Barbell)"
ASKED = "Shoulder Press"
LINE = strong("2025-03-01 10:00:00", (KNOWN, 80, 5), (KNOWN, 80, 5))
MANY = 1500


def asked_file():
    return text_of(LINE, strong("2025-03-03 10:00:00", (ASKED, 40, 8), (KNOWN, 80, 5)))


def start(gym, *arguments):
    return at_terminal(gym.line("import", *arguments), gym.environment)


# by itself


def test_what_is_known_is_imported_without_a_question(gym):
    done = gym.run("import", gym.write(hevy(KNOWN)), "--time-zone", ZONE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        "1 workout with 1 set, as hevy writes them, en",
        "  workouts: 1 new",
        "  exercises:",
        f"    {KNOWN}       1 set  Barbell Bench Press (words)",
    ]
    assert "Added 1 workout." in done.stdout
    assert "undo_import" in done.stdout
    assert "Reading: done" in done.stderr
    [workout] = gym.workouts()
    assert (workout["name"], workout["date"]) == ("Push", "2025-06-30")
    [found] = gym.imports()
    assert (found["status"], found["name"]) == ("applied", "history.csv")


def test_what_was_exported_comes_in_again_without_a_question(gym):
    assert gym.run("import", gym.write(hevy(KNOWN)), "--time-zone", ZONE).returncode == 0
    history = gym.directory / "history.json"
    assert gym.run("export", history).returncode == 0
    [workout] = gym.workouts()
    gym.rpc.workouts.delete(gym.user_id, workout["id"])
    done = gym.run("import", history)
    assert done.returncode == 0, done.stderr
    assert "Added 1 workout." in done.stdout
    [again] = gym.workouts()
    assert (again["name"], again["started_at"]) == (workout["name"], workout["started_at"])


def test_the_language_of_months_can_be_said(gym):
    file = gym.write(hevy(KNOWN).replace("Jun", "lip"))
    given = ["--time-zone", ZONE]
    done = gym.run("import", file, *given)
    assert done.returncode == 1
    assert "give one of them as language" in done.stderr
    assert gym.run("import", file, *given, "--language", "pl").returncode == 0
    [workout] = gym.workouts()
    assert workout["date"] == "2025-07-30"


def test_what_is_open_is_listed_with_the_options_that_decide_it(gym):
    done = gym.run("import", gym.write(asked_file()), "--weight-unit", "kg")
    assert done.returncode == 1
    assert "gym: nothing was imported; these options decide what is open:" in done.stderr
    assert "--time-zone ZONE" in done.stderr
    assert f"--map '{ASKED}='" in done.stderr
    assert "--new-for-unknown" in done.stderr
    assert "--weight-unit" not in done.stderr
    # a script begins again with the file
    assert gym.imports() == []
    assert gym.workouts() == []


def test_options_decide_it(gym):
    given = ["--weight-unit", "kg", "--time-zone", ZONE]
    done = gym.run("import", gym.write(asked_file()), *given, "--map", f"{ASKED}=Squat (Barbell)")
    assert done.returncode == 0, done.stderr
    [later, _] = sorted(gym.workouts(), key=lambda each: each["date"], reverse=True)
    found = gym.rpc.workouts.get(later["id"], gym.user_id)
    assert [each["exercise_id"] for each in found["exercises"]] == [SQUAT, BENCH]


def test_all_that_is_unknown_can_become_new(gym):
    given = ["--weight-unit", "kg", "--time-zone", ZONE, "--new-for-unknown", "--yes"]
    done = gym.run("import", gym.write(asked_file()), *given)
    assert done.returncode == 0, done.stderr
    [made] = gym.rpc.exercises.list(user_id=gym.user_id, mine="true")["items"]
    assert made["name"] == ASKED


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("Nothing", "--map Nothing: must be NAME=EXERCISE"),
        (f"{ASKED}=Shoulder Press", "no exercise is called Shoulder Press; it may be "),
        (f"{ASKED}=Gorilla Gravel", "no exercise is called Gorilla Gravel"),
        ("Unheard Of=1", "The file has no exercise of this name"),
    ],
)
def test_a_mapping_that_can_not_be(gym, mapping, said):
    given = ["--weight-unit", "kg", "--time-zone", ZONE, "--new-for-unknown", "--map", mapping]
    done = gym.run("import", gym.write(asked_file()), *given)
    assert done.returncode == 1
    assert said in done.stderr
    assert gym.imports() == []


def test_lines_with_faults_are_left_out_only_if_that_is_said(gym):
    broken = strong("2025-13-41 10:00:00", (KNOWN, 80, 5))
    file = gym.write(text_of(LINE, broken))
    given = ["--weight-unit", "kg", "--time-zone", ZONE]
    done = gym.run("import", file, *given)
    assert done.returncode == 1
    assert "lines that can't be read: 1\n    line 4: " in done.stdout
    assert "--faulty skip|refuse" in done.stderr
    done = gym.run("import", file, *given, "--faulty", "skip")
    assert done.returncode == 0, done.stderr
    assert len(gym.workouts()) == 1


def test_a_file_of_faults_alone_is_no_success(gym):
    file = gym.write(text_of(strong("2025-13-41 10:00:00", (KNOWN, 80, 5))))
    done = gym.run("import", file, "--weight-unit", "kg", "--time-zone", ZONE, "--faulty", "skip")
    assert done.returncode == 1
    assert "gym: nothing was imported, as no line without a fault is new" in done.stderr
    assert gym.imports() == []


def test_another_app_s_export_of_the_same_is_not_doubled_silently(gym):
    given = ["--time-zone", ZONE]
    assert gym.run("import", gym.write(hevy(KNOWN)), *given).returncode == 0
    later = gym.write(hevy(KNOWN, hour=21), "later.csv")
    done = gym.run("import", later, *given)
    assert done.returncode == 1
    assert "--likely-same skip|add" in done.stderr
    assert gym.run("import", later, *given, "--likely-same", "add").returncode == 0
    assert len(gym.workouts()) == 2


def test_the_same_file_again_brings_nothing(gym):
    file = gym.write(hevy(KNOWN))
    assert gym.run("import", file, "--time-zone", ZONE).returncode == 0
    done = gym.run("import", file, "--time-zone", ZONE)
    assert done.returncode == 0
    assert "Nothing in it is new." in done.stdout
    assert len(gym.imports()) == 1


def test_a_file_of_something_else_says_why_and_leaves_nothing(gym):
    done = gym.run("import", gym.write("Date,Kilometres\n2025-03-01,8\n"))
    assert done.returncode == 1
    (*_, line) = done.stderr.splitlines()
    assert line.startswith("gym: the file can't be imported: line 1: ")
    assert "Traceback" not in done.stderr
    assert gym.imports() == []


def test_a_file_that_is_too_large_is_refused(gym):
    row = b"x" * 1023 + b"\n"
    done = gym.run("import", gym.write(row * 1024 * 21))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("gym: size: A file must have at most ")
    assert gym.imports() == []


def test_what_is_not_there_is_told_in_a_line(gym, tmp_path):
    done = gym.run("import", tmp_path / "none.csv")
    assert done.returncode == 1
    assert done.stderr == f"gym: {tmp_path}/none.csv can't be read: No such file or directory\n"
    done = gym.run("import", gym.write(""))
    assert done.stderr == f"gym: {tmp_path}/history.csv is empty\n"
    gym.email = "nobody@example.com"
    done = gym.run("import", gym.write(hevy(KNOWN)))
    assert done.stderr == "gym: there is no account with the e-mail nobody@example.com\n"
    done = gym.run("import")
    assert done.stderr == "gym: name a file, or an import to go on with (--id)\n"


def test_a_unit_that_is_none_is_refused_before_anything_is_sent(gym):
    done = gym.run("import", gym.write(hevy(KNOWN)), "--weight-unit", "stone")
    assert done.returncode == 1
    assert done.stderr.startswith("gym: weight_unit: ")
    assert gym.imports() == []


# at a terminal


def test_a_person_is_asked_for_what_is_open(gym):
    with start(gym, gym.write(asked_file())) as terminal:
        terminal.read_until("The weight unit that the file does not tell (kg/lb)? ")
        terminal.type("stone\n")
        terminal.read_until("(kg/lb)? ")
        terminal.type("kg\n")
        terminal.read_until("In which time zone were the workouts, such as Europe/Berlin? ")
        terminal.type("Atlantis\n")
        terminal.read_until("There is no time zone Atlantis.")
        terminal.type(f"{ZONE}\n")
        shown = terminal.read_until("Number, n, or words to search for: ")
        assert f"{ASKED} (1 set) is" in shown
        assert "  1  " in shown
        assert "  n  a new exercise (weight_reps)" in shown
        terminal.type("xy\n")
        assert "at least 3" in terminal.read_until("Number, n, or words to search for: ")
        terminal.type("bench press\n")
        shown = terminal.read_until("Number, n, or words to search for: ")
        [number] = re.findall(r"(\d)  Barbell Bench Press\r", shown)
        terminal.type(f"{number}\n")
        terminal.read_until("Import this? [Y/n] ")
        terminal.type("\n")
        terminal.read_until("Added 2 workouts.")
        assert terminal.process.wait(30) == 0
    assert len(gym.workouts()) == 2
    # and the answer is kept
    found = gym.rpc.workouts.get_import(gym.user_id, gym.imports()[0]["id"])
    assert "ask" not in {name["why"] for name in found["names"]}


def test_a_person_who_says_no_can_go_on_later(gym):
    with start(gym, gym.write(hevy(KNOWN)), "--time-zone", ZONE) as terminal:
        terminal.read_until("Import this? [Y/n] ")
        terminal.type("n\n")
        shown = terminal.read_until("goes on with it")
        assert terminal.process.wait(30) == 1
    [number] = re.findall(r"waits as import (\d+); ./gym import --id \1 --email ", shown)
    assert gym.workouts() == []
    done = gym.run("import", "--id", number)
    assert done.returncode == 0, done.stderr
    assert "Added 1 workout." in done.stdout


def test_ctrl_c_during_an_apply_says_where_it_goes_on(gym):
    given = ["--weight-unit", "kg", "--time-zone", ZONE]
    with start(gym, gym.write(strong_days(MANY)), *given) as terminal:
        terminal.read_until("Import this? [Y/n] ")
        terminal.type("\n")
        terminal.read_until(f"/{MANY}")
        terminal.type("\x03")
        shown = terminal.read_until("shows how far it is.")
        terminal.read_until("gym: interrupted")
        assert terminal.process.wait(30) == 130
    assert "The import goes on in the background; " in shown
    [number] = re.findall(r"gym import --id (\d+)", shown)
    done = gym.run("import", "--id", number)
    assert done.returncode == 0, done.stderr
    assert f"Added {MANY:,} workouts." in done.stdout


def test_ctrl_c_at_a_question_keeps_the_import(gym):
    with start(gym, gym.write(asked_file())) as terminal:
        terminal.read_until("(kg/lb)? ")
        terminal.type("\x03")
        terminal.read_until("It waits as import ")
        assert terminal.process.wait(30) == 130
    assert [found["status"] for found in gym.imports()] == ["preview"]


def test_text_of_a_file_can_not_control_the_terminal(gym):
    done = gym.run("import", gym.write(hevy("Curl \x1b[2J\x1b[31mred")), "--time-zone", ZONE)
    assert "\x1b" not in done.stdout + done.stderr


def test_services_that_restart_meanwhile_are_waited_for(gym, system):
    given = ["--weight-unit", "kg", "--time-zone", ZONE]
    with start(gym, gym.write(strong_days(MANY)), *given) as terminal:
        terminal.read_until("Import this? [Y/n] ")
        terminal.type("\n")
        terminal.read_until(f"/{MANY}")
        system.kill("workouts")
        system.wait_ready(["workouts"])
        terminal.read_until(f"Added {MANY:,} workouts.")
        assert terminal.process.wait(30) == 0
    total = gym.rpc.workouts.list(gym.user_id)["total"]
    eventually(lambda: total == MANY)


def test_what_came_in_before_an_import_was_given_up_is_told(gym, system):
    assert gym.run("import", gym.write(hevy(KNOWN)), "--time-zone", ZONE).returncode == 0
    [found] = gym.imports()
    engine = create_engine(address_of(system, "workouts").url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE imports SET status = 'failed', error = :error WHERE id = :id"),
            {"error": '{"message": "An internal error"}', "id": found["id"]},
        )
    engine.dispose()
    done = gym.run("import", "--id", found["id"])
    assert done.returncode == 1
    assert "not all was imported: An internal error; 1 workout of it came in" in done.stderr
    assert f"n.rpc.workouts.undo_import({gym.user_id}, {found['id']})" in done.stderr


def test_the_language_of_a_file_that_was_sent_can_not_be_said(gym):
    done = gym.run("import", "--id", 1, "--language", "pl")
    assert done.returncode == 1
    assert "not with --id" in done.stderr
