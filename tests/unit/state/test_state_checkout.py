"""Two checkouts that are pointed at one folder of state do not meet."""

from pathlib import Path

import pytest

from infra.cli import session
from infra.state import checkout
from local import paths
from local.errors import LocalCloudError


def made(folder: Path, name: str) -> Path:
    root = folder / name
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: llm-platform\n")
    return root


def test_the_second_checkout_is_told_whose_the_stack_is(tmp_path: Path) -> None:
    first, second = made(tmp_path, "first"), made(tmp_path, "second")
    checkout.claim(tmp_path, "local", first)
    checkout.claim(tmp_path, "local", first)

    for ask in (checkout.claim, checkout.refuse_others):
        with pytest.raises(LocalCloudError, match=f"another checkout: {first}") as caught:
            ask(tmp_path, "local", second)
        assert "LLMP_STATE" in caught.value.hint


def test_a_checkout_that_is_gone_owns_nothing(tmp_path: Path) -> None:
    first, second = made(tmp_path, "first"), made(tmp_path, "second")
    checkout.claim(tmp_path, "local", first)
    first.rename(tmp_path / "moved")

    checkout.refuse_others(tmp_path, "local", second)
    checkout.claim(tmp_path, "local", second)

    with pytest.raises(LocalCloudError, match="second"):
        checkout.refuse_others(tmp_path, "local", tmp_path / "moved")


def test_every_run_claims_its_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    (tmp_path / "state" / "local").mkdir(parents=True)
    (tmp_path / "state" / "local" / "checkout").write_text(f"{made(tmp_path, 'other')}\n")

    with pytest.raises(LocalCloudError, match="other"), session.only_run("local"):
        pytest.fail("a run of another checkout's stack")
    with session.only_run("mine"):
        assert (tmp_path / "state" / "mine" / "checkout").read_text() == f"{paths.REPOSITORY}\n"


def test_user_project_and_checkout_are_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LLMP_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    found: set[Path] = set()
    for home in ("ann", "bob"):
        monkeypatch.setenv("HOME", str(tmp_path / home))
        for root in (tmp_path / "a" / "main", tmp_path / "b" / "main"):
            monkeypatch.setattr(paths, "REPOSITORY", root)
            folder = paths.state_folder()
            assert folder.is_relative_to(tmp_path / home)
            assert folder.parent.name == "llm-platform"
            found.add(folder)
    assert len(found) == 4
