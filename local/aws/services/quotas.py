"""Service quotas that decide whether the platform fits into an account."""

from collections.abc import Mapping

from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS
from moto.servicequotas.responses import ServiceQuotasResponse

from local.aws.data.quotas import QUOTAS, SERVICES
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, Operation, TableResponse


def _quotas(call: Call) -> list[Document]:
    code = call.text("ServiceCode")
    if code == "vpc":
        return [dict(quota) for quota in VPC_DEFAULT_QUOTAS]
    if code not in SERVICES:
        message = f"The local cloud has no quotas of the service {code}."
        raise AwsError("NoSuchResourceException", message)
    return [
        {
            "ServiceCode": code,
            "ServiceName": SERVICES[code],
            "QuotaArn": f"arn:aws:servicequotas:{call.region}:{ACCOUNT}:{code}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": quota.value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for quota in QUOTAS
        if quota.service == code
    ]


def list_quotas(call: Call) -> Document:
    """ListServiceQuotas and ListAWSDefaultServiceQuotas."""
    return {"Quotas": _quotas(call)}


def get_quota(call: Call) -> Document:
    """GetServiceQuota and GetAWSDefaultServiceQuota."""
    for quota in _quotas(call):
        if quota["QuotaCode"] == call.text("QuotaCode"):
            return {"Quota": quota}
    message = f"The local cloud has no quota {call.text('QuotaCode')}."
    raise AwsError("NoSuchResourceException", message)


class QuotasResponse(TableResponse, ServiceQuotasResponse):
    """All of Service Quotas that the emulator has."""

    operations: Mapping[str, Operation] = {
        "ListServiceQuotas": list_quotas,
        "ListAWSDefaultServiceQuotas": list_quotas,
        "GetServiceQuota": get_quota,
        "GetAWSDefaultServiceQuota": get_quota,
    }
