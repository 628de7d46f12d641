"""Statements with named values, as PostgreSQL prepares them."""

from services.transport.postgres.statements import Statement


def test_names_become_places_in_order_of_their_first_appearance():
    statement = Statement("SELECT a FROM t WHERE b = :second AND c = :first OR d = :second")
    assert statement.text == "SELECT a FROM t WHERE b = $1 AND c = $2 OR d = $1"
    assert statement.names == ("second", "first")
    assert statement.execution.endswith("(%(second)s, %(first)s)")


def test_casts_and_times_of_day_are_no_names():
    statement = Statement("SELECT to_char(:day::date, 'HH24:MI:SS') FROM t")
    assert statement.text == "SELECT to_char($1::date, 'HH24:MI:SS') FROM t"
    assert statement.names == ("day",)


def test_the_same_text_has_the_same_name_and_another_one_another():
    assert Statement("SELECT 1").name == Statement("SELECT  1").name
    assert Statement("SELECT 1").name != Statement("SELECT 2").name


def test_a_trace_says_what_is_done_to_which_table():
    assert Statement("SELECT a FROM workouts").title == "SQL SELECT workouts"
    assert Statement("WITH x AS (INSERT INTO workouts DEFAULT VALUES) SELECT 1").title == (
        "SQL WITH workouts"
    )


def test_what_is_not_prepared_is_sent_with_its_values():
    statement = Statement("SELECT a FROM t\n WHERE b % :word AND c = :word", prepared=False)
    assert statement.execution == "SELECT a FROM t WHERE b %% %(word)s AND c = %(word)s"
    assert statement.text == "SELECT a FROM t WHERE b % $1 AND c = $1"
    assert Statement("SELECT 5 % 3", prepared=False).execution == "SELECT 5 % 3"
