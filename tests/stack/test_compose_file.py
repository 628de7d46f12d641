"""The compose file, checked without Docker: what it names exists, and what it needs is said."""

import configparser
import os
import re
import shutil
import subprocess

import pytest
import yaml

from services.process.settings import BadSettings, Settings
from stack.environment import ALL_SETTINGS, make_environment
from stack.layout import CHECKOUT, DATABASES, REDIS, SERVICES
from stack.redis import SETTINGS
from stack.state import State, make_secrets

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?:(?P<how>:?[-?])(?P<word>[^}]*))?\}")
GIVEN = {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}
ALL = dict.fromkeys(ALL_SETTINGS, "given")
COOKIE = {"RABBITMQ_ERLANG_COOKIE": "cookie"}
CONTAINERS = {
    "users": "user-service",
    "exercises": "exercise-service",
    "workouts": "workout-service",
    "analytics": "analytics-service",
    "notifications": "notification-service",
    "gateway": "api-gateway",
}
IMAGES = {
    **dict.fromkeys(DATABASES, "postgres:15-alpine"),
    "redis": "redis:7-alpine",
    "redis-counters": "redis:7-alpine",
    "rabbitmq": "rabbitmq:4-management",
    **dict.fromkeys(CONTAINERS.values(), "gym-tracker"),
}
SEED_PORTS = {
    **{name: database.port for name, database in DATABASES.items()},
    "redis": 6379,
    "rabbitmq": 5672,
    "user-service": 8081,
    "exercise-service": 8084,
    "api-gateway": 8080,
}


class Missing(Exception):
    """A variable that must be given was not."""


def interpolate(content, given):
    """Fill variables in, as compose does."""
    if isinstance(content, dict):
        return {key: interpolate(value, given) for key, value in content.items()}
    if isinstance(content, list):
        return [interpolate(value, given) for value in content]
    return fill(content, given) if isinstance(content, str) else content


def fill(text, given):
    def value(found):
        name, how, word = found["name"], found["how"] or "", found["word"]
        is_there = name in given and (given[name] or ":" not in how)
        if not is_there and "?" in how:
            raise Missing(word)
        return given[name] if is_there else word or ""

    return VARIABLE.sub(value, text)


def read(name, given=None):
    content = yaml.safe_load((CHECKOUT / name).read_text())
    return interpolate(content, GIVEN if given is None else given)


def variables(*names):
    return {found["name"] for name in names for found in VARIABLE.finditer(source(name))}


def source(name):
    lines = (CHECKOUT / name).read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def example():
    return as_variables((CHECKOUT / ".env.example").read_text())


@pytest.fixture(scope="module")
def new_environment(tmp_path_factory):
    file = tmp_path_factory.mktemp("new") / ".env"
    subprocess.run(["sh", "deploy/new-env", file], cwd=CHECKOUT, check=True)
    return as_variables(file.read_text())


def as_variables(text):
    lines = text.splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def services():
    return read("docker-compose.yml")["services"]


def test_it_has_the_seed_s_names_and_images(services):
    assert {name: service["image"] for name, service in services.items()} == IMAGES


def test_it_has_the_seed_s_ports(services):
    for name, port in SEED_PORTS.items():
        assert services[name]["ports"][0].split(":")[-2] == str(port)


def test_only_the_gateway_is_open_to_other_machines(services):
    for name, service in services.items():
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:") == (name != "api-gateway"), (name, port)


@pytest.mark.parametrize("name", REDIS)
def test_redis_has_the_bounds_and_the_policy_that_gym_gives_it(services, name):
    words = services[name]["command"][1:]
    given = {}
    for word in words:
        if word.startswith("--"):
            option = given.setdefault(word.removeprefix("--"), [])
        else:
            option.append(word)
    assert {option: " ".join(values) for option, values in given.items()} == SETTINGS[name]


def test_no_two_publish_one_port(services):
    taken = []
    for service in services.values():
        for mapping in service["ports"]:
            first, _, last = mapping.split(":")[-2].partition("-")
            taken += range(int(first), int(last or first) + 1)
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("name", ["workout-service", "analytics-service"])
def test_it_can_run_several_of_these(services, name):
    assert "container_name" not in services[name]
    assert all("-" in mapping.split(":")[-2] for mapping in services[name]["ports"])


def test_everything_is_watched_restarted_and_bounded(services):
    for name, service in services.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name


def test_whoever_is_needed_is_waited_for_until_it_is_healthy(services):
    for name, service in services.items():
        needed = service.get("depends_on", {})
        assert all(how == {"condition": "service_healthy"} for how in needed.values()), name
        if service["image"] == "gym-tracker":
            hosts = {
                value
                for variable, value in service["environment"].items()
                if variable.endswith("_HOST")
            }
            assert hosts | {"rabbitmq"} <= set(needed), name


