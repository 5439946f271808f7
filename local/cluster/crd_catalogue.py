"""Which CRDs come with which chart, and from which pinned Go module they are read.

Data only. The modules lag behind the charts: of most projects no newer module is served, so each
entry records both versions, and whoever reads the CRDs can say which ones they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from llm_platform.addons.table import ADDONS


@dataclass(frozen=True)
class Module:
    """A pinned Go module and where in it CRDs are.

    Attributes:
        path: Module path.
        version: Module version.
        places: Files, or folders of YAML files, below the module's root; read without recursion.
    """

    path: str
    version: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A kind whose CRD no module has.

    Attributes:
        group: API group.
        versions: Served versions; objects are stored in the last one.
        kind: Kind.
        plural: Resource name, as in paths.
        namespaced: Whether its objects live in namespaces.
    """

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool = True


@dataclass(frozen=True)
class Entry:
    """The CRDs of one chart.

    Attributes:
        chart_version: Version of the chart in the platform's table when this was written down.
        app_version: Version of the application that this chart installs, when it can be compared
            with that of the last module; else empty.
        modules: Where real CRDs are read.
        permissive: Kinds that get a CRD without a schema.
    """

    chart_version: str
    app_version: str
    modules: tuple[Module, ...] = ()
    permissive: tuple[Kind, ...] = ()


_CERT_MANAGER, _ENVOY = ADDONS["cert-manager"], ADDONS["gateway-helm"]
_KEDA, _VPA = ADDONS["keda"], ADDONS["vertical-pod-autoscaler"]
CERT_MANAGER = Module(
    "github.com/cert-manager/cert-manager", _CERT_MANAGER.app_version, ("deploy/crds",)
)
GATEWAY_API = Module("sigs.k8s.io/gateway-api", "v1.6.1", ("config/crd/standard",))
GATEWAY_API_EXPERIMENTAL = Module("sigs.k8s.io/gateway-api", "v1.6.1", ("config/crd/experimental",))
INFERENCE_EXTENSION = Module(
    "sigs.k8s.io/gateway-api-inference-extension", "v1.5.0", ("config/crd/bases",)
)
_ENVOY_CRDS = "charts/gateway-helm/charts/crds/crds"
ENVOY_GATEWAY = Module(
    # The Gateway API's kinds, as this version brings them, stand beside Envoy's own.
    "github.com/envoyproxy/gateway",
    _ENVOY.app_version,
    (_ENVOY_CRDS, f"{_ENVOY_CRDS}/generated"),
)
KSERVE_STORAGE = "config/crd/full/clusterstoragecontainer"
KSERVE = Module("github.com/kserve/kserve", "v0.20.0", ("config/crd/full", KSERVE_STORAGE))
KSERVE_LLM = Module(
    "github.com/kserve/kserve", "v0.20.0", ("config/crd/full/llmisvc", KSERVE_STORAGE)
)
KSERVE_LOCAL_MODEL = Module("github.com/kserve/kserve", "v0.20.0", ("config/crd/full/localmodel",))
KEDA = Module("github.com/kedacore/keda/v2", f"v{_KEDA.app_version}", ("config/crd/bases",))
PROMETHEUS_OPERATOR = Module(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.93.1",
    ("example/prometheus-operator-crd",),
)
_ARGO_FULL = "manifests/base/crds/full/argoproj.io_"
_ARGO_MINIMAL = "manifests/base/crds/minimal/argoproj.io_"
ARGO_WORKFLOWS = Module(
    "github.com/argoproj/argo-workflows/v3",
    "v3.7.3",
    (
        # Full for what people write. The schemas of what the controller makes of it are as big as
        # those of a dozen other projects together; the chart installs the minimal ones as well.
        f"{_ARGO_FULL}clusterworkflowtemplates.yaml",
        f"{_ARGO_FULL}cronworkflows.yaml",
        f"{_ARGO_FULL}workfloweventbindings.yaml",
        f"{_ARGO_FULL}workflowtemplates.yaml",
        f"{_ARGO_FULL}workflowartifactgctasks.yaml",
        f"{_ARGO_FULL}workflowtaskresults.yaml",
        f"{_ARGO_MINIMAL}workflows.yaml",
        f"{_ARGO_MINIMAL}workflowtasksets.yaml",
    ),
)
ARGO_EVENTS = Module("github.com/argoproj/argo-events", "v1.9.7", ("manifests/base/crds",))
ARGO_ROLLOUTS = Module("github.com/argoproj/argo-rollouts", "v1.8.3", ("manifests/crds",))
EXTERNAL_SECRETS = Module(
    "github.com/external-secrets/external-secrets", "v0.20.4", ("config/crds/bases",)
)
KARPENTER = Module("sigs.k8s.io/karpenter", "v1.13.0", ("pkg/apis/crds",))
KUEUE = Module("sigs.k8s.io/kueue", "v0.15.0", ("config/components/crd/bases",))
LWS = Module("sigs.k8s.io/lws", "v0.7.0", ("config/crd/bases",))
OPENTELEMETRY = Module(
    "github.com/open-telemetry/opentelemetry-operator", "v0.140.0", ("config/crd/bases",)
)
NODE_FEATURES = Module(
    "sigs.k8s.io/node-feature-discovery", "v0.17.3", ("deployment/base/nfd-crds",)
)
VPA = Module(
    "k8s.io/autoscaler/vertical-pod-autoscaler",
    f"v{_VPA.app_version}",
    ("deploy/vpa-v1-crd-gen.yaml",),
)

