"""One local cloud, runs that are killed in it, and what is counted in AWS and Kubernetes."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local import cloud
from local.aws.client import client
from local.aws.inventory import alive, inventory
from local.cluster.inventory import inventory as kubernetes_inventory
from local.faults.crash import CrashPoint
from local.paths import REPOSITORY
from local.reporter import QuietReporter

REGION = "eu-central-1"
STACK = "local"
HERE = Path(__file__).parent

Count = dict[str, int]


@dataclass(frozen=True)
class Answer:
    """What became of one run.

    Attributes:
        error: Its error, empty when it went well.
        changes: Resources by operation.
        decisions: What recovery did first: action, resource and who knew of it.
        fired: Whether the crash point was reached.
    """

    error: str
    changes: dict[str, int]
    decisions: list[list[str]]
    fired: bool


class World:
    """The cloud of the stack `local` in a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._answer = folder / "answer.json"
        os.environ["LLMP_STATE"] = str(folder / "state")
        paths = [str(REPOSITORY), str(HERE)]
        self._child = subprocess.Popen(
            [sys.executable, str(HERE / "recovery_child.py")],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said()

    def close(self) -> None:
        """End the child and the cloud."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait()
        cloud.stop(STACK, QuietReporter())

    def run(
        self,
        do: str = "up",
        *,
        point: CrashPoint | None = None,
        version: int = 1,
        stack: str = STACK,
        recovery: bool = True,
    ) -> Answer:
        """Run `up` or `destroy` as `llmp` does; it dies at `point`."""
        self._answer.unlink(missing_ok=True)
        job = {
            "do": do,
            "point": asdict(point) if point else None,
            "version": version,
            "stack": stack,
            "recovery": recovery,
            "answer": str(self._answer),
        }
        if self._child.stdin is None:
            raise LookupError("the child was started without a pipe")
        self._child.stdin.write(json.dumps(job) + "\n")
        self._child.stdin.flush()
        self._said()
        return Answer(**json.loads(self._answer.read_text()))

    def unlike(self) -> list[list[str]]:
        """Resources of the state for which looking in the cloud finds something else."""
        return self.run("find").decisions

    def killed(self, point: CrashPoint, do: str = "up", **options: Any) -> Answer:
        """A run that has to reach the point, and to die there."""
        answer = self.run(do, point=point, **options)
        assert answer.fired, answer
        assert answer.error, answer
        return answer

    def count(self) -> Count:
        """Objects by kind, in AWS and in Kubernetes themselves; never from the state."""
        found = cloud.find(STACK)
        assert found is not None
        aws = alive(inventory(found.aws_endpoint, REGION))
        inside = self._settled(found.kubeconfig)
        return {
            **{f"aws {kind}": len(names) for kind, names in aws.items()},
            **{f"kubernetes {kind}": len(names) for kind, names in inside.items()},
        }

    def aws(self, service: str) -> Any:
        """A boto3 client of the cloud."""
        found = cloud.find(STACK)
        assert found is not None
        return client(service, found.aws_endpoint, REGION)

    @staticmethod
    def _settled(kubeconfig: Path) -> dict[str, list[str]]:
        """What is in the cluster, once its controllers have made and removed what is theirs."""
        deadline = time.monotonic() + 60
        while True:
            found = kubernetes_inventory(kubeconfig)
            own = Counter(name.partition("/")[0] for name in found["core/ServiceAccount"])
            if set(own) == set(found["core/Namespace"]):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.2)

    def _said(self) -> None:
        line = self._child.stdout.readline() if self._child.stdout else ""
        assert line, "the child died"


def more(found: Count, than: Count) -> Count:
    """What there is more of, in the middle of a life.

    Rules of security groups are left out: AWS gives every VPC's own group some, which the stack
    takes away later on.
    """
    return {
        kind: n
        for kind, n in found.items()
        if n > than.get(kind, 0) and kind != "aws ec2/security-group-rule"
    }
