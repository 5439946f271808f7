"""The chart that a release gets: from its registry, its project's Go module, or assembled."""

from pathlib import Path

from local.charts import shelf
from local.charts.model import Chart, Origin, Place, Recipe, Values, Wanted
from local.charts.registry import NotToBeHadError, pulled_chart
from local.charts.shipped import shipped_chart
from local.charts.table import SOURCES
from local.charts.values import unknown_to, unknown_values
from local.errors import LocalCloudError
from local.reporter import QuietReporter, Reporter
from local.toolchain.modules import module_folder


class WrongValuesError(Exception):
    """Values that the chart does not know.

    Attributes:
        problems: One sentence each, with the path of the value.
    """

    def __init__(self, chart: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{chart} does not take all of these values: {'; '.join(problems)}")


def obtain(wanted: Wanted, values: Values, place: Place, reporter: Reporter | None = None) -> Chart:
    """The chart, whole and ready to be installed with these values.

    Raises:
        LocalCloudError: It is not to be had.
        WrongValuesError: It does not know some of the values; nothing is installed.
    """
    told = reporter or QuietReporter()
    source = SOURCES.get(wanted.name)
    try:
        chart = pulled_chart(wanted, values)
    except NotToBeHadError as error:
        if source is None:
            raise LocalCloudError(
                f"Chart {wanted.name} {wanted.version} is not to be had: {error}.",
                "Leave the add-on out (addons.without in the stack file), or run where its "
                "registry can be reached.",
            ) from None
        if isinstance(source, Recipe):
            return _assembled(wanted, source, values, place, told)
        chart = shipped_chart(wanted, source, values, told)
    wrong = unknown_values(chart.values, chart.folder)
    if wrong:
        raise WrongValuesError(f"chart {chart.name} {chart.version} ({chart.source})", wrong)
    return chart


def judge(wanted: Wanted, values: Values) -> None:
    """Refuse values that the chart does not know; some of them may not be known themselves yet.

    Raises:
        LocalCloudError: The chart is not to be had.
        WrongValuesError: It does not know some of the values.
    """
    source = SOURCES.get(wanted.name)
    if isinstance(source, Recipe):
        wrong = unknown_to(values, source.known)
        if wrong:
            raise WrongValuesError(f"chart {wanted.name} (assembled from {_named(source)})", wrong)
        return
    obtain(wanted, values, Place("judged", "judged"))


def images_beside(chart: Chart) -> tuple[str, ...]:
    """Images that the chart's controllers start by names that no manifest has."""
    source = SOURCES.get(chart.name)
    return tuple(source.images) if source else ()


def fetch(names: list[str], reporter: Reporter) -> None:
    """Have the Go modules of charts at hand, so that installing does not wait for them.

    Raises:
        LocalCloudError: One is not to be had.
    """
    for name in names:
        source = SOURCES.get(name)
        if source is not None and source.module:
            module_folder(source.module, source.version, reporter)


def _assembled(
    wanted: Wanted, recipe: Recipe, values: Values, place: Place, reporter: Reporter
) -> Chart:
    judge(wanted, values)
    named = _named(recipe)
    folder = None
    if recipe.module:
        folder = module_folder(recipe.module, recipe.version, reporter)
    made = recipe.assemble(folder or shelf.NOWHERE, values, place)

    def fill(target: Path) -> None:
        (target / "Chart.yaml").write_text(
            f"apiVersion: v2\nname: {wanted.name}\nversion: {wanted.version}\n"
            f'appVersion: "{recipe.application}"\n'
            f"description: Assembled by the local cloud from {named}\n"
        )
        if made.manifests:
            shelf.put(made.manifests, target / "templates" / "manifests.yaml")
        if made.crds:
            shelf.put_crds(made.crds, target)

    made_of = [wanted, place, recipe.version, made.manifests, [_name(each) for each in made.crds]]
    kept = shelf.kept(wanted.name, wanted.version, made_of, fill)
    return Chart(
        name=wanted.name,
        asked=wanted.version,
        version=wanted.version,
        folder=kept.folder,
        origin=Origin.ASSEMBLED,
        source=named,
        values=values,
        crds=kept.crds,
        substituted=f"manifests of {named}" if recipe.module else "its kinds alone",
        left_out=made.left_out,
    )


def _name(crd: dict[str, object]) -> object:
    return crd["metadata"]


def _named(recipe: Recipe) -> str:
    return f"{recipe.module}@{recipe.version}" if recipe.module else "kinds alone"
