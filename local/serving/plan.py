"""The two processes of a server as a table for the keeper. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.cluster.processes import Health, Plan, ProcessSpec, Restart
from local.serving.order import ServePorts
from local.serving.record import LOOPBACK, SERVE_FILE

TRITON = "triton"
GATEWAY = "gateway"
TRITON_EXIT_SECONDS = 5
"""Seconds that Triton gives running requests when it is stopped."""
TRITON_STOP_SECONDS = 15.0
GATEWAY_STOP_SECONDS = 10.0
CONFIRM_SECONDS = 300.0
"""Longer than any start takes: the keeper ends by itself when the command that began it died."""


@dataclass(frozen=True)
class ServePlan:
    """What the processes of a server have in common.

    Attributes:
        folder: The server's folder.
        python: Interpreter of `services/`.
        cache: Folder of what can be made again.
        repository: Model repository.
        models: Models to load at the start.
        ports: Its ports.
        gateway_file: The gateway's settings.
    """

    folder: Path
    python: Path
    cache: Path
    repository: Path
    models: Sequence[str]
    ports: ServePorts
    gateway_file: Path

    def processes(self) -> Plan:
        """The table; in its order the processes start, in the reverse they stop."""
        return Plan(
            (self._triton(), self._gateway()),
            confirm_file=SERVE_FILE,
            confirm_seconds=CONFIRM_SECONDS,
        )

    def _triton(self) -> ProcessSpec:
        ports = self.ports
        argv = [
            *(str(self.python), "-P", "-m", "serving.launch"),
            *("--repository", str(self.repository)),
            *("--http-port", str(ports.triton_http)),
            *("--grpc-port", str(ports.triton_grpc)),
            *("--metrics-port", str(ports.triton_metrics)),
            *("--exit-seconds", str(TRITON_EXIT_SECONDS)),
            *("--load", *self.models),
        ]
        return ProcessSpec(
            name=TRITON,
            title="Triton",
            argv=argv,
            env=self._env(),
            restart=Restart.ALWAYS,
            health=Health(f"http://{LOOPBACK}:{ports.triton_http}/v2/health/ready"),
            stop_seconds=TRITON_STOP_SECONDS,
            ports=(ports.triton_http, ports.triton_grpc, ports.triton_metrics),
        )

    def _gateway(self) -> ProcessSpec:
        ports = self.ports
        return ProcessSpec(
            name=GATEWAY,
            title="gateway",
            argv=[str(self.python), "-P", "-m", "gateway", "--config", str(self.gateway_file)],
            env=self._env(),
            restart=Restart.ALWAYS,
            health=Health(f"http://{LOOPBACK}:{ports.http}/v2/health/ready"),
            stop_seconds=GATEWAY_STOP_SECONDS,
            ports=(ports.http, ports.grpc),
        )

    def _env(self) -> dict[str, str]:
        # Nothing of the caller's environment: no proxies, no credentials, no debug switches.
        return {
            "HOME": str(self.folder),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "LLMP_CACHE": str(self.cache),
        }
