"""Metrics: what runs is counted, and whatever the dashboard and the alerts ask for exists."""

import json
import re
import secrets
from pathlib import Path

import pytest
import requests
import yaml

from tests.waiting import eventually

SERVICES = ("gateway", "users", "exercises", "workouts", "analytics", "notifications")
GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
METRIC = re.compile(r"\b(?:gym|process)_[a-z_]+")
LABELLED = re.compile(r"\b((?:gym|process)_[a-z_]+)\{([^}]*)\}")
GIVEN_BY_PROMETHEUS = {"job", "instance", "service"}
SAMPLE = re.compile(r"^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$")


def read(system, service):
    """All samples of a service's page: [(name, labels, value)]."""
    answer = requests.get(f"http://{system.address(service)}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    samples = (SAMPLE.match(line) for line in answer.text.splitlines() if line[:1] != "#")
    return [
        (sample[1], dict(re.findall(r'(\w+)="([^"]*)"', sample[2] or "")), float(sample[3]))
        for sample in samples
    ]


def value(system, service, name, **labels):
    """The sum of the samples that have these labels."""
    return sum(
        number
        for found, its, number in read(system, service)
        if found == name and labels.items() <= its.items()
    )


@pytest.fixture(scope="module")
def token(system):
    body = {"email": f"{secrets.token_hex(6)}@example.com", "password": "long enough"}
    answer = requests.post(f"{system.url}/api/users/register", json=body, timeout=30)
    token = answer.json()["data"][0]["token"]
    workout = {"date": "2026-01-02", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
    headers = {"Authorization": f"Bearer {token}"}
    logged = requests.post(f"{system.url}/api/workouts", json=workout, headers=headers, timeout=30)
    assert logged.status_code == 201
    return token


def test_requests_are_counted_by_route_method_and_status(system, token):
    labels = {"route": "/api/workouts", "method": "GET", "status": "401"}
    before = value(system, "gateway", "gym_http_request_seconds_count", **labels)
    requests.get(f"{system.url}/api/workouts", timeout=10)
    after = value(system, "gateway", "gym_http_request_seconds_count", **labels)
    assert after == before + 1


def test_made_up_methods_and_paths_make_no_series(system):
    path = secrets.token_hex(8)
    requests.request(path.upper(), f"{system.url}/{path}", timeout=10)
    page = requests.get(f"{system.url}/metrics", timeout=10).text
    assert path not in page.lower()


def test_rpcs_are_counted_on_both_sides(system, token):
    headers = {"Authorization": f"Bearer {token}"}
    served = {"method": "get", "outcome": "NOT_FOUND"}
    called = served | {"callee": "workout-service"}
    before = (
        value(system, "workouts", "gym_rpc_served_seconds_count", **served),
        value(system, "gateway", "gym_rpc_call_seconds_count", **called),
    )
    requests.get(f"{system.url}/api/workouts/999999999", headers=headers, timeout=10)
    after = (
        value(system, "workouts", "gym_rpc_served_seconds_count", **served),
        value(system, "gateway", "gym_rpc_call_seconds_count", **called),
    )
    assert after == (before[0] + 1, before[1] + 1)


def test_an_events_way_is_timed(system, token):
    labels = {"event_type": "workout_created"}
    assert value(system, "gateway", "gym_events_dispatched_total", **labels, outcome="OK") >= 1
    eventually(lambda: value(system, "analytics", "gym_event_lag_seconds_count", **labels) >= 1)
    assert value(system, "analytics", "gym_event_lag_seconds_sum", **labels) < 60


def test_the_feeds_follower_says_that_it_has_caught_up(system, token):
    for service in ("analytics", "notifications"):
        for metric in ("gym_feed_caught_up_timestamp_seconds", "gym_feed_position"):
            eventually(lambda service=service, metric=metric: value(system, service, metric) > 0)


def test_pools_and_connections_are_shown(system):
    assert value(system, "workouts", "gym_database_connections", state="idle") >= 1
    assert value(system, "workouts", "gym_database_connections_limit") >= 1
    assert value(system, "gateway", "gym_broker_connected", purpose="publishing") == 1
    assert value(system, "gateway", "gym_breaker_state") == 0


def test_reads_from_the_cache_are_counted(system, rpc):
    before = value(system, "exercises", "gym_cache_reads_total", outcome="hit")
    for _ in range(2):
        rpc.exercises.get(1)
    assert value(system, "exercises", "gym_cache_reads_total", outcome="hit") > before


def test_answers_from_the_gateways_memory_are_counted(system):
    before = value(system, "gateway", "gym_http_remembered_total")
    with requests.Session() as session:
        for _ in range(2):
            session.get(f"{system.url}/api/exercises/2", timeout=10)
    assert value(system, "gateway", "gym_http_remembered_total") > before


def dashboard_queries():
    board = json.loads((GRAFANA / "dashboard.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


def alert_queries():
    groups = yaml.safe_load((GRAFANA / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def all_samples(system):
    """Names of metrics and samples, and the labels that each sample was seen with."""
    names, labels = set(), {}
    for service in SERVICES:
        page = requests.get(f"http://{system.address(service)}/metrics", timeout=10).text
        # what has never counted anything is only announced
        for _, _, name, kind in (line.split() for line in page.splitlines() if "# TYPE" in line):
            names.add(name)
            if kind == "histogram":
                names |= {f"{name}_{part}" for part in ("bucket", "count", "sum")}
        for name, its, _ in read(system, service):
            names.add(name)
            labels.setdefault(name, set()).update(its)
    return names, labels


def test_dashboard_and_alerts_use_only_metrics_that_exist(system, token):
    names, labels = all_samples(system)
    queries = dashboard_queries() + alert_queries()
    asked_for = {name for query in queries for name in METRIC.findall(query)}
    assert len(asked_for) > 15
    assert asked_for - names == set()
    for query in queries:
        for name, matchers in LABELLED.findall(query):
            wanted = set(re.findall(r"(\w+)\s*[=!]", matchers)) - GIVEN_BY_PROMETHEUS
            # one that has no sample yet has no labels to compare with
            assert wanted <= labels.get(name, wanted), query


def test_every_metric_of_ours_is_on_the_dashboard_or_in_an_alert(system, token):
    names, _ = all_samples(system)
    shown = " ".join(dashboard_queries() + alert_queries())
    ours = {name for name in names if name.startswith("gym_")}
    ours -= {name for name in ours if re.search(r"_(bucket|count|sum)$", name)}
    assert {name for name in ours if name not in shown} == set()
