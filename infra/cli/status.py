"""`llmp status`: what the stack says stands, beside what the clouds themselves list."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli import report
from infra.cli.engine import Engine
from infra.cli.leftovers import holdings, living
from infra.cli.program import Program
from infra.cli.session import POLICY_PACK, local_environment
from infra.cli.workspace import lay_out
from infra.settings import Settings
from local import cloud, toolchain
from local.cloud import LocalCloud
from local.cluster.crds import UNVALIDATED_LABEL
from local.errors import LocalCloudError
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.reporter import QuietReporter


def status(stack: str, settings: Settings, *, whole: bool, as_json: bool) -> int:
    """Print what stands; exit code 1 when the local cloud is not up."""
    console = Console(highlight=False, soft_wrap=True)
    if not settings.environment.cloud.is_here:
        raise LocalCloudError(
            f"Stack {stack} stands in AWS; this command knows the local cloud only.",
            f"Use: pulumi stack --stack {stack} --show-urns",
        )
    local_cloud = cloud.find(stack)
    if local_cloud is None:
        console.print(f"Stack {stack} has no local cloud that is up. Start it: llmp up {stack}")
        return 1
    resources = _resources(stack, local_cloud, settings.region, Program(settings))
    found = holdings(local_cloud, settings.region)
    if as_json:
        console.print_json(json.dumps(_document(stack, local_cloud, resources, found)))
        return 0
    console.print(report.resource_tree(stack, resources, whole=whole))
    console.print(_inventory_table(found, whole=whole))
    open_kinds = unvalidated_kinds(local_cloud)
    if open_kinds:
        words = (
            f"Kinds whose schema could not be had; anything is accepted: {', '.join(open_kinds)}"
        )
        console.print(Text(words, style="yellow"))
    report.print_where_to_look(console, stack, local_cloud)
    return 0


def unvalidated_kinds(local_cloud: LocalCloud) -> list[str]:
    """Kinds for which the API server has a permissive definition only, as ``KIND.GROUP``."""
    api = Api(read_kubeconfig(local_cloud.kubeconfig.read_text(encoding="utf-8")))
    found = api.get(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        labelSelector=f"{UNVALIDATED_LABEL}=true",
    )
    specs = [each["spec"] for each in found["items"]]
    return sorted(f"{spec['names']['kind']}.{spec['group']}" for spec in specs)


def _resources(
    stack: str, local_cloud: LocalCloud, region: str, program: Program
) -> list[dict[str, Any]]:
    tools = toolchain.ensure(("pulumi",), QuietReporter())
    folder = local_cloud.engine_folder
    engine = Engine(
        pulumi=tools["pulumi"],
        stack=stack,
        workspace=lay_out(folder, stack),
        env=local_environment(local_cloud, region),
        program=program,
        policy_packs=(POLICY_PACK,),
        tell=print,
    )
    return engine.resources()


def _document(
    stack: str,
    local_cloud: LocalCloud,
    resources: list[dict[str, Any]],
    found: dict[str, dict[str, str]],
) -> dict[str, Any]:
    alive = living(found)
    return {
        "stack": stack,
        "cloud": {
            "id": local_cloud.id,
            "providers": local_cloud.providers,
            "aws": local_cloud.aws_endpoint,
            "kubernetes": local_cloud.cluster_endpoint,
            "kubeconfig": str(local_cloud.kubeconfig),
        },
        "resources": [
            {"urn": each["urn"], "type": each["type"], "id": each.get("id", "")}
            for each in report.standing(resources)
        ],
        "unvalidated": unvalidated_kinds(local_cloud),
        "holdings": {
            kind: sorted(name for name in objects if (kind, name) in alive)
            for kind, objects in found.items()
        },
    }


def _inventory_table(found: dict[str, dict[str, str]], *, whole: bool) -> Table:
    alive = living(found)
    table = Table(title="What AWS and Kubernetes list themselves", title_justify="left", box=None)
    table.add_column("kind")
    table.add_column("objects", justify="right")
    table.add_column("names", overflow="fold")
    for kind, objects in sorted(found.items()):
        names = sorted(name for name in objects if (kind, name) in alive)
        if names:
            shown = names if whole else names[:3]
            more = "" if len(shown) == len(names) else f", … {len(names) - len(shown)} more"
            table.add_row(kind, str(len(names)), Text(", ".join(shown) + more, style="dim"))
    return table
