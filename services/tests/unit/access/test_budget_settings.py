"""Settings of budgets: what is wrong is named, and a store is set up only where it is needed."""

from pathlib import Path
from typing import Any

import pytest
from gateway.access import BudgetsSettings, make_budgets
from gateway.access.budgets import limits_of
from gateway.access.settings import Plan
from gateway.access.sqlite_store import default_file
from gateway.access.stores import StoreError
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"default": "big"}, "default names 'big'"),
        ({"plans": {"a": {"tokens_per_hour": 1}}}, "plans.a.tokens_per_hour"),
        ({"plans": {"a": {"tokens_per_day": 0}}}, "plans.a.tokens_per_day"),
        ({"redis": {"url": "http://x"}}, "must start with redis://"),
        ({"redis": {"url": "redis://:secret@x"}}, "must hold no user or password"),
        ({"redis": {"ca_file": "ca.pem"}}, "ca_file needs an url"),
        ({"redis": {"username": "me"}}, "username needs password_file"),
        ({"store": "postgres"}, "store"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BudgetsSettings.model_validate(settings)
    told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in caught.value.errors()]
    assert any(complaint in each for each in told)


def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    plans = {"small": {"tokens_per_day": 1}}
    redis = {"password_file": tmp_path / "none"}
    settings = {"store": "redis", "redis": redis, "plans": plans}
    with pytest.raises(StoreError, match=r"budgets\.redis\.password_file: .*none cannot be read"):
        make_budgets(BudgetsSettings.model_validate(settings))


def test_the_default_file_is_of_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = default_file()
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.parent.chmod(0o777)
    with pytest.raises(StoreError, match=r"set budgets\.sqlite_file"):
        default_file()


def test_a_plan_without_limits_has_no_windows() -> None:
    assert limits_of(Plan()) == ()
    assert [each.window.name for each in limits_of(Plan(requests_per_day=1))] == ["day"]


def test_without_limits_no_store_is_set_up(tmp_path: Path) -> None:
    # Reading this password would fail: there is no such file.
    redis = {"password_file": tmp_path / "none"}
    settings: dict[str, Any] = {"store": "redis", "redis": redis, "plans": {"open": {}}}
    assert make_budgets(BudgetsSettings.model_validate(settings))
