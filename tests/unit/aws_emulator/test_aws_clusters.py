import base64
from typing import Any

import pytest

from tests.unit.aws_emulator.support import (
    CLUSTER_ENDPOINT,
    MakeCluster,
    Network,
    make_network,
    make_role,
    refusal,
)


def test_a_cluster_keeps_what_it_was_given(
    eks: Any, make_cluster: MakeCluster, network: Network, emulator: Any, name: str
) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    make_cluster(
        version="1.34",
        resourcesVpcConfig={
            "subnetIds": list(network.subnets),
            "endpointPrivateAccess": True,
            "endpointPublicAccess": True,
            "publicAccessCidrs": ["192.0.2.0/24"],
        },
        accessConfig={
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
        upgradePolicy={"supportType": "STANDARD"},
        deletionProtection=True,
        encryptionConfig=encryption,
        kubernetesNetworkConfig={"serviceIpv4Cidr": "172.30.0.0/16"},
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        tags={"owner": "ml"},
    )
    found = eks.describe_cluster(name=name)["cluster"]
    assert found["version"] == "1.34"
    assert found["endpoint"] == CLUSTER_ENDPOINT
    assert base64.b64decode(found["certificateAuthority"]["data"]) == b"a certificate\n"
    assert found["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-west-1.")
    assert found["resourcesVpcConfig"]["vpcId"] == network.vpc
    assert found["resourcesVpcConfig"]["publicAccessCidrs"] == ["192.0.2.0/24"]
    assert found["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    assert found["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False
    assert found["upgradePolicy"] == {"supportType": "STANDARD"}
    assert found["deletionProtection"] is True
    assert found["encryptionConfig"] == encryption
    assert found["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.30.0.0/16"
    assert found["logging"]["clusterLogging"][0] == {"types": ["api", "audit"], "enabled": True}
    assert found["tags"] == {"owner": "ml"}
    assert found["status"] == "ACTIVE"
    assert name in eks.list_clusters()["clusters"]


def test_a_cluster_has_a_security_group_of_its_own_that_goes_with_it(
    eks: Any, ec2: Any, make_cluster: MakeCluster, name: str
) -> None:
    group = make_cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["GroupName"].startswith(f"eks-cluster-sg-{name}-")
    assert {"Key": f"kubernetes.io/cluster/{name}", "Value": "owned"} in found["Tags"]
    assert found["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    assert refusal(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    eks.delete_cluster(name=name)
    code, _ = refusal(ec2.describe_security_groups, GroupIds=[group])
    assert code == "InvalidGroup.NotFound"


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"version": "9.99"}, "unsupported Kubernetes version"),
        ({"version": "1.30"}, "unsupported Kubernetes version"),
        ({"roleArn": "arn:aws:iam::123456789012:role/none"}, "could not be assumed"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-0", "subnet-1"]}}, "does not exist"),
        ({"name": "-x"}, "is not valid"),
        ({"logging": {"clusterLogging": [{"types": ["bogus"], "enabled": True}]}}, "bogus"),
        (
            {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:x"}}]},
            "KMS key",
        ),
    ],
)
def test_a_wrong_cluster_is_refused(
    make_cluster: MakeCluster, settings: dict[str, Any], part: str
) -> None:
    code, message = refusal(make_cluster, **settings)
    assert code == "InvalidParameterException"
    assert part in message


def test_subnets_groups_and_endpoints_must_fit(
    make_cluster: MakeCluster, network: Network, ec2: Any
) -> None:
    def of(**network_settings: Any) -> tuple[str, str]:
        return refusal(make_cluster, resourcesVpcConfig=network_settings)

    subnets = list(network.subnets)
    assert "two different AZs" in of(subnetIds=subnets[:1])[1]
    nowhere = of(subnetIds=subnets, endpointPublicAccess=False, endpointPrivateAccess=False)
    assert "cannot be false" in nowhere[1]
    assert "does not exist" in of(subnetIds=subnets, securityGroupIds=["sg-0"])[1]
    other = make_network(ec2)
    assert "same VPC" in of(subnetIds=[subnets[0], other.subnets[1]])[1]


def test_a_role_of_another_service_is_refused(
    make_cluster: MakeCluster, iam: Any, name: str
) -> None:
    role = make_role(iam, f"{name}-lambda", "lambda.amazonaws.com")
    assert "could not be assumed" in refusal(make_cluster, roleArn=role)[1]


def test_a_second_cluster_of_a_name_is_refused(make_cluster: MakeCluster) -> None:
    make_cluster()
    assert refusal(make_cluster)[0] == "ResourceInUseException"


def test_a_change_is_merged(eks: Any, cluster: str, network: Network) -> None:
    before = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    change = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
    update = eks.update_cluster_config(name=cluster, resourcesVpcConfig=change)["update"]
    assert (update["type"], update["status"]) == ("EndpointAccessUpdate", "Successful")
    after = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert after == {**before, **change}
    assert set(after["subnetIds"]) == set(network.subnets)
    assert eks.list_updates(name=cluster)["updateIds"] == [update["id"]]
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["params"]


def test_one_kind_of_change_per_call_and_none_without_effect(eks: Any, cluster: str) -> None:
    code, message = refusal(
        eks.update_cluster_config,
        name=cluster,
        upgradePolicy={"supportType": "STANDARD"},
        deletionProtection=True,
    )
    assert (code, "Only one type" in message) == ("InvalidParameterException", True)
    _, message = refusal(
        eks.update_cluster_config, name=cluster, resourcesVpcConfig={"endpointPublicAccess": True}
    )
    assert "already at the desired configuration" in message


def test_log_types_are_switched_one_by_one(eks: Any, cluster: str) -> None:
    def switch(kinds: list[str], *, on: bool) -> list[Any]:
        setup = {"clusterLogging": [{"types": kinds, "enabled": on}]}
        eks.update_cluster_config(name=cluster, logging=setup)
        return eks.describe_cluster(name=cluster)["cluster"]["logging"]["clusterLogging"]

    assert switch(["api", "audit"], on=True)[0] == {"types": ["api", "audit"], "enabled": True}
    assert switch(["api"], on=False)[0] == {"types": ["audit"], "enabled": True}


def test_a_cluster_that_logs_keeps_its_log_group_alive(
    eks: Any, emulator: Any, make_cluster: MakeCluster, name: str
) -> None:
    logs = emulator.client("logs")
    group = f"/aws/eks/{name}/cluster"

    def groups() -> list[str]:
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return [each["logGroupName"] for each in found]

    make_cluster()
    assert groups() == []
    setup = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    eks.update_cluster_config(name=name, logging=setup)
    logs.delete_log_group(logGroupName=group)
    assert groups() == [group]
    eks.delete_cluster(name=name)
    logs.delete_log_group(logGroupName=group)
    assert groups() == []
    assert refusal(logs.delete_log_group, logGroupName=group)[0] == "ResourceNotFoundException"


def test_authentication_mode_goes_forward_only(
    eks: Any, make_cluster: MakeCluster, name: str
) -> None:
    make_cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    assert refusal(eks.list_access_entries, clusterName=name)[0] == "InvalidRequestException"
    for mode in ("API_AND_CONFIG_MAP", "API"):
        eks.update_cluster_config(name=name, accessConfig={"authenticationMode": mode})
    code, message = refusal(
        eks.update_cluster_config, name=name, accessConfig={"authenticationMode": "CONFIG_MAP"}
    )
    assert code == "InvalidParameterException"
    assert "from API to CONFIG_MAP" in message


def test_versions_go_up_one_by_one(eks: Any, make_cluster: MakeCluster, name: str) -> None:
    make_cluster(version="1.34")
    for wrong in ("1.34", "1.33", "1.36", "1.99"):
        code, _ = refusal(eks.update_cluster_version, name=name, version=wrong)
        assert code == "InvalidParameterException"
    update = eks.update_cluster_version(name=name, version="1.35")["update"]
    assert update["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=name)["cluster"]["version"] == "1.35"


def test_secrets_are_encrypted_once(eks: Any, emulator: Any, cluster: str) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    wanted = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    eks.associate_encryption_config(clusterName=cluster, encryptionConfig=wanted)
    assert eks.describe_cluster(name=cluster)["cluster"]["encryptionConfig"] == wanted
    again = refusal(eks.associate_encryption_config, clusterName=cluster, encryptionConfig=wanted)
    assert again[0] == "ResourceInUseException"


def test_a_protected_cluster_is_not_deleted(eks: Any, make_cluster: MakeCluster, name: str) -> None:
    make_cluster(deletionProtection=True)
    assert refusal(eks.delete_cluster, name=name)[0] == "InvalidRequestException"
    eks.update_cluster_config(name=name, deletionProtection=False)
    assert eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    assert refusal(eks.describe_cluster, name=name)[0] == "ResourceNotFoundException"
    assert refusal(eks.delete_cluster, name=name)[0] == "ResourceNotFoundException"


def test_lists_come_in_pages(eks: Any, cluster: str) -> None:
    assert cluster
    page = eks.list_clusters(maxResults=1)
    assert len(page["clusters"]) == 1
    every = [
        found
        for part in eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 1})
        for found in part["clusters"]
    ]
    assert sorted(every) == eks.list_clusters()["clusters"]
    assert refusal(eks.list_clusters, nextToken="bogus")[0] == "InvalidParameterException"


def test_cluster_versions_have_support_dates(eks: Any) -> None:
    found = {
        each["clusterVersion"]: each for each in eks.describe_cluster_versions()["clusterVersions"]
    }
    assert {"1.34", "1.35", "1.36"} <= set(found)
    assert found["1.35"]["defaultVersion"] is True
    assert found["1.35"]["endOfStandardSupportDate"].date().isoformat() == "2027-03-27"
    only = eks.describe_cluster_versions(clusterVersions=["1.30"])["clusterVersions"]
    assert [each["versionStatus"] for each in only] == ["UNSUPPORTED"]
    default = eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert [each["clusterVersion"] for each in default] == ["1.35"]


def test_what_is_not_emulated_says_so(eks: Any, cluster: str, cluster_role: str) -> None:
    code, message = refusal(
        eks.create_capability,
        clusterName=cluster,
        capabilityName="cd",
        type="ARGOCD",
        roleArn=cluster_role,
        deletePropagationPolicy="RETAIN",
    )
    assert code == "NotEmulated"
    assert "eks:CreateCapability" in message
