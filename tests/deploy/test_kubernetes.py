"""The Kubernetes manifests, held against the commands, the settings and the image."""

from collections.abc import Iterator
from typing import TypeAlias

import pytest
import yaml

from contracts.steps import Queue
from tests.deploy.known import DEPLOY, check_command, unknown_names

pytestmark = pytest.mark.unit

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))


def _of(name: str) -> list[dict[str, Json]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


THINGS = [thing for name in KUSTOMIZATION["resources"] for thing in _of(name)]


def _pods() -> Iterator[tuple[str, Json]]:
    for thing in THINGS:
        spec = thing["spec"].get("jobTemplate", thing).get("spec") if "spec" in thing else {}
        if spec and "template" in spec:
            yield thing["metadata"]["name"], spec["template"]


PODS = dict(_pods())
CONTAINERS = {
    f"{name}/{each['name']}": (pod["spec"], each)
    for name, pod in PODS.items()
    for each in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
}


def test_every_file_is_applied_or_told_apart() -> None:
    apart = {"kustomization.yaml", "secret.example.yaml", "keda.yaml"}

    assert {path.name for path in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], *apart}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_runs_a_command_that_there_is(name: str) -> None:
    _, container = CONTAINERS[name]

    assert container["image"] == KUSTOMIZATION["images"][0]["name"]
    check_command(container["args"])


def test_every_queue_has_a_worker() -> None:
    assert {word for _, each in CONTAINERS.values() for word in each["args"] if word in set(Queue)} == set(Queue)


@pytest.mark.parametrize("name", [name for name, (_, each) in CONTAINERS.items() if "--grace-s" in each["args"]])
def test_a_pod_is_as_patient_as_a_worker_that_drains(name: str) -> None:
    pod, container = CONTAINERS[name]
    words = container["args"]

    assert pod["terminationGracePeriodSeconds"] >= int(words[words.index("--grace-s") + 1]) + 10


@pytest.mark.parametrize("name", CONTAINERS)
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    pod, container = CONTAINERS[name]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_mount_has_its_volume(name: str) -> None:
    pod, container = CONTAINERS[name]
    claimed = [
        claim["metadata"]["name"] for thing in THINGS for claim in thing.get("spec", {}).get("volumeClaimTemplates", [])
    ]

    assert {each["name"] for each in container["volumeMounts"]} <= {each["name"] for each in pod["volumes"]} | set(
        claimed
    )


def test_settings_and_secrets_have_only_names_that_are_read() -> None:
    (config,) = _of("config.yaml")
    (secret,) = _of("secret.example.yaml")

    assert unknown_names(config["data"] | secret["stringData"]) == []
    assert set(secret["stringData"].values()) == {""}
    assert not set(config["data"]) & set(secret["stringData"])


def test_selectors_find_the_pods_they_mean() -> None:
    labels = {name: pod["metadata"]["labels"]["app.kubernetes.io/name"] for name, pod in PODS.items()}
    selectors = [thing["spec"]["selector"] for thing in THINGS if "selector" in thing.get("spec", {})]
    named = [(each.get("matchLabels") or each)["app.kubernetes.io/name"] for each in selectors]

    assert all(name == label for name, label in labels.items())
    assert set(named) <= set(labels.values())


def test_the_records_have_one_pod() -> None:
    (service,) = [thing for thing in THINGS if thing["kind"] == "StatefulSet"]
    args = [word for name, (_, each) in CONTAINERS.items() if name.startswith("mouthpiece/") for word in each["args"]]

    assert service["spec"]["replicas"] == 1
    assert {"api", "control", "notify"} <= set(args)
    others = [
        word for name, (_, each) in CONTAINERS.items() if not name.startswith("mouthpiece/") for word in each["args"]
    ]
    assert not {"api", "control", "notify"} & set(others)


def test_the_probes_ask_what_the_api_answers() -> None:
    _, api = CONTAINERS["mouthpiece/api"]
    (port,) = api["ports"]

    assert str(port["containerPort"]) == api["args"][api["args"].index("--port") + 1]
    assert api["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert api["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}


def test_every_pod_can_be_watched_by_prometheus_and_by_nobody_else() -> None:
    shown = {name: {port["name"] for port in each.get("ports", [])} for name, (_, each) in CONTAINERS.items()}
    (policy,) = [thing for thing in THINGS if thing["metadata"]["name"] == "mouthpiece-metrics"]
    (rule,) = policy["spec"]["ingress"]

    # The API shows those of `control` too: they share a data folder.
    assert {name: ports for name, ports in shown.items() if ports} == {
        "mouthpiece/api": {"http"},
        "mouthpiece-flow/worker": {"metrics"},
        "mouthpiece-gpu/worker": {"metrics"},
    }
    assert {each["port"] for each in rule["ports"]} == {"http", "metrics"}
    for name in ("mouthpiece-flow/worker", "mouthpiece-gpu/worker"):
        _, container = CONTAINERS[name]
        (port,) = container["ports"]
        assert container["args"][container["args"].index("--metrics") + 1] == f"0.0.0.0:{port['containerPort']}"


def test_scaling_by_backlog_means_a_queue_and_workers_that_there_are() -> None:
    (scaled,) = _of("keda.yaml")

    assert scaled["spec"]["scaleTargetRef"]["name"] in PODS
    assert scaled["spec"]["triggers"][0]["metadata"]["taskQueue"] in set(Queue)
