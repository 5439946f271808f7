"""Policies about the stack as a whole: budget, GPUs, prices, buckets, the running total."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from case_parts import (
    CLUSTER,
    CLUSTER_TYPE,
    NODE_GROUP,
    NODE_GROUP_TYPE,
    NODE_POOL,
    NODE_POOL_TYPE,
    SSE_TYPE,
    TEMPLATE_TYPE,
)
from changes import changed
from helpers import TODAY, evaluation, settings, subject, urn

from llm_platform.cost import load_catalogue
from llm_platform_policies import catalogue
from llm_platform_policies.evaluation import Evaluation, Finding

BUDGET = catalogue.BY_ID["cost-worst-case-budget"]
GPUS = catalogue.BY_ID["cost-gpu-count-max"]
GUARDED = catalogue.BY_ID["storage-bucket-guarded"]
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"


def with_budget(amount: float, **changes: Any) -> Evaluation:
    cost = settings().cost.model_copy(update={"monthly_budget_usd": amount, **changes})
    return evaluation(settings=settings().model_copy(update={"cost": cost}))


def budget_findings(amount: float) -> list[Finding]:
    resources = [
        subject(NODE_GROUP_TYPE, NODE_GROUP, "gpu"),
        subject(CLUSTER_TYPE, CLUSTER, "cluster"),
    ]
    return with_budget(amount).check_stack(BUDGET, resources)


# g6.2xlarge 0.9776 an hour: 713.648 a month; 100 GiB gp3: 8; control plane: 73
MINIMUM = 713.648 + 8 + 73
WORST = 2 * (713.648 + 8) + 73


def test_a_worst_case_within_the_budget_passes() -> None:
    assert budget_findings(WORST + 0.01) == []


def test_a_worst_case_above_the_budget_is_told_with_its_table() -> None:
    (found,) = budget_findings(WORST - 0.01)

    first, *table = found.message.splitlines()
    assert first == (
        "The worst case of 1,516.30 USD a month is above the budget of prod, 1,516.29."
    )
    assert table[0].split() == [
        "USD", "a", "month,", "us-east-1", "minimum", "expected", "worst", "case",
    ]  # fmt: skip
    assert table[1].split()[-3:] == ["713.65", "713.65", "1,427.30"]
    assert table[-2].split() == ["total", "794.65", "794.65", "1,516.30"]
    assert table[-1].split() == ["budget", "1,516.29"]


def test_an_expected_cost_above_the_budget_is_told_as_such() -> None:
    (found,) = budget_findings(MINIMUM - 0.01)

    assert found.message.startswith("The expected cost of 794.65 USD a month is above")


@pytest.mark.parametrize(("largest", "count"), [(2, 0), (8, 0), (9, 1)])
def test_gpus_are_counted_at_the_largest_size(largest: int, count: int) -> None:
    group = changed(NODE_GROUP, "scalingConfig.maxSize", largest)

    found = evaluation().check_stack(GPUS, [subject(NODE_GROUP_TYPE, group, "gpu")])

    assert len(found) == count


def test_gpus_of_all_pools_count_together() -> None:
    group = changed(NODE_GROUP, "instanceTypes", ["m7i.large", "g6.12xlarge"])
    resources = [
        subject(NODE_GROUP_TYPE, group, "gpu"),
        subject(NODE_POOL_TYPE, NODE_POOL, "pool"),
    ]

    (found,) = evaluation().check_stack(GPUS, resources)

    assert "10 GPUs (gpu 8, pool 2); this environment may have 8" in found.message


def test_gpus_of_a_type_that_only_the_launch_template_names_count_too() -> None:
    group = {"scalingConfig": {"minSize": 0, "maxSize": 3}}
    template = subject(TEMPLATE_TYPE, {"instanceType": "g6.12xlarge"}, "template")
    pool = subject(NODE_GROUP_TYPE, group, "gpu", references=(template.urn,))

    (found,) = evaluation().check_stack(GPUS, [template, pool])

    assert "12 GPUs (gpu 12)" in found.message


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0, []),
        (180, []),
        (181, ["cost-catalogue-stale"]),
        (365, ["cost-catalogue-stale"]),
        (366, ["cost-catalogue-expired"]),
    ],
)
def test_prices_grow_old(days: int, told: list[str]) -> None:
    prices = load_catalogue()
    oldest = TODAY - timedelta(days=prices.age_in_days(TODAY))
    run = evaluation(today=oldest + timedelta(days=days))

    found = [
        finding.policy
        for name in ("cost-catalogue-stale", "cost-catalogue-expired")
        for finding in run.check_stack(catalogue.BY_ID[name], [])
    ]

    assert found == told


def test_the_prices_of_today_are_fresh() -> None:
    assert load_catalogue().age_in_days(TODAY) <= 180


def test_a_bucket_needs_both_companions() -> None:
    bucket = subject(BUCKET, {}, "models")
    mine = (urn(BUCKET, "models"),)
    block = subject(BLOCK, {}, "block", references=mine)
    encryption = subject(SSE_TYPE, {}, "encryption", references=mine)
    of_another = subject(BLOCK, {}, "other", references=(urn(BUCKET, "other"),))

    assert evaluation().check_stack(GUARDED, [bucket, block, encryption]) == []
    (found,) = evaluation().check_stack(GUARDED, [bucket, of_another, encryption])
    assert found.urn == bucket.urn
    assert "BucketPublicAccessBlock" in found.message
    assert len(evaluation().check_stack(GUARDED, [bucket])) == 2


def test_a_run_stops_at_the_resource_that_breaks_the_budget() -> None:
    run = with_budget(WORST - 1)
    run.context = replace(run.context, preview=False)
    total = catalogue.RUNNING_TOTAL

    assert run.check_resource(total, subject(CLUSTER_TYPE, CLUSTER, "cluster")) == []
    (found,) = run.check_resource(total, subject(NODE_GROUP_TYPE, NODE_GROUP, "gpu"))
    assert "With gpu the worst case reaches 1,516.30 USD a month" in found.message
    assert run.check_resource(total, subject("aws:iam/role:Role", {}, "role")) == []


def test_the_running_total_is_silent_at_preview_and_counts_nothing_twice() -> None:
    run = with_budget(1)
    group = subject(NODE_GROUP_TYPE, NODE_GROUP, "gpu")
    assert run.check_resource(catalogue.RUNNING_TOTAL, group) == []

    run = with_budget(WORST)
    run.context = replace(run.context, preview=False)
    for _ in range(3):
        assert run.check_resource(catalogue.RUNNING_TOTAL, group) == []
