"""Which add-ons fit together, and in which order they are installed. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from llm_platform.addons.kinds import LAYER_ORDER, PlatformSize, Profile
from llm_platform.addons.model import Addon
from llm_platform.addons.table import ADDONS
from llm_platform.problems import Problem, raise_if_any


def default_addons(
    size: PlatformSize, without: Iterable[str] = (), also: Iterable[str] = ()
) -> list[str]:
    """The add-ons of a platform of this size and those asked for, less those left out, by name."""
    wanted = {Profile.ALWAYS, Profile.LARGE} if size == PlatformSize.LARGE else {Profile.ALWAYS}
    own = {name for name, addon in ADDONS.items() if addon.profile in wanted}
    return sorted((own | set(also)) - set(without))


def check_addons(
    selection: Sequence[str], path: str = "addons", table: Mapping[str, Addon] = ADDONS
) -> list[Problem]:
    """What is wrong with a selection: unknown, twice, a requirement missing, a conflict."""
    problems: list[Problem] = []
    chosen = set(selection)
    for index, name in enumerate(selection):
        where = f"{path}[{index}]"
        if name not in table:
            problems.append(Problem(where, f"'{name}' is no add-on", _similar(name, table)))
            continue
        if name in selection[:index]:
            problems.append(Problem(where, f"'{name}' again", "each add-on once"))
        missing = [needed for needed in table[name].requires if needed not in chosen]
        if missing:
            what = f"'{name}' needs {', '.join(missing)}"
            problems.append(Problem(where, what, f"add {', '.join(missing)} or leave {name} out"))
        for other, reason in table[name].conflicts:
            if other in chosen:
                what = f"'{name}' and '{other}' cannot both be: {reason}"
                problems.append(Problem(where, what, "one of the two"))
    return problems


def addon_order(selection: Collection[str], table: Mapping[str, Addon] = ADDONS) -> list[str]:
    """The selection in an order in which it can be installed; alphabetical where it is free.

    Layers come one after the other, and within a layer every add-on comes after what it needs.

    Raises:
        InvalidInputsError: The selection is not one that `check_addons` accepts.
    """
    raise_if_any("Add-ons", check_addons(sorted(selection), table=table))
    chosen = set(selection)
    position = {layer: index for index, layer in enumerate(LAYER_ORDER)}
    sorter = TopologicalSorter({name: set(before(name, table)) & chosen for name in chosen})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        problem = Problem("addons", f"{' needs '.join(reversed(cycle))}", "no circle")
        raise_if_any("Add-ons", [problem])
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted(
            [*ready, *sorter.get_ready()], key=lambda name: (position[table[name].layer], name)
        )
        first = ready.pop(0)
        order.append(first)
        sorter.done(first)
    return order


def before(name: str, table: Mapping[str, Addon] = ADDONS) -> tuple[str, ...]:
    """The add-ons that must stand before `name`, those among them that need not be there too."""
    return (*table[name].requires, *table[name].after)


def check_table(table: Mapping[str, Addon] = ADDONS) -> list[Problem]:
    """What is wrong with the table itself: names, references, and layers against requirements."""
    position = {layer: index for index, layer in enumerate(LAYER_ORDER)}
    problems: list[Problem] = []
    for key, addon in table.items():
        others = [*before(key, table), *(other for other, _ in addon.conflicts)]
        problems += [
            Problem(f"{key}", f"it names '{other}'", "add-ons of the table")
            for other in others
            if other not in table
        ]
        if key != addon.name:
            problems.append(Problem(key, f"its name is '{addon.name}'", "the key"))
        problems += [
            Problem(f"{key}.requires", f"'{needed}' is in a later layer", "this layer or earlier")
            for needed in before(key, table)
            if needed in table and position[table[needed].layer] > position[addon.layer]
        ]
    return problems


def _similar(name: str, table: Mapping[str, Addon]) -> str:
    near = get_close_matches(name, sorted(table), n=3)
    return f"such as {', '.join(near)}" if near else f"one of {', '.join(sorted(table))}"
