"""The files for Kubernetes, checked without a cluster: against its schemas, and each other.

The schemas of what the operators make are in their custom resource definitions, a file each in the
directory that ``GYM_CRDS`` names.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from services.process.settings import TOKEN_SERVICES, Settings
from stack.environment import ALL_SETTINGS
from stack.layout import CHECKOUT, DATABASES, REDIS, SERVICES
from stack.redis import SETTINGS

BASE = CHECKOUT / "deploy" / "kubernetes"
VERSION = "1.31"
CUSTOM = ("rabbitmq.com/", "postgresql.cnpg.io/")
# these are made by hand, as docs/containers.md says, or by the operators
SECRETS = {
    "gym-tokens",
    "gym-rabbitmq-passwords",
    "gym-rabbitmq-users",
    "gym-administrator",
    "gym-mail",
    *(f"{name}-app" for name in DATABASES),
}


def files():
    return [path for path in sorted(BASE.glob("*.yaml")) if path.name != "kustomization.yaml"]


def read(path):
    return [content for content in yaml.safe_load_all(path.read_text()) if content]


@pytest.fixture(scope="module")
def rendered():
    """What Kustomize makes of the base; skipped where neither it nor kubectl is installed."""
    commands = (["kustomize", "build"], ["kubectl", "kustomize"])
    command = next((words for words in commands if shutil.which(words[0])), None)
    if command is None:
        pytest.skip("neither kustomize nor kubectl is installed")
    done = subprocess.run([*command, BASE], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def of_kind(rendered, kind):
    return {thing["metadata"]["name"]: thing for thing in rendered if thing["kind"] == kind}


def deployments(rendered):
    found = of_kind(rendered, "Deployment")
    return {name: found[name] for name in found if name not in REDIS}


def container(deployment):
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


def validate(thing):
    # all of Kubernetes' schemas are a large package, which is not needed to run anything
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    if not thing["apiVersion"].startswith(CUSTOM):
        kubernetes_validate.validate(thing, VERSION, strict=True)


@pytest.fixture(scope="module")
def definitions():
    """The schemas of what the operators bring, by API version and kind."""
    if "GYM_CRDS" not in os.environ:
        pytest.skip("GYM_CRDS names no directory of the operators' definitions")
    found = {}
    for path in Path(os.environ["GYM_CRDS"]).glob("*.yaml"):
        for definition in filter(None, yaml.safe_load_all(path.read_text())):
            spec = definition["spec"]
            for version in spec["versions"]:
                name = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[name] = closed(version["schema"]["openAPIV3Schema"])
    return found


def closed(schema):
    """Return a schema that refuses what it does not know, which Kubernetes drops without a word."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and not is_open:
        made["additionalProperties"] = False
    return made


def test_what_the_operators_make_keeps_to_their_schemas(definitions):
    things = [thing for path in files() for thing in read(path)]
    of_operators = [thing for thing in things if thing["apiVersion"].startswith(CUSTOM)]
    assert {thing["kind"] for thing in of_operators} == {"Cluster", "RabbitmqCluster"}
    for thing in of_operators:
        jsonschema.validate(thing, definitions[thing["apiVersion"], thing["kind"]])


@pytest.mark.parametrize("field", ["replica", "override.statefulSet.specs", "rabbitmq.aditional"])
def test_a_wrong_name_would_be_found(definitions, field):
    (broker,) = read(BASE / "rabbitmq.yaml")[:1]
    *above, name = field.split(".")
    place = broker["spec"]
    for each in above:
        place = place[each]
    place[name] = {}
    with pytest.raises(jsonschema.ValidationError, match=name):
        jsonschema.validate(broker, definitions[broker["apiVersion"], broker["kind"]])


def test_the_base_names_every_file():
    base = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    named = {*base["resources"], *(patch["path"] for patch in base["patches"])}
    assert named - {"../../rabbitmq"} == {path.name for path in files()}


@pytest.mark.slow
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_file_keeps_to_the_schemas(path):
    for thing in read(path):
        # of what all services have in common Kustomize makes a whole only together with theirs
        if path.name != "every-service.yaml":
            validate(thing)


@pytest.mark.slow
def test_the_whole_keeps_to_the_schemas(rendered):
    for thing in rendered:
        validate(thing)
        assert thing["metadata"].get("namespace", "gym") == "gym"


