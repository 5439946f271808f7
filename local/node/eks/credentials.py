"""Temporary credentials for a pod, from the emulated AWS, by its service account's association."""

import http.client
import json
import threading
import urllib.error
import urllib.request
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from local.node.eks.kube import Document, Kube
from local.node.eks.mutation import AUDIENCE

ANSWER_SECONDS = 20.0
RENEWED_BEFORE = timedelta(minutes=15)
"""How long before their end credentials are handed out no more."""
SESSION_SECONDS = 3600
POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


class RefusedError(Exception):
    """No credentials for this caller.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Caller:
    """The pod behind a token.

    Attributes:
        namespace: Its namespace.
        service_account: Its service account.
        pod: Its name.
        uid: Its uid.
    """

    namespace: str
    service_account: str
    pod: str
    uid: str


@dataclass(frozen=True)
class Role:
    """A role to take, with what an association says about how.

    Attributes:
        association: Id of the association.
        cluster: Name of its cluster.
        cluster_arn: ARN of its cluster.
        region: Region of its cluster.
        arn: ARN of the role.
        target: ARN of a second role to be taken with the first; empty for none.
        external_id: External id for the second role.
        is_tagged: Whether the session carries the pod's tags.
        problem: Why EKS cannot take the role, in words; empty when it can.
    """

    association: str
    cluster: str
    cluster_arn: str
    region: str
    arn: str
    target: str
    external_id: str
    is_tagged: bool
    problem: str = ""


def caller_of(review: Document) -> Caller:
    """The pod that a TokenReview with its status filled in is about.

    Raises:
        RefusedError: The token is none of a pod for this audience.
    """
    status: Document = review.get("status") or {}
    if not status.get("authenticated") or AUDIENCE not in (status.get("audiences") or []):
        why = status.get("error") or f"it is not valid for audience {AUDIENCE}"
        raise RefusedError(400, f"the service account token was rejected: {why}")
    user: Document = status.get("user") or {}
    username = str(user.get("username", ""))
    namespace, _, account = username.removeprefix(_SERVICE_ACCOUNT).partition(":")
    extra: Mapping[str, Sequence[str]] = user.get("extra") or {}
    names, uids = extra.get(POD_NAME) or [], extra.get(POD_UID) or []
    if not username.startswith(_SERVICE_ACCOUNT) or not account or not names or not uids:
        raise RefusedError(400, "the token was not issued to a pod")
    return Caller(namespace, account, names[0], uids[0])


def role_of(clusters: Sequence[Document], namespace: str, service_account: str) -> Role | None:
    """The role of a service account by the associations of all clusters; None without one.

    All clusters of the emulated cloud have the same API server.
    """
    for cluster in clusters:
        for each in cluster["associations"]:
            if (each["namespace"], each["serviceAccount"]) == (namespace, service_account):
                return Role(
                    association=each["associationId"],
                    cluster=cluster["name"],
                    cluster_arn=cluster["arn"],
                    region=cluster["region"],
                    arn=each["roleArn"],
                    target=each["targetRoleArn"],
                    external_id=each["externalId"],
                    is_tagged=not each["disableSessionTags"],
                    problem=each["problem"],
                )
    return None


def session_tags(role: Role, caller: Caller) -> dict[str, str]:
    """Tags of a pod's session, by which policies can tell pods apart."""
    return {
        "eks-cluster-arn": role.cluster_arn,
        "eks-cluster-name": role.cluster,
        "kubernetes-namespace": caller.namespace,
        "kubernetes-service-account": caller.service_account,
        "kubernetes-pod-name": caller.pod,
        "kubernetes-pod-uid": caller.uid,
    }


