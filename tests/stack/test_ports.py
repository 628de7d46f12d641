"""Ports: the wanted one, or the next that nobody has or wants."""

import socket

import pytest

from stack.failures import Failure
from stack.ports import choose, choose_anywhere, is_free


def test_what_is_free_is_given_as_wanted():
    wanted = {"gateway": 8080, "users": 8081}
    assert choose(wanted, free=lambda port: True) == wanted


def test_a_taken_port_gives_way_to_the_next_that_nobody_else_wants():
    wanted = {"users-db": 5433, "workout-db": 5434, "analytics-db": 5435}
    chosen = choose(wanted, free=lambda port: port != 5433)
    assert chosen == {"users-db": 5436, "workout-db": 5434, "analytics-db": 5435}


def test_two_replaced_ports_differ():
    chosen = choose({"gateway": 8080, "users": 8081}, free=lambda port: port > 8085)
    assert chosen == {"gateway": 8086, "users": 8087}


def test_a_port_that_is_given_away_is_not_chosen():
    assert choose({"users": 8081}, fixed=[8081, 8082], free=lambda port: True) == {"users": 8083}


def test_two_parts_that_want_the_same_port_get_two():
    chosen = choose({"gateway": 8080, "users": 8080}, free=lambda port: True)
    assert sorted(chosen.values()) == [8080, 8081]


def test_no_port_left_is_said():
    with pytest.raises(Failure, match="no port from 8080 on is free"):
        choose({"gateway": 8080}, free=lambda port: False)


def test_a_port_that_somebody_listens_on_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_ports_can_be_chosen_with_room_behind_each():
    def free(port):
        return port % 7 != 0

    names = ["users", "workouts", "analytics"]
    chosen = choose_anywhere(names, apart=4, free=free)
    assert list(chosen) == names
    taken = [port + further for port in chosen.values() for further in range(4)]
    assert len(set(taken)) == 12
    assert all(map(free, taken))


def test_no_room_for_a_part_is_said():
    with pytest.raises(Failure, match="no 4 ports in a row from"):
        choose_anywhere(["users"], apart=4, free=lambda port: port % 4 != 0)


def test_ports_of_tests_are_out_of_the_way_of_outgoing_connections():
    chosen = choose_anywhere(["redis", "gateway"])
    assert len(set(chosen.values())) == 2
    assert all(20000 <= port < 32768 for port in chosen.values())
