"""Logs, budgets, parameters, secrets, queues, topics, images: by name, with tags to judge them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from infra.recovery.model import Condition, Found
from infra.recovery.search import Rule, Search, everything, from_list, items, or_none, part


def _log_group(search: Search) -> Sequence[Found]:
    logs, name = search.client("logs"), search.text("name")
    groups = everything(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    for each in groups:
        if each["logGroupName"] == name:
            arn = str(each["arn"]).removesuffix(":*")
            answer = or_none(logs.list_tags_for_resource, resourceArn=arn)
            ours = search.ours(part(answer, "tags"))
            made = datetime.fromtimestamp(each["creationTime"] / 1000, UTC)
            return [Found(name, ours=ours, made=made)]
    return []


def _budget(search: Search) -> Sequence[Found]:
    name = search.text("name")
    account = str(
        search.input("accountId") or search.client("sts").get_caller_identity()["Account"]
    )
    budgets = search.client("budgets")
    if or_none(budgets.describe_budget, AccountId=account, BudgetName=name) is None:
        return []
    # a budget's name is its own within the account, and it is paid for by nobody else
    return [Found(f"{account}:{name}")]


def _parameter(search: Search) -> Sequence[Found]:
    ssm, name = search.client("ssm"), search.text("name")
    filters = [{"Key": "Name", "Values": [name]}]
    if not everything(ssm, "describe_parameters", "Parameters", ParameterFilters=filters):
        return []
    answer = or_none(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId=name)
    return [Found(name, ours=search.ours(from_list(items(answer, "TagList"))))]


def _secret(search: Search) -> Sequence[Found]:
    answer = or_none(search.client("secretsmanager").describe_secret, SecretId=search.text("name"))
    if answer is None:
        return []
    gone = answer.get("DeletedDate") is not None
    return [
        Found(
            str(answer["ARN"]),
            condition=Condition.ENDING if gone else Condition.READY,
            ours=search.ours(from_list(answer.get("Tags"))),
            made=answer.get("CreatedDate"),
            status="scheduled for deletion" if gone else "",
        )
    ]


def _queue(search: Search) -> Sequence[Found]:
    sqs = search.client("sqs")
    answer = or_none(sqs.get_queue_url, QueueName=search.text("name"))
    if answer is None:
        return []
    url = str(answer["QueueUrl"])
    tags = or_none(sqs.list_queue_tags, QueueUrl=url)
    return [Found(url, ours=search.ours(part(tags, "Tags")))]


def _topic(search: Search) -> Sequence[Found]:
    sns, name = search.client("sns"), search.text("name")
    for each in everything(sns, "list_topics", "Topics"):
        arn = str(each["TopicArn"])
        if arn.rpartition(":")[2] == name:
            tags = or_none(sns.list_tags_for_resource, ResourceArn=arn)
            return [Found(arn, ours=search.ours(from_list(items(tags, "Tags"))))]
    return []


def _repository(search: Search) -> Sequence[Found]:
    ecr, name = search.client("ecr"), search.text("name")
    answer = or_none(ecr.describe_repositories, repositoryNames=[name])
    if answer is None:
        return []
    arn = answer["repositories"][0]["repositoryArn"]
    tags = or_none(ecr.list_tags_for_resource, resourceArn=arn)
    return [Found(name, ours=search.ours(from_list(items(tags, "tags"))))]


RULES: Mapping[str, Rule] = {
    "aws:cloudwatch/logGroup:LogGroup": Rule(_log_group, ("name",)),
    "aws:budgets/budget:Budget": Rule(_budget, ("name",)),
    "aws:ssm/parameter:Parameter": Rule(_parameter, ("name",)),
    "aws:secretsmanager/secret:Secret": Rule(_secret, ("name",)),
    "aws:sqs/queue:Queue": Rule(_queue, ("name",)),
    "aws:sns/topic:Topic": Rule(_topic, ("name",)),
    "aws:ecr/repository:Repository": Rule(_repository, ("name",)),
}
"""Type token to rule."""
