"""Names of backups sort by the time at which they were made."""

from pathlib import Path

from infra.cli.engine import Engine
from infra.state.backups import Place, _fresh_path  # pyright: ignore[reportPrivateUsage]


def test_backups_made_in_one_second_sort_by_time(tmp_path: Path) -> None:
    engine = Engine(
        pulumi=tmp_path,
        stack="local",
        workspace=tmp_path,
        env={},
        program=lambda: None,
        policy_packs=(),
        tell=print,
    )
    place = Place(engine, "emulated 1", tmp_path, None)
    made: list[Path] = []
    for _ in range(20):
        made.append(_fresh_path(place))
        made[-1].touch()

    assert sorted(tmp_path.iterdir()) == made
