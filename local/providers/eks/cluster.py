"""`eks.Cluster`: the children that the real component makes, in its order and by its names."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from local.providers.eks import rules, values
from local.providers.eks.parts import ServiceRole, VpcCniAddon, newest_version
from local.providers.eks.raw import KUBERNETES_VERSION, AwsResource, Role
from local.providers.eks.state import Made, component_state

Inputs = Mapping[str, Any]

CREATE_TIME_ONLY = [
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
    "bootstrapSelfManagedAddons",
]


class Cluster(pulumi.ComponentResource):
    """The component; `state` holds its outputs for the answer to Construct."""

    def __init__(self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Cluster", name, {}, opts)
        self._name = name
        self._inputs = inputs
        self._tags = inputs.get("tags")
        role = self._service_role()
        groups = not inputs.get("skipDefaultSecurityGroups")
        cluster_group = self._security_group("eksClusterSecurityGroup", {}) if groups else None
        if cluster_group is not None:
            self._rule(rules.CLUSTER_EGRESS, cluster_group, cluster_group)
        self._cluster = self._control_plane(role, cluster_group)
        self._managed_addon("kube-proxy", inputs.get("kubeProxyAddonOptions") or {})
        kubeconfig = self._kubeconfig()
        provider = self._kubernetes_provider(kubeconfig)
        entries = self._access_entries()
        if not inputs.get("useDefaultVpcCni"):
            VpcCniAddon(
                f"{name}-vpc-cni",
                inputs.get("vpcCniOptions") or {},
                self._cluster,
                self._tags,
                pulumi.ResourceOptions(parent=self, depends_on=entries),
            )
        self._coredns()
        oidc_provider = self._oidc_provider() if inputs.get("createOidcProvider") else None
        node_group, ingress = self._node_security(cluster_group)
        self.state = component_state(
            inputs,
            Made(
                cluster=self._cluster,
                role=role,
                kubeconfig=kubeconfig,
                provider=provider,
                subnets=self._subnets(),
                issuer=self._issuer(),
                cluster_group=cluster_group,
                node_group=node_group,
                cluster_ingress=ingress,
                oidc_provider=oidc_provider,
            ),
        )
        self.register_outputs(self.state)

    def _child(self, token: str, suffix: str, inputs: Inputs, **options: Any) -> AwsResource:
        return AwsResource(token, f"{self._name}-{suffix}", inputs, self, **options)

    def _service_role(self) -> Role | None:
        if self._inputs.get("serviceRole") is not None:
            return None
        return ServiceRole(f"{self._name}-eksRole", self._tags, self).made

    def _security_group(self, suffix: str, tags: Any) -> AwsResource:
        name = f"{self._name}-{suffix}"
        return self._child(
            "aws:ec2/securityGroup:SecurityGroup",
            suffix,
            {
                "description": "Managed by Pulumi",
                "revokeRulesOnDelete": True,
                "tags": values.merged({"Name": name}, tags, self._tags),
                "vpcId": self._inputs["vpcId"],
            },
        )

    def _rule(self, rule: rules.Rule, group: AwsResource, other: AwsResource) -> AwsResource:
        peer: dict[str, Any] = {
            "self": {"self": True},
            "everywhere": {"cidrBlocks": [rules.EVERYWHERE]},
            "other": {"sourceSecurityGroupId": other.id},
        }[rule.peer]
        return self._child(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            rule.suffix,
            {
                "description": rule.description,
                "fromPort": rule.ports[0],
                "protocol": rule.protocol,
                "securityGroupId": group.id,
                "toPort": rule.ports[1],
                "type": rule.direction,
                **peer,
            },
            outputs=("securityGroupRuleId",),
        )

    def _control_plane(self, role: Role | None, group: AwsResource | None) -> AwsResource:
        given = self._inputs
        name = f"{self._name}-eksCluster"
        service_role: Any = given.get("serviceRole")
        role_arn = role.role.output("arn") if role else service_role.arn
        key = given.get("encryptionConfigKeyArn")
        network = values.present(
            serviceIpv4Cidr=given.get("kubernetesServiceIpAddressRange"),
            ipFamily=given.get("ipFamily")
            or ("ipv4" if given.get("kubernetesServiceIpAddressRange") else None),
        )
        inputs: dict[str, Any] = {
            "accessConfig": {
                "authenticationMode": given["authenticationMode"],
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "bootstrapSelfManagedAddons": given.get("bootstrapSelfManagedAddons", True),
            "deletionProtection": given.get("deletionProtection"),
            "enabledClusterLogTypes": given.get("enabledClusterLogTypes"),
            "encryptionConfig": {"provider": {"keyArn": key}, "resources": ["secrets"]}
            if key is not None
            else None,
            "kubernetesNetworkConfig": network or None,
            "name": given.get("name"),
            "roleArn": role_arn,
            "tags": values.merged({"Name": name}, given.get("clusterTags"), self._tags),
            "upgradePolicy": given.get("upgradePolicy"),
            "version": given.get("version"),
            "vpcConfig": values.present(
                endpointPrivateAccess=given.get("endpointPrivateAccess"),
                endpointPublicAccess=given.get("endpointPublicAccess"),
                publicAccessCidrs=given.get("publicAccessCidrs"),
                securityGroupIds=[group.id] if group else None,
                subnetIds=self._subnets(),
            ),
        }
        return self._child(
            "aws:eks/cluster:Cluster",
            "eksCluster",
            inputs,
            outputs=(
                "arn",
                "name",
                "endpoint",
                "certificateAuthority",
                "identities",
                "version",
                "vpcConfig",
            ),
            options=pulumi.ResourceOptions(
                ignore_changes=CREATE_TIME_ONLY, depends_on=list(role.attachments) if role else None
            ),
        )

    def _subnets(self) -> Any:
        if "subnetIds" in self._inputs:
            return self._inputs["subnetIds"]
        return pulumi.Output.all(
            self._inputs.get("publicSubnetIds") or [], self._inputs.get("privateSubnetIds") or []
        ).apply(lambda both: [*both[0], *both[1]])

    def _managed_addon(self, addon: str, options: Inputs) -> None:
        if options.get("enabled") is False:
            return
        configuration = options.get("configurationValues")
        self._child(
            "aws:eks/addon:Addon",
            addon,
            {
                "addonName": addon,
                "addonVersion": options.get("version")
                or newest_version(addon, self._cluster, self),
                "clusterName": self._cluster.output("name"),
                "configurationValues": values.sorted_json(configuration) if configuration else None,
                "preserve": True,
                "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
                "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
                "tags": self._tags,
            },
        )

    def _coredns(self) -> None:
        options: Inputs = self._inputs.get("corednsAddonOptions") or {}
        # without a default node group there is nowhere to run it, unless it is asked for
        if options.get("enabled") is True or options.get("configurationValues"):
            self._managed_addon("coredns", options)

    def _kubeconfig(self) -> pulumi.Output[Any]:
        cluster = self._cluster
        return pulumi.Output.all(
            cluster.output("name"),
            cluster.output("endpoint"),
            cluster.output("arn"),
            cluster.output("certificateAuthority"),
        ).apply(
            lambda known: values.kubeconfig(
                known[0], known[1], values.region_of(known[2]), known[3]["data"]
            )
        )

    def _kubernetes_provider(self, kubeconfig: pulumi.Output[Any]) -> pulumi.ProviderResource:
        return pulumi.ProviderResource(
            "kubernetes",
            f"{self._name}-eks-k8s",
            values.present(
                kubeconfig=kubeconfig.apply(values.sorted_json),
                enableConfigMapMutable=self._inputs.get("enableConfigMapMutable"),
            ),
            pulumi.ResourceOptions(parent=self, version=KUBERNETES_VERSION),
        )

    def _access_entries(self) -> list[pulumi.Resource]:
        made: list[pulumi.Resource] = []
        entries = cast("Mapping[str, Inputs]", self._inputs.get("accessEntries") or {})
        for key, entry in entries.items():
            fixed = {
                "clusterName": self._cluster.output("name"),
                "principalArn": entry["principalArn"],
            }
            resource = self._child(
                "aws:eks/accessEntry:AccessEntry",
                key,
                {
                    **fixed,
                    "kubernetesGroups": entry.get("kubernetesGroups"),
                    "tags": entry.get("tags"),
                    "type": entry.get("type"),
                    "userName": entry.get("username"),
                },
                options=pulumi.ResourceOptions(depends_on=[self._cluster]),
            )
            made.append(resource)
            policies = cast("Mapping[str, Inputs]", entry.get("accessPolicies") or {})
            for policy_key, policy in policies.items():
                AwsResource(
                    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
                    f"{self._name}-{key}-{policy_key}",
                    {
                        **fixed,
                        "accessScope": policy["accessScope"],
                        "policyArn": policy["policyArn"],
                    },
                    resource,
                )
        return made

    def _oidc_provider(self) -> AwsResource:
        return self._child(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            "oidcProvider",
            {
                "clientIdLists": ["sts.amazonaws.com"],
                # the real component connects to the issuer to read this; here nobody answers
                "thumbprintLists": ["0" * 40],
                "url": self._issuer(),
            },
            outputs=("arn",),
        )

    def _issuer(self) -> pulumi.Output[Any]:
        return self._cluster.output("identities").apply(
            lambda identities: identities[0]["oidcs"][0]["issuer"]
        )

    def _node_security(
        self, cluster_group: AwsResource | None
    ) -> tuple[AwsResource | None, AwsResource | None]:
        if cluster_group is None:
            return None, None
        owned = self._cluster.output("name").apply(
            lambda name: {f"kubernetes.io/cluster/{name}": "owned"}
        )
        tags = values.merged(owned, self._inputs.get("nodeSecurityGroupTags"))
        nodes = self._security_group("nodeSecurityGroup", tags)
        made = {
            rule.suffix: self._rule(
                rule,
                nodes if rule.on_nodes else cluster_group,
                cluster_group if rule.on_nodes else nodes,
            )
            for rule in rules.NODE_RULES
        }
        return nodes, made[rules.CLUSTER_INGRESS.suffix]
