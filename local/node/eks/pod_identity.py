"""Pod Identity's two servers: the webhook that the API server asks, the agent that pods ask."""

import base64
import json
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.node.eks.credentials import Aws, Broker, RefusedError, role_of
from local.node.eks.health import LOOPBACK, Server, serve_health
from local.node.eks.kube import Document, Kube, KubeError
from local.node.eks.mutation import (
    AGENT_ADDRESS,
    CREDENTIALS_PATH,
    Surroundings,
    identity_patch,
    simulation_patch,
)
from local.node.eks.settings import POD_IDENTITY, WEBHOOK, EksSettings, simulated_images
from local.node.eks.watching import say

WEBHOOK_PATH = "/mutate"
AGENT_PORT = 80
MOST_BYTES = 8 << 20
READ_SECONDS = 30.0


def run(settings: EksSettings) -> None:
    """Serve for good."""
    kube, aws = Kube(settings.credentials), Aws(settings.aws_endpoint)
    _have_address()
    agent = _agent(Broker(kube, aws))
    webhook = _webhook(Admission(aws, settings), settings)
    threading.Thread(target=agent.serve_forever, name="agent", daemon=True).start()
    serve_health(settings.ports[POD_IDENTITY], [])
    say(f"agent on {AGENT_ADDRESS}:{AGENT_PORT}, webhook on {settings.ports[WEBHOOK]}")
    webhook.serve_forever()


def _have_address() -> None:
    """Give the node the agent's link-local address, as the agent does on every node of EKS."""
    program = shutil.which("ip") or "/usr/sbin/ip"
    command = [program, "address", "replace", f"{AGENT_ADDRESS}/32", "dev", "lo"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Admission:
    """Decides what changes in a new pod.

    Args:
        aws: The emulated AWS, which knows the associations.
        settings: Where pods find AWS, and where the list of images that cannot be had is.
    """

    def __init__(self, aws: Aws, settings: EksSettings) -> None:
        self._aws = aws
        self._settings = settings

    def review(self, request: Document) -> Document:
        """Answer an AdmissionReview.

        Raises:
            KeyError: It is none.
        """
        asked: Document = request["request"]
        answer: Document = {"uid": asked["uid"], "allowed": True}
        try:
            patch = self._patch(asked)
        except (OSError, RefusedError) as error:
            answer["allowed"] = False
            answer["status"] = {"code": 503, "message": f"EKS Pod Identity: {error}"}
        else:
            if patch:
                answer["patchType"] = "JSONPatch"
                answer["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
        return {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": answer,
        }

    def _patch(self, asked: Document) -> list[dict[str, Any]]:
        pod: Document = asked["object"]
        patch = simulation_patch(pod, simulated_images(self._settings.root))
        account = pod["spec"].get("serviceAccountName") or "default"
        role = role_of(self._aws.clusters(), asked["namespace"], account)
        if role is None:
            return patch
        around = Surroundings(role.region, self._settings.pod_aws_endpoint)
        return [*patch, *identity_patch(pod, around)]


def _webhook(admission: Admission, settings: EksSettings) -> Server:
    class Handler(_Handler):
        def do_POST(self) -> None:
            if self.path.partition("?")[0] != WEBHOOK_PATH:
                self.answer(404, {"error": f"no {self.path}"})
                return
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, MOST_BYTES))
            try:
                document = admission.review(json.loads(body))
            except (ValueError, KeyError, TypeError) as error:
                self.answer(400, {"error": f"no AdmissionReview: {error!r}"})
                return
            self.answer(200, document)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.serving_cert, settings.serving_key)
    server = _TlsServer((LOOPBACK, settings.ports[WEBHOOK]), Handler)
    server.context = context
    return server


def _agent(broker: Broker) -> Server:
    class Handler(_Handler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != CREDENTIALS_PATH:
                self.answer(404, {"error": f"no {self.path}"})
                return
            token = (self.headers.get("Authorization") or "").strip().removeprefix("Bearer ")
            try:
                document = broker.credentials(token)
            except RefusedError as error:
                say(f"refused: {error}")
                self.answer(error.status, {"code": "AccessDenied", "message": str(error)})
            except (KubeError, OSError) as error:
                say(str(error))
                self.answer(503, {"code": "ServiceUnavailable", "message": str(error)})
            else:
                self.answer(200, document)

    return Server((AGENT_ADDRESS, AGENT_PORT), Handler)


class _TlsServer(Server):
    """Makes the TLS handshake in the thread of the connection, not in the one that accepts."""

    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(READ_SECONDS)
        try:
            secured = self.context.wrap_socket(request, server_side=True)
        except OSError as error:
            say(f"TLS with {client_address[0]}: {error}")
            return
        super().finish_request(secured, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS

    def answer(self, status: int, document: Document) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Headers hold tokens: requests are not written down."""
