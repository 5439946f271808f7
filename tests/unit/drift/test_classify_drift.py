"""Which differences there are, whose they are, and what `up` does with them."""

from typing import Any

import pytest
from drift_samples import entry, live, ours, refreshed, rules

from infra.drift import classify
from infra.drift.classify import drifts_of
from infra.drift.model import SECRET, Drift, Kind, Live, OwnerKind, Remedy, Rules

MAP = "kubernetes:core/v1:ConfigMap"
SECRETS = "kubernetes:core/v1:Secret"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NODES = "aws:eks/nodeGroup:NodeGroup"
VPC = "aws:ec2/vpc:Vpc"
KUBECTL = entry("kubectl-edit", {"f:data": {"f:a": {}}})


def only(drifts: list[Drift]) -> Drift:
    assert len(drifts) == 1, drifts
    return drifts[0]


def changed_map(**more: Any) -> Any:
    return refreshed(
        MAP,
        recorded={"data": {"a": "1", "b": "2"}},
        current={"data": {"a": "9", "b": "2"}},
        differing={"data.a": "update"},
        **more,
    )


def test_what_the_engine_calls_the_same_is_no_drift() -> None:
    same = {"data": {"a": "1"}}
    assert drifts_of(refreshed(MAP, recorded=same, current=same), rules(), None) == []


