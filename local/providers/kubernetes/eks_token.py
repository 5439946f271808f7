"""The token of ``aws eks get-token``: a presigned STS call that names the cluster."""

import base64
import os
from typing import Any

import boto3.session
from botocore.signers import RequestSigner

PREFIX = "k8s-aws-v1."
LIFETIME_SECONDS = 60
"""How long the presigned URL may be used to sign in, as the AWS CLI sets it."""


def eks_token(cluster: str, region: str) -> str:
    """A token for `cluster`, signed with whatever credentials the environment gives.

    The endpoint of STS is the environment's too (``AWS_ENDPOINT_URL``), as for any AWS SDK.
    """
    session: Any = boto3.session.Session(region_name=region)
    client = session.client("sts", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_STS"))
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
