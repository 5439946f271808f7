"""For every policy about single resources: what passes, and changes that do not."""

from cases_cost import COST
from cases_iam_compute import COMPUTE, IAM
from cases_network import NETWORK
from cases_pods import DIGESTS, PODS
from cases_storage import STORAGE

CASES = (*COST, *NETWORK, *STORAGE, *IAM, *COMPUTE, *PODS, *DIGESTS)
