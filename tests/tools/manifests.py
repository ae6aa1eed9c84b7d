"""What a schema cannot see in a Kubernetes manifest: whether its parts fit each other, and whether it is hardened.

    manifests.py FILE CONFIG_OUT    writes the configuration that the ConfigMap holds to CONFIG_OUT for `weft validate`
"""

import sys

import yaml


def problems(documents):
    kinds = {doc["kind"]: doc for doc in documents}
    config_map, deployment, service = kinds["ConfigMap"], kinds["Deployment"], kinds["Service"]
    pod = deployment["spec"]["template"]
    spec, labels = pod["spec"], pod["metadata"]["labels"]
    container = spec["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    config = yaml.safe_load(config_map["data"]["config.yaml"])

    for what, selector in (("Deployment", deployment["spec"]["selector"]["matchLabels"]), ("Service", service["spec"]["selector"])):
        if not selector.items() <= labels.items():
            yield f"{what}: its selector {selector} does not choose the pod's labels {labels}"
    for port in service["spec"]["ports"]:
        if port["targetPort"] not in ports:
            yield f"Service: port {port['name']} goes to {port['targetPort']}, which the container does not name"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        target = container[probe]["httpGet"]
        if (target["path"], ports[target["port"]]) != ("/", port_of(config["extensions"]["health_check"])):
            yield f"{probe}: asks {target}, but health_check listens elsewhere"
    protocols = config["receivers"]["otlp"]["protocols"]
    for name, protocol in (("otlp-grpc", "grpc"), ("otlp-http", "http")):
        if ports[name] != port_of(protocols[protocol]):
            yield f"port {name} is {ports[name]}, but the receiver listens on {protocols[protocol]['endpoint']}"
    if {volume["configMap"]["name"] for volume in spec["volumes"]} != {config_map["metadata"]["name"]}:
        yield "the volume does not name the ConfigMap"
    if container["args"] != [f"--config={container['volumeMounts'][0]['mountPath']}/config.yaml"]:
        yield f"args {container['args']} do not point into the mounted ConfigMap"
    yield from softness(spec, container)


def softness(spec, container):
    """What the "restricted" Pod Security Standard asks, and a read-only root."""
    around, inside = spec.get("securityContext", {}), container.get("securityContext", {})
    wanted = {
        "runAsNonRoot": around.get("runAsNonRoot") is True,
        "runAsUser 10001": around.get("runAsUser") == 10001,
        "seccompProfile RuntimeDefault": around.get("seccompProfile", {}).get("type") == "RuntimeDefault",
        "allowPrivilegeEscalation: false": inside.get("allowPrivilegeEscalation") is False,
        "readOnlyRootFilesystem": inside.get("readOnlyRootFilesystem") is True,
        "capabilities drop ALL": inside.get("capabilities", {}).get("drop") == ["ALL"],
        "automountServiceAccountToken: false": spec.get("automountServiceAccountToken") is False,
        "a memory limit": "memory" in container["resources"]["limits"],
        "requests": {"cpu", "memory"} <= container["resources"]["requests"].keys(),
    }
    yield from (f"not hardened: {what} is missing" for what, there in wanted.items() if not there)


def port_of(section):
    return int(section["endpoint"].rsplit(":", 1)[1])


def main():
    manifest, config_out = sys.argv[1:]
    with open(manifest, encoding="utf-8") as file:
        documents = [doc for doc in yaml.safe_load_all(file) if doc]
    found = list(problems(documents))
    print("\n".join(found), end="\n" if found else "")
    with open(config_out, "w", encoding="utf-8") as file:
        file.write(next(doc for doc in documents if doc["kind"] == "ConfigMap")["data"]["config.yaml"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
