"""A Secret with a random password that exists in the cluster alone."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent
from llm_platform.kubernetes.objects import metadata

GENERATORS = "generators.external-secrets.io/v1alpha1"
EXTERNAL_SECRETS = "external-secrets.io/v1"
DEFAULT_LENGTH = 32


class GeneratedSecret(TypedDict):
    """A Secret with a user's name and a random password. Neither is in Pulumi's state."""

    name: str
    """Name of the Secret."""
    user: str
    """The user's name."""
    user_key: str
    """Key under which the user's name is found."""
    password_key: str
    """Key under which the password is found."""
    length: NotRequired[int]
    """Characters of the password. Default: 32."""


def generated_secret(
    component: PlatformComponent,
    resource: str,
    namespace: pulumi.Input[str],
    secret: GeneratedSecret,
) -> kubernetes.apiextensions.CustomResource:
    """Have External Secrets make a Secret once; it is never changed afterwards.

    Args:
        component: Parent of what is made.
        resource: First part of the logical names.
        namespace: Namespace of the Secret.
        secret: What it holds.
    """
    generator = kubernetes.apiextensions.CustomResource(
        f"{resource}-generator",
        api_version=GENERATORS,
        kind="Password",
        metadata=metadata(component, f"{resource}-generator", secret["name"], namespace),
        spec={
            "length": secret.get("length", DEFAULT_LENGTH),
            "digits": 8,
            "symbols": 0,
            "noUpper": False,
            "allowRepeat": True,
        },
        opts=component.child(),
    )
    return kubernetes.apiextensions.CustomResource(
        resource,
        api_version=EXTERNAL_SECRETS,
        kind="ExternalSecret",
        metadata=metadata(component, resource, secret["name"], namespace),
        spec={
            "refreshPolicy": "CreatedOnce",
            "target": {
                "name": secret["name"],
                "creationPolicy": "Owner",
                "template": {
                    "data": {
                        secret["user_key"]: secret["user"],
                        secret["password_key"]: "{{ .password }}",
                    }
                },
            },
            "dataFrom": [
                {
                    "sourceRef": {
                        "generatorRef": {
                            "apiVersion": GENERATORS,
                            "kind": "Password",
                            "name": secret["name"],
                        }
                    }
                }
            ],
        },
        opts=component.child(depends_on=[generator]),
    )
