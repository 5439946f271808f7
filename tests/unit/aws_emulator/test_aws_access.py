from typing import Any

import pytest

from tests.unit.aws_emulator.support import make_role, refusal

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
CREATOR = "arn:aws:iam::123456789012:user/local"


def test_the_creator_of_a_cluster_administers_it(eks: Any, cluster: str) -> None:
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == [CREATOR]
    held = eks.list_associated_access_policies(clusterName=cluster, principalArn=CREATOR)
    policies = held["associatedAccessPolicies"]
    assert [each["policyArn"] for each in policies] == [ADMIN]
    assert policies[0]["accessScope"] == {"type": "cluster", "namespaces": []}


def test_an_entry_lives(eks: Any, cluster: str, pod_role: str) -> None:
    entry = {"clusterName": cluster, "principalArn": pod_role}
    made = eks.create_access_entry(**entry, kubernetesGroups=["viewers"], tags={"a": "b"})
    assert made["accessEntry"]["username"] == (
        "arn:aws:sts::123456789012:assumed-role/pod-role/{{SessionName}}"
    )
    eks.update_access_entry(**entry, kubernetesGroups=["editors"], username="ml:{{SessionName}}")
    found = eks.describe_access_entry(**entry)["accessEntry"]
    assert (found["kubernetesGroups"], found["username"]) == (["editors"], "ml:{{SessionName}}")
    assert eks.list_tags_for_resource(resourceArn=found["accessEntryArn"])["tags"] == {"a": "b"}
    assert refusal(eks.create_access_entry, **entry)[0] == "ResourceInUseException"
    eks.delete_access_entry(**entry)
    assert refusal(eks.describe_access_entry, **entry)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("settings", "code", "part"),
    [
        ({"kubernetesGroups": ["system:masters"]}, "InvalidParameterException", "system:"),
        ({"username": "system:admin"}, "InvalidParameterException", "system:"),
        ({"principalArn": "arn:aws:sts::123456789012:assumed-role/a/b"}, None, "invalid principal"),
        ({"principalArn": "arn:aws:iam::123456789012:role/none"}, None, "is unknown"),
        ({"type": "EC2_LINUX", "username": "x"}, "InvalidRequestException", "EC2_LINUX"),
        ({"type": "BOGUS"}, "InvalidParameterException", "BOGUS"),
    ],
)
def test_a_wrong_entry_is_refused(
    eks: Any, cluster: str, pod_role: str, settings: dict[str, Any], code: str | None, part: str
) -> None:
    wanted = {"clusterName": cluster, "principalArn": pod_role, **settings}
    found, message = refusal(eks.create_access_entry, **wanted)
    assert found == (code or "InvalidParameterException")
    assert part in message


def test_roles_with_paths_and_of_other_accounts_can_have_entries(eks: Any, cluster: str) -> None:
    for principal in (
        "arn:aws:iam::210987654321:role/team/deploy",
        "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1",
        "arn:aws:iam::123456789012:root",
    ):
        eks.create_access_entry(clusterName=cluster, principalArn=principal)
        found = eks.describe_access_entry(clusterName=cluster, principalArn=principal)
        assert found["accessEntry"]["principalArn"] == principal


def test_policies_are_associated_with_a_scope(eks: Any, cluster: str, pod_role: str) -> None:
    entry = {"clusterName": cluster, "principalArn": pod_role}
    eks.create_access_entry(**entry)
    scope = {"type": "namespace", "namespaces": ["tenant"]}
    eks.associate_access_policy(**entry, policyArn=VIEW, accessScope=scope)
    eks.associate_access_policy(**entry, policyArn=VIEW, accessScope={"type": "cluster"})
    held = eks.list_associated_access_policies(**entry)["associatedAccessPolicies"]
    assert [(each["policyArn"], each["accessScope"]["type"]) for each in held] == [
        (VIEW, "cluster")
    ]
    with_view = eks.list_access_entries(clusterName=cluster, associatedPolicyArn=VIEW)
    assert with_view["accessEntries"] == [pod_role]
    eks.disassociate_access_policy(**entry, policyArn=VIEW)
    assert eks.list_associated_access_policies(**entry)["associatedAccessPolicies"] == []
    gone = refusal(eks.disassociate_access_policy, **entry, policyArn=VIEW)
    assert gone[0] == "ResourceNotFoundException"


