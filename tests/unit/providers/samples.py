"""One sample for every type of the `aws` stand-in: what to give it, and how to change it."""

from tests.unit.providers.samples_cluster import EKS, IDENTITY
from tests.unit.providers.samples_network import COMPUTE, NETWORK
from tests.unit.providers.samples_services import MESSAGES, STORAGE

SAMPLES = [*NETWORK, *COMPUTE, *IDENTITY, *EKS, *STORAGE, *MESSAGES]
