"""What the Vertical Pod Autoscaler's served chart lacks beside the one that is asked for.

The served one has its webhook's certificate made by a job whose image no module carries; the
newer one leaves that to cert-manager. These objects and values do the same with the older one.
"""

from typing import Any

from local.charts.model import Values

SECRET = "vpa-tls-certs"  # noqa: S105 - the name of a Secret
SERVICE = "vpa-webhook"

NEWER = ("admissionController.certManager",)
"""Values that the served chart does not have."""

_FILES = {"ca.crt": "caCert.pem", "tls.crt": "serverCert.pem", "tls.key": "serverKey.pem"}
_VOLUME: dict[str, Any] = {
    "name": "tls-certs",
    "secret": {
        "secretName": SECRET,
        "items": [{"key": key, "path": path} for key, path in _FILES.items()],
    },
}
INSTEAD: Values = {
    "admissionController": {"certGen": {"enabled": False}, "volumes": [_VOLUME]},
}
"""Values that have the webhook read the certificate that cert-manager makes."""

CERTIFICATE = f"""\
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {SERVICE}
spec:
  selfSigned: {{}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {SERVICE}
spec:
  secretName: {SECRET}
  dnsNames:
    - {SERVICE}.{{{{ .Release.Namespace }}}}.svc
  issuerRef:
    name: {SERVICE}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: vpa-webhook-config
  annotations:
    cert-manager.io/inject-ca-from: {{{{ .Release.Namespace }}}}/{SERVICE}
webhooks:
  - name: vpa.k8s.io
    admissionReviewVersions: [v1]
    clientConfig:
      service:
        name: {SERVICE}
        namespace: {{{{ .Release.Namespace }}}}
        port: 443
    failurePolicy: {{{{ .Values.admissionController.mutatingWebhookConfiguration.failurePolicy }}}}
    matchPolicy: Equivalent
    reinvocationPolicy: Never
    rules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [pods]
        scope: "*"
      - apiGroups: [autoscaling.k8s.io]
        apiVersions: ["*"]
        operations: [CREATE, UPDATE]
        resources: [verticalpodautoscalers]
        scope: "*"
    sideEffects: None
    timeoutSeconds: 5
"""
"""Template that makes the certificate and the webhook's configuration."""