KARPENTER_OF_AWS = (
    Kind("karpenter.k8s.aws", ("v1",), "EC2NodeClass", "ec2nodeclasses", namespaced=False),
    Kind("autoscaling.x-k8s.io", ("v1alpha1",), "CapacityBuffer", "capacitybuffers"),
)
LOAD_BALANCER_CONTROLLER = (
    Kind("elbv2.k8s.aws", ("v1beta1",), "TargetGroupBinding", "targetgroupbindings"),
    Kind("elbv2.k8s.aws", ("v1beta1",), "ALBTargetControlConfig", "albtargetcontrolconfigs"),
    Kind("elbv2.k8s.aws", ("v1beta1",), "IngressClassParams", "ingressclassparams", False),
    Kind("aga.k8s.aws", ("v1beta1",), "GlobalAccelerator", "globalaccelerators"),
    Kind(
        "gateway.k8s.aws",
        ("v1beta1", "v1"),
        "LoadBalancerConfiguration",
        "loadbalancerconfigurations",
    ),
    Kind(
        "gateway.k8s.aws",
        ("v1beta1", "v1"),
        "TargetGroupConfiguration",
        "targetgroupconfigurations",
    ),
    Kind(
        "gateway.k8s.aws",
        ("v1beta1", "v1"),
        "ListenerRuleConfiguration",
        "listenerruleconfigurations",
    ),
)
GPU_OPERATOR = (
    # The module's own ClusterPolicy, v1.11.1, is four years older than the chart and would drop
    # every field added since.
    Kind("nvidia.com", ("v1",), "ClusterPolicy", "clusterpolicies", namespaced=False),
    Kind("nvidia.com", ("v1alpha1",), "NVIDIADriver", "nvidiadrivers", namespaced=False),
    Kind("nvidia.com", ("v1alpha1",), "GPUCluster", "gpuclusters", namespaced=False),
)
VPC_CNI = (
    Kind("crd.k8s.amazonaws.com", ("v1alpha1",), "ENIConfig", "eniconfigs", namespaced=False),
    Kind("vpcresources.k8s.aws", ("v1alpha1",), "CNINode", "cninodes", namespaced=False),
    Kind("vpcresources.k8s.aws", ("v1beta1",), "SecurityGroupPolicy", "securitygrouppolicies"),
    Kind("networking.k8s.aws", ("v1alpha1",), "PolicyEndpoint", "policyendpoints"),
)
ARGO_CD = (
    Kind("argoproj.io", ("v1alpha1",), "Application", "applications"),
    Kind("argoproj.io", ("v1alpha1",), "ApplicationSet", "applicationsets"),
    Kind("argoproj.io", ("v1alpha1",), "AppProject", "appprojects"),
)
SNAPSHOTS = (
    Kind("snapshot.storage.k8s.io", ("v1",), "VolumeSnapshot", "volumesnapshots"),
    Kind("snapshot.storage.k8s.io", ("v1",), "VolumeSnapshotClass", "volumesnapshotclasses", False),
    Kind(
        "snapshot.storage.k8s.io", ("v1",), "VolumeSnapshotContent", "volumesnapshotcontents", False
    ),
)
POD_LOGS = Kind("monitoring.grafana.com", ("v1alpha2",), "PodLogs", "podlogs")
DNS_ENDPOINT = Kind("externaldns.k8s.io", ("v1alpha1",), "DNSEndpoint", "dnsendpoints")
NODE_DIAGNOSTIC = Kind(
    "eks.amazonaws.com", ("v1alpha1",), "NodeDiagnostic", "nodediagnostics", namespaced=False
)
HTTP_SCALED_OBJECT = Kind("http.keda.sh", ("v1alpha1",), "HTTPScaledObject", "httpscaledobjects")