def test_all_data_is_in_named_volumes():
    content = read("docker-compose.yml")
    used = {
        volume.split(":")[0]
        for service in content["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert used == set(content["volumes"])


@pytest.mark.parametrize("name", ["docker-compose.yml", "deploy/compose.cluster.yml"])
def test_files_that_are_mounted_exist(name):
    for service in read(name, GIVEN | COOKIE)["services"].values():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (CHECKOUT / volume.split(":")[0]).exists(), volume


def test_a_missing_secret_is_told_in_one_line():
    with pytest.raises(Missing, match=r"^JWT_SECRET must be set.*deploy/new-env$"):
        read("docker-compose.yml", {})


def test_nothing_else_must_be_given():
    assert read("docker-compose.yml", GIVEN)


def test_the_broker_is_given_the_passwords_of_all_its_users(services):
    users = (CHECKOUT / "rabbitmq" / "users.json").read_text()
    passwords = set(re.findall("hash of ([A-Z_]+)", users))
    assert passwords == set(services["rabbitmq"]["environment"]) - {"GYM_ENV"}


def test_every_variable_is_explained_and_no_other():
    used = variables("docker-compose.yml", "deploy/compose.cluster.yml")
    assert used == set(example())


def test_the_example_says_the_defaults():
    text = source("docker-compose.yml") + source("deploy/compose.cluster.yml")
    defaults = {
        found["name"]: found["word"]
        for found in VARIABLE.finditer(text)
        if "?" not in (found["how"] or "")
    }
    shown = {name: value for name, value in example().items() if name in defaults}
    assert shown == defaults


def test_new_secrets_are_strong_and_differ(new_environment):
    values = new_environment
    assert values.keys() == example().keys()
    secrets = [
        value
        for name, value in values.items()
        if name.endswith(("_PASSWORD", "_SECRET", "_COOKIE", "_TOKEN")) and name != "ADMIN_PASSWORD"
    ]
    assert len(set(secrets)) == len(secrets) == 16
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert values["GYM_ENV"] == "production"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_new_secrets_are_for_their_owner_alone(tmp_path, umask):
    file = tmp_path / ".env"
    subprocess.run(["sh", CHECKOUT / "deploy/new-env", file], umask=umask, check=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_new_secrets_never_replace_others(tmp_path):
    file = tmp_path / ".env"
    file.write_text("JWT_SECRET=mine\n")
    done = make_new_environment(file)
    assert done.returncode == 1
    assert done.stderr == f"new-env: {file} is there already, and stays as it is\n"
    assert file.read_text() == "JWT_SECRET=mine\n"
    assert list(tmp_path.iterdir()) == [file]


def test_new_secrets_fill_a_file_that_the_shell_has_just_made(tmp_path):
    file = tmp_path / ".env"
    with file.open("w") as output:
        assert make_new_environment(file, stdout=output).returncode == 0
    assert as_variables(file.read_text()).keys() == example().keys()
    assert file.stat().st_mode & 0o777 == 0o600


def make_new_environment(file, **options):
    command = ["sh", CHECKOUT / "deploy/new-env", file]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


def read_me_variables():
    """Return the names of the README's table, those that it abbreviates included."""
    text = (CHECKOUT / "README.md").read_text()
    for row in re.findall(r"^\| (`[A-Z][^|]*) \|", text, re.MULTILINE):
        first, *others = re.findall("`([A-Z_]+)`", row)
        prefix = first.rpartition("_")[0]
        yield from [first, *(prefix + name if name[0] == "_" else name for name in others)]


FIXED = {
    "AMQP_URI",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_COUNTERS_HOST",
    "REDIS_COUNTERS_PORT",
    "USERS_DB_HOST",
    "USERS_DB_PORT",
    "USERS_DB_USER",
    "USERS_DB_NAME",
    "CELL",
    *(f"{service.upper()}_ADDRESS" for service in SERVICES),
}
"""Of the README's table what nobody can set, as it follows from the file itself."""


def test_every_variable_of_the_readme_reaches_the_containers(services):
    named = set(read_me_variables())
    assert len(named) > 30
    assert named >= FIXED
    given = {name: f"given-{name}" for name in named - FIXED}
    containers = read("docker-compose.yml", given)["services"]
    for name in named - FIXED:
        told = [each for each in containers.values() if name in each.get("environment", {})]
        assert told, name
        assert {each["environment"][name] for each in told} == {given[name]}, name
    told = {name for service in CONTAINERS.values() for name in services[service]["environment"]}
    assert {name for name in FIXED if not name.endswith("ADDRESS")} <= told


def test_images_can_be_held_to_their_digests(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\n[ -e {tmp_path}/pulled ] && echo "$5@sha256:0123"\nexit 0\n')
    docker.chmod(0o755)
    for name in ("deploy/pin-images", ".env.example"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / name)
    command = ["sh", tmp_path / "deploy/pin-images"]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    (tmp_path / "pulled").touch()
    pinned = as_variables(subprocess.check_output(command, env=environment, text=True))
    assert pinned == {
        name: f"{image}@sha256:0123" for name, image in example().items() if name.endswith("_IMAGE")
    }
    assert read("docker-compose.yml", GIVEN | pinned)["services"]["redis"]["image"] == (
        "redis:7-alpine@sha256:0123"
    )
    given = read("docker-compose.yml", GIVEN | pinned)["services"]["api-gateway"]["build"]["args"]
    assert given == {"PYTHON_IMAGE": "python:3.11-slim@sha256:0123"}
    chosen = "POSTGRES_IMAGE=postgres:15.14-alpine\nREDIS_IMAGE=redis:7-alpine@sha256:9\n"
    (tmp_path / ".env").write_text(chosen)
    again = as_variables(subprocess.check_output(command, env=environment, text=True))
    assert again["POSTGRES_IMAGE"] == "postgres:15.14-alpine@sha256:0123"
    assert "REDIS_IMAGE" not in again


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_read_its_settings(services, service):
    container = services[CONTAINERS[service]]
    assert container["command"] == [service]
    assert set(container["environment"]) <= set(ALL_SETTINGS)
    settings = Settings.from_environment(container["environment"], service)
    assert settings.redis_host == "redis"
    if service in ("users", "gateway"):
        assert settings.redis_counters_host == "redis-counters"
    assert settings.amqp_uri == f"amqp://{service}:development@rabbitmq:5672/gym"
    if service != "gateway":
        database = settings.databases[service]
        [(host, port)] = database.places
        assert services[host]["environment"] == {
            "POSTGRES_DB": database.name,
            "POSTGRES_USER": database.user,
            "POSTGRES_PASSWORD": database.password,
        }
        assert port == 5432


def test_production_refuses_a_weak_secret():
    given = {"JWT_SECRET": "short", "GYM_ENV": "production"}
    environment = read("docker-compose.yml", given)["services"]["api-gateway"]["environment"]
    with pytest.raises(BadSettings, match="JWT_SECRET"):
        Settings.from_environment(environment)


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_production_refuses_the_example_s_passwords_and_takes_new_ones(service, new_environment):
    def check(given):
        container = read("docker-compose.yml", given)["services"][CONTAINERS[service]]
        settings = Settings.from_environment(container["environment"], service)
        settings.refuse_well_known_passwords(service)

    with pytest.raises(BadSettings, match="AMQP_URI"):
        check(GIVEN | {"GYM_ENV": "production"})
    check(new_environment)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_told_what_its_service_needs_and_no_other_s_secrets(services, service):
    told = services[CONTAINERS[service]]["environment"].keys()
    ours = make_environment(State(CHECKOUT, {}, make_secrets(), ALL, {}), service).keys()
    assert told <= ours
    assert {name for name in ours - told if name.endswith(("PASSWORD", "SECRET"))} == set()


def test_the_image_listens_for_others_and_holds_all_code():
    text = (CHECKOUT / "Dockerfile").read_text()
    for service, port in SERVICES.items():
        assert f"{service.upper()}_ADDRESS=0.0.0.0:{port}" in text
    copied = set(re.findall(r"^COPY (?!--)(\S+) ", text, re.MULTILINE))
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}
    packages = configparser.ConfigParser()
    packages.read(CHECKOUT / "setup.cfg")
    included = packages["options.packages.find"]["include"].split()
    assert {name.rstrip("*") for name in included} <= copied


def test_traces_are_kept_where_the_image_may_write(services):
    text = (CHECKOUT / "Dockerfile").read_text()
    for name in CONTAINERS.values():
        directory = services[name]["environment"]["TRACE_DIRECTORY"]
        assert f"traces:{directory}" in services[name]["volumes"]
        assert f"--owner=gym --group=gym --directory {directory}\n" in text


def test_no_file_asks_for_a_newer_docker():
    docker = source("Dockerfile")
    assert not re.search(r"syntax=|--link|<<|@sha256", docker)
    for name in ("docker-compose.yml", "deploy/compose.cluster.yml"):
        content = read(name, GIVEN | COOKIE)
        assert not {"name", "include", "version"} & content.keys()
        assert not re.search("start_interval|pull_policy|env_file|develop:|@sha256", source(name))


def test_the_cluster_s_nodes_are_like_the_first():
    given = GIVEN | COOKIE
    first = read("docker-compose.yml", given)["services"]["rabbitmq"]
    added = read("deploy/compose.cluster.yml", given)["services"]
    for node in ("rabbitmq-2", "rabbitmq-3"):
        assert {key: added[node][key] for key in ("image", "entrypoint", "healthcheck")} == {
            key: first[key] for key in ("image", "entrypoint", "healthcheck")
        }
        assert added[node]["environment"] == first["environment"] | COOKIE
        mounts = set(first["volumes"]) | set(added["rabbitmq"]["volumes"])
        kept = {volume for volume in mounts if volume.startswith(".")}
        assert {volume for volume in added[node]["volumes"] if volume.startswith(".")} == kept
