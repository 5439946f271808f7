import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.aws.services.s3_policy import applies, effective, lets_logs_in
from tests.unit.aws_emulator.support import REGION, Emulator, refusal

ACCOUNT = "123456789012"


def _deny(bucket: str, condition: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        **({"Condition": condition} if condition else {}),
    }


def _policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _bucket(s3: Any, name: str) -> str:
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


def test_a_policy_for_tls_lets_objects_through(emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3")
    bucket = _bucket(s3, f"{name}-tls")
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy(_deny(bucket, tls)))
    s3.put_object(Bucket=bucket, Key="model", Body=b"weights")
    assert s3.get_object(Bucket=bucket, Key="model")["Body"].read() == b"weights"
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy(_deny(bucket, None)))
    assert refusal(s3.get_object, Bucket=bucket, Key="model")[0] in {"403", "AccessDenied"}
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="model")
    s3.delete_bucket(Bucket=bucket)


def test_what_is_not_there_is_not_found(emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3")
    bucket = _bucket(s3, f"{name}-empty")
    assert refusal(s3.head_object, Bucket=bucket, Key="none")[0] == "404"
    assert refusal(s3.head_bucket, Bucket=f"{name}-none")[0] == "404"
    assert refusal(s3.get_object, Bucket=bucket, Key="none")[0] == "NoSuchKey"


def test_access_logs_go_into_a_bucket_with_a_deny(emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3")
    source, target = _bucket(s3, f"{name}-source"), _bucket(s3, f"{name}-logs")
    logging = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "s3/"}}
    deny = _deny(target, {"Bool": {"aws:SecureTransport": "false"}})
    s3.put_bucket_policy(Bucket=target, Policy=_policy(deny))
    code, _ = refusal(s3.put_bucket_logging, Bucket=source, BucketLoggingStatus=logging)
    assert code == "InvalidTargetBucketForLogging"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/s3/*",
    }
    s3.put_bucket_policy(Bucket=target, Policy=_policy(deny, allow))
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=logging)
    found = s3.get_bucket_logging(Bucket=source)["LoggingEnabled"]
    assert (found["TargetBucket"], found["TargetPrefix"]) == (target, "s3/")


def test_settings_of_a_bucket_that_moto_drops_are_kept(emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3")
    bucket = _bucket(s3, f"{name}-kept")
    rules: list[dict[str, Any]] = [
        {"ID": "plain", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 9}},
        {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert sorted(found, key=lambda rule: rule["ID"]) == rules
    events: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=events)
    answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert answer["EventBridgeConfiguration"] == {}


def test_the_key_of_a_log_group_changes(emulator: Emulator, name: str) -> None:
    logs = emulator.client("logs")
    group = {"logGroupName": f"/eks/{name}"}
    logs.create_log_group(**group)
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    logs.associate_kms_key(**group, kmsKeyId=key)
    found = logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"][0]
    assert found["kmsKeyId"] == key
    logs.disassociate_kms_key(**group)
    found = logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"][0]
    assert "kmsKeyId" not in found
    wrong = refusal(logs.associate_kms_key, **group, kmsKeyId="arn:aws:kms:x:1:key/none")
    assert wrong[0] == "InvalidParameterException"
    none = refusal(logs.disassociate_kms_key, logGroupName=f"/none/{name}")
    assert none[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"BoolIfExists": {"aws:SecureTransport": "false"}}, False),
        ({"Null": {"aws:SecureTransport": "true"}}, False),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, False),
    ],
)
def test_a_statement_applies_when_its_condition_is_known_to_hold(
    condition: Any, expected: bool
) -> None:
    assert applies(_deny("bucket", condition)) is expected


def test_a_deny_for_somebody_is_not_one_for_all() -> None:
    someone = {**_deny("bucket", None), "Principal": {"AWS": "arn:aws:iam::1:role/a"}}
    everyone = {**_deny("bucket", None), "Principal": {"AWS": ["*"]}}
    assert applies(someone) is False
    assert applies(everyone) is True
    assert effective(_policy(someone)) is None


def test_logs_need_the_right_place() -> None:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": ["logging.s3.amazonaws.com"]},
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::logs/a/*"],
    }
    assert lets_logs_in(_policy(allow), "logs", "a/") is True
    assert lets_logs_in(_policy(allow), "logs", "b/") is False
    assert lets_logs_in(_policy({**allow, "Effect": "Deny"}), "logs", "a/") is False


def test_a_key_keeps_its_period_of_rotation(emulator: Emulator) -> None:
    kms = emulator.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 180)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    secret = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"x"
    kms.schedule_key_deletion(KeyId=key)
    assert refusal(kms.enable_key_rotation, KeyId=key)[0] == "KMSInvalidStateException"
    assert refusal(kms.get_key_rotation_status, KeyId="none")[0] == "NotFoundException"


def test_public_parameters_of_images(emulator: Emulator) -> None:
    ssm = emulator.client("ssm")
    root = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/nvidia/recommended"
    image = ssm.get_parameter(Name=f"{root}/image_id")["Parameter"]
    assert image["Value"].startswith("ami-0")
    release = ssm.get_parameter(Name=f"{root}/release_version")["Parameter"]["Value"]
    assert release.startswith("1.35.")
    bottlerocket = "/aws/service/bottlerocket/aws-k8s-1.35-nvidia/x86_64/latest"
    names = [f"{bottlerocket}/image_id", f"{bottlerocket}/image_version", f"{root}/none"]
    answer = ssm.get_parameters(Names=names)
    assert {each["Name"] for each in answer["Parameters"]} == set(names[:2])
    assert answer["InvalidParameters"] == names[2:]
    below = [
        each["Name"]
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True)
        for each in page["Parameters"]
    ]
    assert sorted(below) == [f"{root}/{n}" for n in ("image_id", "image_name", "release_version")]
    missing = refusal(ssm.get_parameter, Name=f"{root.replace('1.35', '1.20')}/image_id")
    assert missing[0] == "ParameterNotFound"
    ssm.put_parameter(Name="/own/one", Value="1", Type="String")
    assert [each["Name"] for each in ssm.describe_parameters()["Parameters"]] == ["/own/one"]
    ssm.delete_parameter(Name="/own/one")


def test_quotas_of_gpu_instances(emulator: Emulator) -> None:
    quotas = emulator.client("service-quotas")
    found = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-DB2E81BA")["Quota"]
    assert found["QuotaName"] == "Running On-Demand G and VT instances"
    assert found["Value"] > 0
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {"L-417A185B", "L-3819A6DF"} <= {each["QuotaCode"] for each in listed}
    assert quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
    for service, code in (("ec2", "L-00000000"), ("bogus", "L-DB2E81BA")):
        wrong = refusal(quotas.get_service_quota, ServiceCode=service, QuotaCode=code)
        assert wrong[0] == "NoSuchResourceException"


def test_managed_policies_can_be_attached(iam: Any, node_role: str) -> None:
    name = node_role.rpartition("/")[2]
    wanted = [
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonSSMManagedInstanceCore",
        "service-role/AmazonEBSCSIDriverPolicy",
    ]
    for policy in wanted:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    held = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert {each["PolicyName"] for each in held} == {each.rpartition("/")[2] for each in wanted}
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_callers(emulator: Emulator) -> None:
    identity = emulator.client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/local"
    assert identity["Account"] == ACCOUNT


def test_a_budget_lives(emulator: Emulator, name: str) -> None:
    budgets = emulator.client("budgets")
    budget = {
        "BudgetName": name,
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    }
    alarm = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    mail = {"SubscriptionType": "EMAIL", "Address": "team@example.org"}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=budget,
        NotificationsWithSubscribers=[{"Notification": alarm, "Subscribers": [mail]}],
        ResourceTags=[{"Key": "owner", "Value": "ml"}],
    )
    one = {"AccountId": ACCOUNT, "BudgetName": name}
    budgets.update_budget(
        AccountId=ACCOUNT, NewBudget={**budget, "BudgetLimit": {"Amount": "200", "Unit": "USD"}}
    )
    found = budgets.describe_budget(**one)["Budget"]
    assert found["BudgetLimit"]["Amount"] == "200"
    about = {**one, "Notification": alarm}
    assert budgets.describe_subscribers_for_notification(**about)["Subscribers"] == [mail]
    topic = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"}
    budgets.create_subscriber(**about, Subscriber=topic)
    again = refusal(budgets.create_subscriber, **about, Subscriber=topic)
    assert again[0] == "DuplicateRecordException"
    budgets.delete_subscriber(**about, Subscriber=mail)
    assert budgets.describe_subscribers_for_notification(**about)["Subscribers"] == [topic]
    changed = {**alarm, "Threshold": 90.0}
    budgets.update_notification(**one, OldNotification=alarm, NewNotification=changed)
    listed = budgets.describe_notifications_for_budget(**one)["Notifications"]
    assert [each["Threshold"] for each in listed] == [90.0]
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "a", "Value": "b"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["owner"])
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    budgets.delete_budget(**one)
    assert refusal(budgets.describe_budget, **one)[0] == "NotFoundException"
    gone = refusal(budgets.update_budget, AccountId=ACCOUNT, NewBudget=budget)
    assert gone[0] == "NotFoundException"


def test_an_anomaly_monitor_lives(emulator: Emulator, name: str) -> None:
    costs = emulator.client("ce")
    monitor = {"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    arn = costs.create_anomaly_monitor(AnomalyMonitor=monitor)["MonitorArn"]
    costs.update_anomaly_monitor(MonitorArn=arn, MonitorName=f"{name}-new")
    found = costs.get_anomaly_monitors(MonitorArnList=[arn])["AnomalyMonitors"]
    assert [each["MonitorName"] for each in found] == [f"{name}-new"]
    subscription = {
        "SubscriptionName": name,
        "MonitorArnList": [arn],
        "Subscribers": [{"Type": "EMAIL", "Address": "team@example.org"}],
        "Frequency": "DAILY",
    }
    made = costs.create_anomaly_subscription(AnomalySubscription=subscription)["SubscriptionArn"]
    costs.update_anomaly_subscription(SubscriptionArn=made, Frequency="WEEKLY")
    listed = costs.get_anomaly_subscriptions(MonitorArn=arn)["AnomalySubscriptions"]
    assert [each["Frequency"] for each in listed] == ["WEEKLY"]
    costs.delete_anomaly_subscription(SubscriptionArn=made)
    costs.delete_anomaly_monitor(MonitorArn=arn)
    gone = refusal(costs.delete_anomaly_monitor, MonitorArn=arn)
    assert gone[0] == "UnknownMonitorException"
    lost = refusal(costs.create_anomaly_subscription, AnomalySubscription=subscription)
    assert lost[0] == "UnknownMonitorException"


def test_versions_are_listed_while_others_are_deleted(emulator: Emulator, name: str) -> None:
    s3 = emulator.client("s3")
    bucket = _bucket(s3, f"{name}-versions")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    keys = [f"model-{number}/config.pbtxt" for number in range(48)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"name")

    def delete(key: str) -> None:
        listed = s3.list_object_versions(Bucket=bucket, Prefix=key)
        for each in listed["Versions"]:
            s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(delete, keys))

    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)