CATALOGUE: Mapping[str, Entry] = {
    # Bundles that are not charts.
    "gateway-api": Entry("v1.6.1", "v1.6.1", (GATEWAY_API,)),
    "gateway-api-experimental": Entry("v1.6.1", "v1.6.1", (GATEWAY_API_EXPERIMENTAL,)),
    "gateway-api-inference-extension": Entry("v1.5.0", "v1.5.0", (INFERENCE_EXTENSION,)),
    # EKS add-ons that bring CRDs.
    "vpc-cni": Entry("add-on", "", permissive=VPC_CNI),
    "eks-node-monitoring-agent": Entry("add-on", "", permissive=(NODE_DIAGNOSTIC,)),
    "snapshot-controller": Entry("add-on", "", permissive=SNAPSHOTS),
    # Charts.
    "alloy": Entry("1.11.1", "v1.18.1", permissive=(POD_LOGS,)),
    "argo-cd": Entry("10.1.1", "v3.4.4", permissive=ARGO_CD),
    "argo-events": Entry("2.4.22", "v1.9.10", (ARGO_EVENTS,)),
    "argo-rollouts": Entry("2.41.0", "v1.9.0", (ARGO_ROLLOUTS,)),
    "argo-workflows": Entry("1.0.18", "v4.0.6", (ARGO_WORKFLOWS,)),
    "aws-load-balancer-controller": Entry("3.5.0", "v3.5.0", permissive=LOAD_BALANCER_CONTROLLER),
    "cert-manager": Entry(_CERT_MANAGER.version, _CERT_MANAGER.app_version, (CERT_MANAGER,)),
    "external-dns": Entry("1.21.1", "0.21.0", permissive=(DNS_ENDPOINT,)),
    "external-secrets": Entry("2.9.0", "v2.9.0", (EXTERNAL_SECRETS,)),
    "gateway-crds-helm": Entry(_ENVOY.version, _ENVOY.app_version, (ENVOY_GATEWAY,)),
    "gateway-helm": Entry(_ENVOY.version, _ENVOY.app_version, (ENVOY_GATEWAY,)),
    "gpu-operator": Entry("v26.7.0", "", (NODE_FEATURES,), GPU_OPERATOR),
    "karpenter": Entry("1.14.1", "1.14.1", (KARPENTER,), KARPENTER_OF_AWS),
    "karpenter-crd": Entry("1.14.1", "1.14.1", (KARPENTER,), KARPENTER_OF_AWS),
    "keda": Entry(_KEDA.version, _KEDA.app_version, (KEDA,)),
    "keda-add-ons-http": Entry("0.15.0", "0.15.0", permissive=(HTTP_SCALED_OBJECT,)),
    "kserve-crd": Entry("v0.20.0", "v0.20.0", (KSERVE,)),
    "kserve-llmisvc-crd": Entry("v0.20.0", "v0.20.0", (KSERVE_LLM,)),
    "kserve-localmodel-crd": Entry("v0.20.0", "v0.20.0", (KSERVE_LOCAL_MODEL,)),
    "kube-prometheus-stack": Entry("88.5.3", "v0.93.1", (PROMETHEUS_OPERATOR,)),
    "kueue": Entry("0.19.2", "v0.19.2", (KUEUE,)),
    "lws": Entry("0.10.0", "v0.10.0", (LWS,)),
    "node-feature-discovery": Entry("0.19.0", "v0.19.0", (NODE_FEATURES,)),
    "opentelemetry-kube-stack": Entry("0.20.3", "0.154.0", (OPENTELEMETRY, PROMETHEUS_OPERATOR)),
    "opentelemetry-operator": Entry("0.122.0", "0.158.0", (OPENTELEMETRY,)),
    "prometheus-operator-crds": Entry("31.0.1", "v0.93.1", (PROMETHEUS_OPERATOR,)),
    "vertical-pod-autoscaler": Entry(_VPA.version, _VPA.app_version, (VPA,)),
}
"""By the chart's name, or the name of the bundle or EKS add-on."""
