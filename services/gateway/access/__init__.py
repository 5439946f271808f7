"""Who may ask, and how much: API keys and budgets."""

from collections.abc import Collection

from gateway.access.budgets import KeyBudgets, limits_of
from gateway.access.keys import FileKeys, authorize, credentials
from gateway.access.settings import BudgetsSettings, KeysSettings, StoreKind
from gateway.access.sqlite_store import SqliteStore, default_file
from gateway.access.stores import MemoryStore, Store

__all__ = [
    "BudgetsSettings",
    "FileKeys",
    "KeyBudgets",
    "KeysSettings",
    "authorize",
    "credentials",
    "make_budgets",
    "make_keys",
]


def make_keys(
    section: KeysSettings,
    *,
    budgets: Collection[str] | None = None,
    guards: Collection[str] | None = None,
) -> FileKeys:
    """The keys of a file, looked at anew in the background until `close`.

    Args:
        section: The settings.
        budgets: Names that keys may give as their budget; None for any.
        guards: Names that keys may give as their chain of guards; None for any.

    Raises:
        KeyFileError: The file is missing or wrong; says everything that is.
    """
    return FileKeys(section, budgets=budgets, guards=guards)


def make_budgets(section: BudgetsSettings) -> KeyBudgets:
    """Budgets in the store that the settings name; a server is asked when it is first needed.

    Raises:
        StoreError: The store cannot be set up at all.
    """
    return KeyBudgets(section, _store(section))


def _store(section: BudgetsSettings) -> Store:
    if section.store is StoreKind.MEMORY or not any(map(limits_of, section.plans.values())):
        return MemoryStore()
    if section.store is StoreKind.SQLITE:
        file = section.sqlite_file or default_file()
        return SqliteStore(file, timeout_seconds=section.timeout_seconds)
    # Its client takes a while to import, and most gateways on one machine do without.
    from gateway.access.redis_store import RedisStore  # noqa: PLC0415

    return RedisStore(section.redis, timeout_seconds=section.timeout_seconds)