class Aws:
    """The emulated AWS, as the node's agents talk to it.

    Args:
        endpoint: Its address.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def clusters(self) -> list[Document]:
        """The overview of its EKS.

        Raises:
            OSError: It does not answer.
        """
        try:
            answer = self._ask(urllib.request.Request(f"{self._endpoint}/_llmp/eks"))  # noqa: S310
        except RefusedError as error:
            raise OSError(str(error)) from None
        found: Any = json.loads(answer)
        return list(found["clusters"])

    def session(self, role: Role, caller: Caller) -> Document:
        """Credentials for `caller`, in the form in which the SDKs want them.

        Raises:
            RefusedError: STS refuses.
            OSError: It does not answer.
        """
        name = f"eks-{role.cluster}-{caller.pod}"[:27] + f"-{uuid.uuid4()}"
        tags = session_tags(role, caller) if role.is_tagged else {}
        found = self._assumed(role, role.arn, name, ("local", ""), tags)
        if role.target:
            own = (found["AccessKeyId"], found["Token"])
            found = self._assumed(role, role.target, name, own, tags)
        return found

    def _assumed(
        self, role: Role, arn: str, name: str, caller: tuple[str, str], tags: Mapping[str, str]
    ) -> Document:
        form = {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": arn,
            "RoleSessionName": name,
            "DurationSeconds": str(SESSION_SECONDS),
        }
        if role.external_id and arn == role.target:
            form["ExternalId"] = role.external_id
        for number, (key, value) in enumerate(tags.items(), 1):
            form[f"Tags.member.{number}.Key"] = key
            form[f"Tags.member.{number}.Value"] = value
        key, token = caller
        date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{key}/{date[:8]}/{role.region}/sts/aws4_request"
        # The emulator reads the caller and the service from the signature's scope only.
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, "
            f"Signature={'0' * 64}",
            "X-Amz-Date": date,
            "Content-Type": "application/x-www-form-urlencoded",
            **({"X-Amz-Security-Token": token} if token else {}),
        }
        body = urlencode(form).encode()
        request = urllib.request.Request(self._endpoint, body, headers)  # noqa: S310
        return _credentials(self._ask(request))

    def _ask(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise RefusedError(403, f"AWS refused: {_message(text)}") from None
        except http.client.HTTPException as error:
            raise OSError(f"AWS cannot be reached: {error}") from None


def _credentials(answer: bytes) -> Document:
    root = ET.fromstring(answer)  # noqa: S314 the emulator is ours
    found = root.find(f"{_STS}AssumeRoleResult/{_STS}Credentials")
    if found is None:
        raise RefusedError(502, "STS gave no credentials")
    values = {each.tag.removeprefix(_STS): each.text or "" for each in found}
    user = root.findtext(f"{_STS}AssumeRoleResult/{_STS}AssumedRoleUser/{_STS}Arn") or ""
    return {
        "AccessKeyId": values["AccessKeyId"],
        "SecretAccessKey": values["SecretAccessKey"],
        "Token": values["SessionToken"],
        "AccountId": user.split(":")[4] if user.count(":") >= 5 else "",
        "Expiration": values["Expiration"],
    }


def _message(text: str) -> str:
    try:
        root = ET.fromstring(text)  # noqa: S314 the emulator is ours
    except ET.ParseError:
        return text[:200]
    found = [each.text or "" for each in root.iter() if each.tag.rpartition("}")[2] == "Message"]
    return found[0] if found else text[:200]


class Broker:
    """Hands out credentials to pods; may be used by several threads at once.

    Args:
        kube: The API server, which knows whose token it is.
        aws: The emulated AWS.
    """

    def __init__(self, kube: Kube, aws: Aws) -> None:
        self._kube = kube
        self._aws = aws
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], Document] = {}

    def credentials(self, token: str) -> Document:
        """Credentials of the pod that `token` was issued to.

        Raises:
            RefusedError: It may have none; says why.
            KubeError: The API server refuses or does not answer.
            OSError: AWS does not answer.
        """
        if not token:
            raise RefusedError(401, "the Authorization header holds no service account token")
        review = self._kube.create(
            "/apis/authentication.k8s.io/v1/tokenreviews",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": token, "audiences": [AUDIENCE]},
            },
        )
        caller = caller_of(review)
        role = role_of(self._aws.clusters(), caller.namespace, caller.service_account)
        if role is None:
            account = f"{caller.namespace}/{caller.service_account}"
            raise RefusedError(404, f"service account {account} has no pod identity association")
        if role.problem:
            raise RefusedError(403, role.problem)
        return self._session(role, caller)

    def _session(self, role: Role, caller: Caller) -> Document:
        key = (caller.uid, role.association, role.arn + role.target)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or is_old(kept, datetime.now(UTC)):
                kept = self._aws.session(role, caller)
                now = datetime.now(UTC)
                self._kept = {k: v for k, v in self._kept.items() if not is_old(v, now)}
                self._kept[key] = kept
            return kept


def is_old(credentials: Document, now: datetime) -> bool:
    """Whether credentials end too soon to be handed out."""
    ends = datetime.fromisoformat(str(credentials["Expiration"]))
    return ends - now < RENEWED_BEFORE
