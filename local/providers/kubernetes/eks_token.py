"""The token of ``aws eks get-token``: a presigned STS call that names the cluster."""

import base64
from typing import Any

import boto3.session
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.signers import RequestSigner

from local.providers.model import ProviderError

PREFIX = "k8s-aws-v1."
ROLE_SESSION = "EKSGetTokenAuth"
LIFETIME_SECONDS = 60
"""How long the presigned URL may be used to sign in, as the AWS CLI sets it."""


def eks_token(
    cluster: str, region: str, profile: str | None = None, role: str | None = None
) -> str:
    """A token for `cluster`, signed with whatever credentials the environment gives.

    The endpoint of STS is the environment's too (``AWS_ENDPOINT_URL``), as for any AWS SDK.

    Args:
        cluster: Name of the cluster.
        region: Region whose STS is asked.
        profile: Profile of the AWS configuration, or none for the environment's.
        role: ARN of a role to take on first, or none.

    Raises:
        ProviderError: There are no credentials, or the role cannot be taken on.
    """
    try:
        return _signed(cluster, region, profile, role)
    except (BotoCoreError, ClientError) as error:
        raise ProviderError(f"no token for the EKS cluster {cluster!r}: {error}") from None


def _signed(cluster: str, region: str, profile: str | None, role: str | None) -> str:
    session: Any = boto3.session.Session(region_name=region, profile_name=profile)
    if role is not None:
        taken = session.client("sts").assume_role(RoleArn=role, RoleSessionName=ROLE_SESSION)
        keys = taken["Credentials"]
        session = boto3.session.Session(
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
    if session.get_credentials() is None:
        raise NoCredentialsError
    client = session.client("sts")
    signer: Any = RequestSigner(
        client.meta.service_model.service_id,
        region,
        "sts",
        "v4",
        session.get_credentials(),
        session.events,
    )
    query = "?Action=GetCallerIdentity&Version=2011-06-15"
    url: str = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{client.meta.endpoint_url.rstrip('/')}/{query}",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name=region,
        expires_in=LIFETIME_SECONDS,
        operation_name="",
    )
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
