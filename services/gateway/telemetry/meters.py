"""The metrics of calls, their labels looked up once."""

from gateway.telemetry import metrics


class ModelMeters:
    """The metrics of one route and model, looked up once."""

    def __init__(self, route: str, model: str) -> None:
        self.first_token = metrics.FIRST_TOKEN.labels(route, model)
        self.inter_token = metrics.INTER_TOKEN.labels(route, model)
        self.in_flight = metrics.IN_FLIGHT.labels(route, model)
        self.queue = metrics.QUEUE.labels(model)
        self._durations = {
            outcome: metrics.DURATION.labels(route, model, outcome)
            for outcome in ("answered", "refused", "failed", "gone")
        }

    def duration(self, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._durations[outcome_of(status)].observe(seconds)


def outcome_of(status: int) -> str:
    """``answered``, ``refused``, ``failed`` or ``gone`` (the client left)."""
    if status < 400:
        return "answered"
    if status == 499:
        return "gone"
    return "refused" if status < 500 else "failed"
