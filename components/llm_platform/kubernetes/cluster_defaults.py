"""ClusterDefaults: what every cluster needs before anything is put into it."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent, after, stack_id
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.cluster_defaults_check import check_cluster_defaults
from llm_platform.kubernetes.cluster_defaults_data import (
    PRIORITIES,
    RETAINED_CLASS,
    STORAGE_CLASS,
    STORAGE_PARAMETERS,
    TAG_PARAMETER,
)
from llm_platform.kubernetes.objects import metadata
from llm_platform.tags import STACK_TAG

PROVISIONER = "ebs.csi.aws.com"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class ClusterDefaultsArgs(TypedDict):
    """Inputs of `ClusterDefaults`."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts volumes; the EBS driver's role must be let use it. Default: the
    account's key for EBS."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels, and tags of every volume."""


class ClusterDefaults(PlatformComponent):
    """Storage classes and priorities: the smallest set that everything later refers to.

    EKS makes a cluster without a default storage class, so claims of any chart would stay
    pending; and without priority classes a batch job could keep a served model from being
    scheduled. Nothing here needs a custom resource definition, so it can stand first. The
    gateway does, and is a component of its own.
    """

    storage_class: pulumi.Output[str]
    """Name of the default storage class: gp3, encrypted, volumes go with their claims."""
    retained_storage_class: pulumi.Output[str]
    """Name of the storage class whose volumes outlive their claims."""
    serving_priority: pulumi.Output[str]
    """Name of the priority class of served models."""
    batch_priority: pulumi.Output[str]
    """Name of the priority class of work that can wait."""

    def __init__(
        self, name: str, args: ClusterDefaultsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(
            f"ClusterDefaults '{name}'", ClusterDefaultsArgs, args, check_cluster_defaults
        )
        super().__init__("ClusterDefaults", name, args, args.get("tags", {}), opts)
        self._label = name
        key = args.get("kms_key_arn")
        default = self._storage_class(STORAGE_CLASS, "Delete", default=True, key=key)
        retained = self._storage_class(RETAINED_CLASS, "Retain", default=False, key=key)
        priorities = {each: self._priority(each) for each in PRIORITIES}
        self.storage_class = after(STORAGE_CLASS, [default])
        self.retained_storage_class = after(RETAINED_CLASS, [retained])
        self.serving_priority = priorities["llm-serving"].metadata.name
        self.batch_priority = priorities["llm-batch"].metadata.name
        self.register_outputs(
            {
                "storage_class": self.storage_class,
                "retained_storage_class": self.retained_storage_class,
                "serving_priority": self.serving_priority,
                "batch_priority": self.batch_priority,
            }
        )

    def _storage_class(
        self, class_name: str, reclaim: str, *, default: bool, key: pulumi.Input[str] | None
    ) -> kubernetes.storage.v1.StorageClass:
        resource = f"{self._label}-{class_name}"
        parameters: dict[str, pulumi.Input[str]] = {**STORAGE_PARAMETERS, **self._volume_tags()}
        if key is not None:
            parameters["kmsKeyId"] = key
        return kubernetes.storage.v1.StorageClass(
            resource,
            metadata=metadata(
                self,
                resource,
                class_name,
                annotations={DEFAULT_CLASS: "true" if default else "false"},
            ),
            provisioner=PROVISIONER,
            parameters=parameters,
            reclaim_policy=reclaim,
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            opts=self.child(),
        )

    def _volume_tags(self) -> dict[str, pulumi.Input[str]]:
        """Parameters that tag volumes: one can outlive its cluster, and must then be found."""
        tags = {**self.base_tags, STACK_TAG: stack_id()}
        return {
            TAG_PARAMETER.format(number=number): f"{key}={value}"
            if isinstance(value, str)
            else pulumi.Output.concat(key, "=", value)
            for number, (key, value) in enumerate(sorted(tags.items()), start=1)
        }

    def _priority(self, class_name: str) -> kubernetes.scheduling.v1.PriorityClass:
        resource = f"{self._label}-{class_name}"
        priority = PRIORITIES[class_name]
        return kubernetes.scheduling.v1.PriorityClass(
            resource,
            metadata=metadata(self, resource, class_name),
            value=priority.value,
            description=priority.description,
            preemption_policy=priority.preemption,
            global_default=False,
            opts=self.child(),
        )
