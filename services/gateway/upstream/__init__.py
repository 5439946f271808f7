"""The gateway's side of Triton."""

from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.triton import TritonUpstream


def make_upstream(section: UpstreamSettings) -> TritonUpstream:
    """Triton at the addresses of the settings; connects when it is first asked."""
    return TritonUpstream(section)
