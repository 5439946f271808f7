"""What the gateway says about itself: metrics, traces and logs; no prompt, no secret."""

from gateway.telemetry.hub import GatewayTelemetry
from gateway.telemetry.logs import log_config
from gateway.telemetry.settings import TelemetrySettings

__all__ = ["GatewayTelemetry", "TelemetrySettings", "log_config", "make_telemetry"]


def make_telemetry(section: TelemetrySettings) -> GatewayTelemetry:
    """Metrics in the default registry, request lines to standard error, traces where switched on.

    `log_config` gives the configuration of all other logs.
    """
    return GatewayTelemetry(section)