class TestKubernetes:
    def test_a_field_of_somebody_else_is_refused_without_force(self) -> None:
        there = live({"data": {"a": "9", "b": "2"}}, ours({"f:data": {"f:b": {}}}), KUBECTL)

        found = only(drifts_of(changed_map(), rules(known={"data": {"a": "1", "b": "2"}}), there))

        assert (found.path, found.kind, found.recorded, found.current) == (
            "data.a", Kind.CHANGED, "1", "9",
        )  # fmt: skip
        assert (found.owner.kind, found.owner.name) == (OwnerKind.PERSON, "kubectl-edit")
        assert (found.remedy, found.why) == (Remedy.REFUSED, classify.CONFLICT)

    def test_it_is_taken_back_with_force(self) -> None:
        there = live({"data": {"a": "9", "b": "2"}}, ours({"f:data": {"f:b": {}}}), KUBECTL)

        known = {"data": {"a": "1", "b": "2"}}
        found = only(drifts_of(changed_map(), rules(forced=True, known=known), there))

        assert (found.remedy, found.why) == (Remedy.REPAIRED, classify.TAKEN_BACK)

    def test_a_removed_field_belongs_to_nobody_and_is_set_again(self) -> None:
        case = refreshed(
            MAP, recorded={"data": {"a": "1"}}, current={}, differing={"data": "delete"}
        )
        there = live({}, ours({}), entry("kubectl-edit", {"f:immutable": {}}))

        found = only(drifts_of(case, rules(), there))

        assert (found.kind, found.remedy) == (Kind.DELETED, Remedy.REPAIRED)
        assert found.owner.kind is OwnerKind.UNKNOWN
        assert "kubectl-edit at 2026-11-24T10:00:00Z" in found.owner.detail

    def test_an_ignored_field_is_left_to_the_autoscaler_that_wrote_it(self) -> None:
        case = refreshed(
            DEPLOYMENT, recorded={"spec": {"replicas": 2}}, current={"spec": {"replicas": 5}}
        )
        scaled = entry(
            "kube-controller-manager", {"f:spec": {"f:replicas": {}}}, subresource="scale"
        )

        found = only(
            drifts_of(
                case,
                rules(ignored=("spec.replicas",), forced=True),
                live({"spec": {"replicas": 5}}, ours({}), scaled),
            )
        )

        assert (found.recorded, found.current) == (2, 5)
        assert found.owner.kind is OwnerKind.AUTOSCALER
        assert found.remedy is Remedy.LEFT_ALONE
        assert "An HPA or KEDA" in found.why

    def test_an_ignored_field_that_did_not_change_is_no_drift(self) -> None:
        same = {"spec": {"replicas": 2}}
        case = refreshed(DEPLOYMENT, recorded=same, current=same)
        assert drifts_of(case, rules(ignored=("spec.replicas",)), live(same, ours({}))) == []

    def test_what_people_added_stays_unless_the_object_is_updated_anyway(self) -> None:
        data = {"data": {"a": "1", "theirs": "x"}}
        known = {"data": {"a": "1"}}
        added = entry("kubectl-edit", {"f:data": {"f:theirs": {}}})
        there = live(data, ours({"f:data": {"f:a": {}}}), added)
        untouched = refreshed(MAP, recorded=known, current=known)

        stays = only(drifts_of(untouched, rules(known=known), there))
        assert (stays.path, stays.kind, stays.current) == ("data.theirs", Kind.ADDED, "x")
        assert (stays.remedy, stays.why) == (Remedy.LEFT_ALONE, classify.OTHERS_STAY)

        both = drifts_of(changed_map(), rules(known=known, forced=True), there)
        assert [(each.path, each.why) for each in both] == [
            ("data.a", classify.AGAIN),
            ("data.theirs", classify.GOES_TOO),
        ]

    def test_what_controllers_added_is_their_business(self) -> None:
        data = {"data": {"a": "1", "theirs": "x"}}
        added = entry("kube-controller-manager", {"f:data": {"f:theirs": {}}})
        case = refreshed(MAP, recorded={"data": {"a": "1"}}, current={"data": {"a": "1"}})
        there = live(data, ours({"f:data": {"f:a": {}}}), added)
        assert drifts_of(case, rules(known={"data": {"a": "1"}}), there) == []

    def test_an_item_of_a_list_is_found_by_its_key(self) -> None:
        def pods(*containers: dict[str, str]) -> dict[str, Any]:
            return {"spec": {"containers": list(containers)}}

        mine, sidecar = {"name": "web", "image": "a"}, {"name": "sidecar", "image": "s"}
        changed = {**mine, "image": "b"}
        image = "spec.containers[0].image"
        case = refreshed(
            DEPLOYMENT, recorded=pods(mine), current=pods(changed), differing={image: "update"}
        )
        theirs: Any = {'k:{"name":"web"}': {"f:image": {}}, 'k:{"name":"sidecar"}': {".": {}}}
        by_hand = entry("kubectl-patch", {"f:spec": {"f:containers": theirs}})
        own = ours({"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:name": {}}}}})
        # the API server has the other container first
        there = live(pods(sidecar, changed), own, by_hand)

        found = drifts_of(case, rules(forced=True, known=pods(mine)), there)

        assert [(each.path, each.kind) for each in found] == [
            (image, Kind.CHANGED),
            ("spec.containers[0]", Kind.ADDED),
        ]
        assert found[0].owner.name == "kubectl-patch"
        assert found[1].current == sidecar

    def test_no_value_of_a_secret_is_shown(self) -> None:
        marked = {"data": SECRET}
        case = refreshed(
            SECRETS, recorded=marked, current=marked, differing={"data.token": "update"}
        )
        by_hand = entry("kubectl-edit", {"f:data": {"f:token": {}, "f:more": {}}})
        there = live({"data": {"token": "bmV3", "more": "eA=="}}, ours({}), by_hand)

        found = drifts_of(case, rules(known={"data": {"token": "b2xk"}}), there)

        assert [(each.path, each.recorded, each.current) for each in found] == [
            ("data.token", SECRET, SECRET),
            ("data.more", SECRET, SECRET),
        ]

    def test_what_was_added_beside_a_secret_of_the_program_is_not_shown(self) -> None:
        case = refreshed(MAP, recorded={"data": SECRET}, current={"data": SECRET})
        by_hand = entry("kubectl-edit", {"f:data": {"f:more": {}}})
        there = live({"data": {"a": "1", "more": "x"}}, ours({"f:data": {"f:a": {}}}), by_hand)
        found = only(drifts_of(case, rules(known={"data": {"a": "1"}}), there))
        assert (found.path, found.current) == ("data.more", SECRET)

    def test_an_object_that_cannot_be_read_has_owners_that_are_not_known(self) -> None:
        found = only(drifts_of(changed_map(), rules(), Live(problem="No access.")))
        assert (found.owner.kind, found.owner.detail) == (OwnerKind.UNKNOWN, "No access.")
        assert found.remedy is Remedy.REPAIRED

    def test_a_release_is_helms(self) -> None:
        release = "kubernetes:helm.sh/v3:Release"
        changed = refreshed(release, differing={"values.a": "update"})
        assert only(drifts_of(changed, rules(), None)).owner.kind is OwnerKind.HELM
        assert "Helm" in only(drifts_of(refreshed(release, gone=True), rules(), None)).owner.detail

    def test_a_deleted_object_is_made_anew(self) -> None:
        found = only(drifts_of(refreshed(MAP, gone=True), rules(), None))
        assert (found.path, found.kind, found.remedy) == ("", Kind.DELETED, Remedy.REPAIRED)
        assert "audit log" in found.owner.detail


