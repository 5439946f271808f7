"""All Prometheus metrics of access and telemetry, in the default registry.

KServe's ``/metrics`` serves the default registry, so what is declared here is there without more.
Labels are bounded: models and routes come from the settings, tenants from the key file, codes from
the gateway's own errors; beyond a limit a label says ``other``.
"""

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

OTHER = "other"
UNKNOWN = "unknown"

FIRST_TOKEN_BUCKETS = (
    0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 10, 20, 60
)  # fmt: skip
"""From a small prompt in a warm cache to a long one in a full queue."""
INTER_TOKEN_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5
)  # fmt: skip
"""1000 tokens a second to less than one; fine about the pace of reading."""
DURATION_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600
)  # fmt: skip
"""An embedding to a long answer."""
QUEUE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
STORE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)

REQUESTS = Counter(
    "llm_gateway_requests",
    "Requests that have ended, by HTTP status (gRPC: the one it stands for; 499: the client left)",
    ["route", "model", "tenant", "status"],
)
FIRST_TOKEN = Histogram(
    "llm_gateway_time_to_first_token_seconds",
    "From the request's arrival to the first token that a model made for it, queue included",
    ["route", "model"],
    buckets=FIRST_TOKEN_BUCKETS,
)
INTER_TOKEN = Histogram(
    "llm_gateway_inter_token_latency_seconds",
    "Time between two pieces of an answer, over the tokens of the later one",
    ["route", "model"],
    buckets=INTER_TOKEN_BUCKETS,
)
DURATION = Histogram(
    "llm_gateway_request_duration_seconds",
    "From the request's arrival to the end of its answer",
    ["route", "model", "outcome"],
    buckets=DURATION_BUCKETS,
)
QUEUE = Histogram(
    "llm_gateway_queue_seconds",
    "Time that a request waited for its slot",
    ["model"],
    buckets=QUEUE_BUCKETS,
)
TOKENS = Counter(
    "llm_gateway_tokens",
    "Tokens of prompts (input) and answers (output)",
    ["model", "tenant", "type"],
)
IN_FLIGHT = Gauge(
    "llm_gateway_requests_in_flight", "Requests being answered or waiting", ["route", "model"]
)
QUEUE_DEPTH = Gauge("llm_gateway_queue_depth", "Requests waiting for a slot", ["model"])
SLOTS_BUSY = Gauge("llm_gateway_slots_busy", "Slots that are taken", ["model"])
SHED = Counter(
    "llm_gateway_shed",
    "Requests refused for lack of room, by the error's code",
    ["model", "code"],
)
CACHE = Counter(
    "llm_gateway_cache_outcomes", "What the answer caches did with a request", ["model", "outcome"]
)
GUARDS = Counter(
    "llm_gateway_guard_outcomes", "What guards did with a prompt or an answer", ["guard", "action"]
)

KEYS = Gauge("llm_gateway_keys", "API keys in the file that is in use, expired ones included")
KEYS_LOADED = Gauge(
    "llm_gateway_key_file_loaded_timestamp_seconds", "When the keys in use were read"
)
KEY_FILE_OK = Gauge(
    "llm_gateway_key_file_ok", "0 while the key file is missing or wrong and old keys are in use"
)
KEY_RELOAD_FAILURES = Counter(
    "llm_gateway_key_reload_failures", "New contents of the key file that could not be used"
)
BUDGET_REFUSALS = Counter(
    "llm_gateway_budget_refusals",
    "Requests refused because a budget was used up",
    ["tenant", "window", "quantity"],
)
BUDGET_STORE_UP = Gauge(
    "llm_gateway_budget_store_up", "0 while the store of budgets is left alone as it fails"
)
BUDGET_STORE_ERRORS = Counter(
    "llm_gateway_budget_store_errors", "Calls that the store of budgets did not answer in time"
)
BUDGET_STORE_SECONDS = Histogram(
    "llm_gateway_budget_store_seconds",
    "Time that the store of budgets took for a reservation",
    buckets=STORE_BUCKETS,
)
BUDGET_UNCHECKED = Counter(
    "llm_gateway_budget_unchecked", "Requests let in uncounted while the store was away"
)

SPANS = Counter(
    "llm_gateway_spans",
    "Spans of the gateway: ended, then exported or failed; the rest was dropped or waits",
    ["outcome"],
)
LOG_LINES_DROPPED = Counter(
    "llm_gateway_log_lines_dropped", "Lines of the request log that nobody read fast enough"
)


class Bounded:
    """Values of a label: as many as are allowed, all later ones are ``other``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The value, or ``other``."""
        if value in self._known:
            return value
        if len(self._known) < self._most:
            self._known.add(value)
            return value
        return OTHER


tenant_label = Bounded(500)
code_label = Bounded(100)
guard_label = Bounded(100)


def budget_refused(tenant: str, window: str, tokens: bool) -> None:
    """Count a refusal by a budget."""
    quantity = "tokens" if tokens else "requests"
    BUDGET_REFUSALS.labels(tenant_label(tenant), window, quantity).inc()


def watch_queue(model: str, *, waiting: Callable[[], int], busy: Callable[[], int]) -> None:
    """Read a model's queue length and busy slots whenever metrics are asked for."""
    QUEUE_DEPTH.labels(model).set_function(waiting)
    SLOTS_BUSY.labels(model).set_function(busy)