def test_every_service_is_guarded_alike(rendered):
    names = set(deployments(rendered))
    assert len(names) == len(SERVICES)
    for kind in ("PodDisruptionBudget", "HorizontalPodAutoscaler"):
        assert set(of_kind(rendered, kind)) == names
    for name, autoscaler in of_kind(rendered, "HorizontalPodAutoscaler").items():
        assert autoscaler["spec"]["scaleTargetRef"]["name"] == name
    for name, budget in of_kind(rendered, "PodDisruptionBudget").items():
        deployment = deployments(rendered)[name]["spec"]
        assert budget["spec"]["selector"] == deployment["selector"]
        assert deployment["selector"]["matchLabels"] == deployment["template"]["metadata"]["labels"]
        # the autoscaler's number must not be set back whenever the files are applied
        assert "replicas" not in deployment


def test_every_service_is_probed_and_drained(rendered):
    for deployment in deployments(rendered).values():
        service = container(deployment)
        assert service["readinessProbe"]["httpGet"]["path"] == "/ready"
        for probe in ("startupProbe", "livenessProbe"):
            assert service[probe]["httpGet"] == {"path": "/health", "port": "http"}
        assert service["ports"] == [{"name": "http", "containerPort": SERVICES[service["args"][0]]}]
        pause = int(service["lifecycle"]["preStop"]["exec"]["command"][-1])
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 20 + pause
        assert service["securityContext"]["readOnlyRootFilesystem"]
        assert deployment["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"]


@pytest.mark.parametrize("name", REDIS)
def test_redis_has_the_bounds_and_the_policy_that_gym_gives_it(name):
    found = {
        (thing["kind"], thing["metadata"]["name"]): thing for thing in read(BASE / "redis.yaml")
    }
    words = container(found["Deployment", name])["args"]
    for option, value in SETTINGS[name].items():
        place = words.index(f"--{option}") + 1
        assert words[place : place + len(value.split() or [""])] == (value.split() or [""])
    service = found["Service", name]["spec"]
    assert service["selector"] == {"app.kubernetes.io/name": name}
    assert (("PersistentVolumeClaim", name) in found) == bool(SETTINGS[name]["save"])


def test_the_services_settings_are_known(rendered):
    settings = of_kind(rendered, "ConfigMap")["gym-settings"]["data"]
    assert set(settings) <= set(ALL_SETTINGS)
    given = settings | {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}
    assert not Settings.from_environment(given).development
    for deployment in deployments(rendered).values():
        service = container(deployment)
        (user,) = service["args"]
        variables = {entry["name"]: entry.get("value") for entry in service["env"]}
        assert set(variables) - {"RABBITMQ_PASSWORD"} <= set(ALL_SETTINGS)
        assert ("JWT_SECRET" in variables) == (user in TOKEN_SERVICES)
        assert "METRICS_TOKEN" in variables
        assert not any("secretRef" in source for source in service["envFrom"])
        assert variables["AMQP_URI"] == f"amqp://{user}:$(RABBITMQ_PASSWORD)@rabbitmq:5672/gym"


def test_what_is_referred_to_exists(rendered):
    text = yaml.safe_dump(rendered)
    maps = set(of_kind(rendered, "ConfigMap"))
    assert set(re.findall(r"config[Mm]ap(?:Ref)?:\s+name: (\S+)", text)) == maps
    named = set(re.findall(r"secret(?:Ref)?:\s+name: (\S+)", text))
    named |= set(re.findall(r"secretKeyRef:\s+key: \S+\s+name: (\S+)", text))
    assert named == SECRETS
    databases = [thing for thing in rendered if thing["apiVersion"].startswith(CUSTOM[1])]
    assert {
        thing["metadata"]["name"]: thing["spec"]["bootstrap"]["initdb"]["database"]
        for thing in databases
    } == {name: database.name for name, database in DATABASES.items()}
    (broker,) = (thing for thing in rendered if thing["apiVersion"].startswith(CUSTOM[0]))
    assert broker["metadata"]["name"] == "rabbitmq"
    assert broker["spec"]["replicas"] == 3


def test_the_broker_is_set_up_as_in_the_containers(rendered):
    broker = of_kind(rendered, "RabbitmqCluster")["rabbitmq"]
    lines = broker["spec"]["rabbitmq"]["additionalConfig"].splitlines()
    files = ("rabbitmq.conf", "container.conf", "cluster.conf")
    known = "\n".join((CHECKOUT / "rabbitmq" / name).read_text() for name in files)
    differing = {"disk_free_limit.absolute"}
    assert all(line in known or line.split(" = ")[0] in differing for line in lines)