class TestAws:
    def test_nobody_knows_who_it_was(self) -> None:
        case = refreshed(
            VPC,
            recorded={"tags": {"a": "1"}},
            current={"tags": {"a": "1", "owner": "x"}},
            outputs={"arn": "arn:aws:ec2:eu-central-1:1:vpc/vpc-1"},
            differing={"tags.owner": "add", "tagsAll.owner": "add"},
        )

        found = only(drifts_of(case, Rules(), None))

        assert (found.path, found.kind, found.current) == ("tags.owner", Kind.ADDED, "x")
        assert (found.remedy, found.why) == (Remedy.REPAIRED, classify.TAKEN_OUT)
        assert found.owner.kind is OwnerKind.UNKNOWN
        assert "CloudTrail for arn:aws:ec2:eu-central-1:1:vpc/vpc-1." in found.owner.detail

    def test_default_tags_alone_are_told(self) -> None:
        case = refreshed(VPC, differing={"tagsAll.stack": "delete"})
        assert only(drifts_of(case, Rules(), None)).path == "tagsAll.stack"

    @pytest.mark.parametrize(
        ("outputs", "name"),
        [({"bucket": "logs"}, "arn:aws:s3:::logs"), ({}, "team/x")],
    )
    def test_a_setting_of_a_bucket_is_looked_for_under_the_bucket(
        self, outputs: dict[str, str], name: str
    ) -> None:
        gone = refreshed("aws:s3/bucketPolicy:BucketPolicy", gone=True, outputs=outputs)
        assert f"CloudTrail for {name}." in only(drifts_of(gone, Rules(), None)).owner.detail

    def test_a_declared_field_is_left_to_its_owner(self) -> None:
        case = refreshed(
            NODES,
            recorded={"scalingConfig": {"desiredSize": 1}},
            current={"scalingConfig": {"desiredSize": 3}},
        )
        found = only(drifts_of(case, Rules(ignored=("scalingConfig.desiredSize",)), None))
        assert (found.owner.kind, found.remedy) == (OwnerKind.AUTOSCALER, Remedy.LEFT_ALONE)
        assert "Cluster Autoscaler" in found.why

    @pytest.mark.parametrize(("current", "kinds"), [({}, []), (True, [Kind.CHANGED])])
    def test_what_the_cloud_never_reports_is_no_drift(
        self, current: Any, kinds: list[Kind]
    ) -> None:
        field = "bootstrapSelfManagedAddons"
        case = refreshed(
            "aws:eks/cluster:Cluster",
            recorded={field: False},
            current={field: current} if current else {},
        )
        found = drifts_of(case, Rules(ignored=(field,)), None)
        assert [each.kind for each in found] == kinds

    def test_without_ignore_changes_a_declaration_does_nothing(self) -> None:
        case = refreshed(NODES, differing={"scalingConfig.desiredSize": "update"})
        assert only(drifts_of(case, Rules(), None)).remedy is Remedy.REPAIRED

    def test_an_ignored_field_without_declaration_is_the_programs_word(self) -> None:
        case = refreshed(VPC, recorded={"tags": {"a": "1"}}, current={"tags": {}})
        found = only(drifts_of(case, Rules(ignored=("tags",)), None))
        assert (found.path, found.kind, found.owner.kind) == (
            "tags", Kind.CHANGED, OwnerKind.OTHER,
        )  # fmt: skip

    def test_a_replacement_is_said(self) -> None:
        case = refreshed(VPC, differing={"cidrBlock": "update-replace"})
        assert only(drifts_of(case, Rules(), None)).why == classify.REPLACED