def test_a_wrong_association_is_refused(eks: Any, cluster: str, pod_role: str) -> None:
    entry = {"clusterName": cluster, "principalArn": pod_role}
    missing = refusal(
        eks.associate_access_policy, **entry, policyArn=VIEW, accessScope={"type": "cluster"}
    )
    assert missing[0] == "ResourceNotFoundException"
    eks.create_access_entry(**entry)
    for arn, scope in (
        (f"{VIEW}Bogus", {"type": "cluster"}),
        (VIEW, {"type": "namespace"}),
        (VIEW, {"type": "cluster", "namespaces": ["a"]}),
    ):
        code, _ = refusal(eks.associate_access_policy, **entry, policyArn=arn, accessScope=scope)
        assert code == "InvalidParameterException"


def test_known_policies_are_listed(eks: Any) -> None:
    names = {each["name"] for each in eks.list_access_policies()["accessPolicies"]}
    assert {"AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy"} <= names


def test_an_identity_association_lives(
    eks: Any, iam: Any, cluster: str, pod_role: str, name: str
) -> None:
    wanted = {"clusterName": cluster, "namespace": "models", "serviceAccount": "server"}
    made = eks.create_pod_identity_association(**wanted, roleArn=pod_role, tags={"a": "b"})
    association = made["association"]
    assert association["associationArn"].endswith(f"{cluster}/{association['associationId']}")
    one = {"clusterName": cluster, "associationId": association["associationId"]}
    code, message = refusal(eks.create_pod_identity_association, **wanted, roleArn=pod_role)
    assert code == "ResourceInUseException"
    assert association["associationId"] in message
    other = make_role(iam, f"{name}-other", "pods.eks.amazonaws.com")
    eks.update_pod_identity_association(**one, roleArn=other, disableSessionTags=True)
    found = eks.describe_pod_identity_association(**one)["association"]
    assert (found["roleArn"], found["disableSessionTags"]) == (other, True)
    eks.tag_resource(resourceArn=found["associationArn"], tags={"c": "d"})
    eks.untag_resource(resourceArn=found["associationArn"], tagKeys=["a"])
    tags = eks.list_tags_for_resource(resourceArn=found["associationArn"])["tags"]
    assert tags == {"c": "d"}
    eks.create_pod_identity_association(**{**wanted, "namespace": "other"}, roleArn=other)
    listed = eks.list_pod_identity_associations(clusterName=cluster, namespace="models")
    assert [each["namespace"] for each in listed["associations"]] == ["models"]
    eks.delete_pod_identity_association(**one)
    gone = refusal(eks.describe_pod_identity_association, **one)
    assert gone[0] == "ResourceNotFoundException"


def test_an_association_needs_its_role_and_cluster(eks: Any, cluster: str, pod_role: str) -> None:
    wanted = {"namespace": "models", "serviceAccount": "server"}
    role = "arn:aws:iam::123456789012:role/none"
    unknown = refusal(
        eks.create_pod_identity_association, clusterName=cluster, **wanted, roleArn=role
    )
    assert unknown[0] == "InvalidParameterException"
    nowhere = refusal(
        eks.create_pod_identity_association, clusterName="none", **wanted, roleArn=pod_role
    )
    assert nowhere[0] == "ResourceNotFoundException"


def test_tags_of_unknown_things_are_refused(eks: Any) -> None:
    arn = "arn:aws:eks:eu-west-1:123456789012:addon/none/none/0"
    assert refusal(eks.tag_resource, resourceArn=arn, tags={})[0] == "NotFoundException"
