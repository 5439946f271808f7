"""The Go modules whose programs the forge builds, each with the hash of its sources. Data only.

A hash is what ``go.sum`` would say of the module. It was checked against Go's public checksum
database when the pin was made (``go mod download`` does so), on 2026-11-24.
"""

from local.forge.model import GoModule, NestedModule

COREDNS = GoModule(
    "github.com/coredns/coredns", "v1.13.2", "h1:PPICLK9DBxPC2sGp/tbTL9B4JkyHHIIek9JeWNuIwUw="
)
ENVOY_GATEWAY = GoModule(
    "github.com/envoyproxy/gateway", "v1.9.0", "h1:PaOpud15v3kDCl3L5yc1TdYzggCMpRm1yRjNKmLkzHA="
)
KSERVE = GoModule(
    "github.com/kserve/kserve", "v0.20.0", "h1:Bs7HxmGV4KFqqptDcWseKv+mwD4YOYHJWcuVgPG2Gug="
)
RBAC_PROXY = GoModule(
    "github.com/brancz/kube-rbac-proxy",
    "v0.18.0",
    "h1:mceEQjQIkVeWkZyYMRK7i5LaA4bLm3+skiH14hmVcR0=",
)
KEDA = GoModule(
    "github.com/kedacore/keda/v2", "v2.20.2", "h1:SR60v8uIcelbveS8n/1jcl8tLdBBIbHMxmdOHw8tKqA="
)
METRICS_SERVER = GoModule(
    "sigs.k8s.io/metrics-server", "v0.9.0", "h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w="
)
PROMETHEUS_OPERATOR = GoModule(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.93.1",
    "h1:4Juk8v93RdG1DSGD/mGp+SeQKPmnlLIj2iq3blLZgFY=",
)
PROMETHEUS_OPERATOR_NESTED = (
    NestedModule(
        "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring",
        "v0.93.1",
        "h1:RP+/GISMkna7VpDx3wa52oYIyIjNU+iQxV6sDnY2uCA=",
        "h1:rZ+wRKDneCC/jJk24Mdb+6bAc6y/UjRliuMz6U20s6Y=",
    ),
    NestedModule(
        "github.com/prometheus-operator/prometheus-operator/pkg/client",
        "v0.93.1",
        "h1:7YkYgCkIGPSy7gTuua0CUQ5M5bOhBKL59GhhUQwZyhY=",
        "h1:fB1KXTlb9KLoUNoSlr53X6GYqabLX7onZruX5vQVSgI=",
    ),
)
PROMETHEUS = GoModule(
    "github.com/prometheus/prometheus",
    "v0.314.0",
    "h1:YjsimqsIi6/mOtzZcrPEYUALO6zpfaht9O5sXqDz2vg=",
)
"""Version 3.14.0: the module's minor version is major and minor of the program."""
ALERTMANAGER = GoModule(
    "github.com/prometheus/alertmanager",
    "v0.34.0",
    "h1:z75n0NoypggESmt3HD4JlTXOaOZj1EBz1ACHO4Z6EUk=",
)
STATE_METRICS = GoModule(
    "k8s.io/kube-state-metrics/v2", "v2.20.0", "h1:edO7hyGs1MqZhbUbzWW1YRTV3afZOIbvHNvOCaJjuU4="
)
ARGO_WORKFLOWS = GoModule(
    "github.com/argoproj/argo-workflows/v4",
    "v4.0.5",
    "h1:/1lru5oXUd+k6KEDUps6rLX5OKfi1jTfabgXTly/VFU=",
)
AUTOSCALER = GoModule(
    "k8s.io/autoscaler/vertical-pod-autoscaler",
    "v1.7.1",
    "h1:gHgsammWdCT+vyqrBsCfN7+CJrfy0Mo5k1zfg8Dge7o=",
)
