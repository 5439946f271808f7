import re
from pathlib import Path

import pytest

from llm_platform import versions
from llm_platform.addons.table import ADDONS
from local.forge import modules, simulated
from local.forge.forging import plan
from local.forge.go_builds import ldflags, recipe_text
from local.forge.making import recipe_text as image_text
from local.forge.model import Entry, GoModule, GoProgram, PythonTree, Recipe, WheelFile
from local.forge.naming import parse
from local.forge.table import ALIASES, ENTRIES
from local.images.table import OwnImage

RECIPES = {name: each.how for name, each in ENTRIES.items() if isinstance(each.how, Recipe)}
PROGRAMS = [part for how in RECIPES.values() for part in how.parts if isinstance(part, GoProgram)]


def test_names_in_the_table_are_full() -> None:
    for name, entry in ENTRIES.items():
        assert parse(name).full == name == entry.name


@pytest.mark.parametrize("name", RECIPES)
def test_an_image_can_run_under_the_restricted_profile(name: str) -> None:
    recipe = RECIPES[name]
    user, _, group = recipe.user.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    places = {part.place for part in recipe.parts}
    assert recipe.entrypoint[0] in places
    assert all(place.startswith("/") for place in (*places, recipe.folder, *recipe.writable))


def test_every_module_is_pinned_by_hash() -> None:
    pinned = [each for each in vars(modules).values() if isinstance(each, GoModule)]
    assert len(pinned) >= 10
    for each in pinned:
        assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", each.sum)
        assert each.version.startswith("v")


def test_the_gateway_has_the_version_of_the_table_of_add_ons() -> None:
    assert modules.ENVOY_GATEWAY.version == ADDONS["gateway-helm"].app_version


def test_every_program_has_one_source_and_prints_its_own_version() -> None:
    for program in PROGRAMS:
        assert (program.module is None) != (program.source is None)
        assert program.package.startswith(".")
        assert program.source is None or (program.source / "go.mod").is_file()
        assert ldflags(program).startswith("-s -w")
    argo = RECIPES["quay.io/argoproj/argoexec:v4.0.6"].parts[0]
    assert isinstance(argo, GoProgram)
    assert "-X github.com/argoproj/argo-workflows/v4.version=v4.0.5" in ldflags(argo)


def test_what_differs_from_the_asked_version_is_said() -> None:
    for entry in ENTRIES.values():
        if not isinstance(entry.how, Recipe):
            continue
        built = {
            part.module.version.removeprefix("v")
            for part in entry.how.parts
            if isinstance(part, GoProgram) and part.module is not None
        }
        asked = entry.tag.removeprefix("v")
        # Prometheus's module has 0.314.0 for 3.14.0.
        if built and asked not in built and asked != "3.14.0":
            assert entry.note, entry.name


def test_locks_have_a_hash_for_every_package() -> None:
    trees = [p for how in RECIPES.values() for p in how.parts if isinstance(p, PythonTree)]
    assert trees
    for tree in trees:
        pins = re.findall(r"^\S+==\S+ .*\n    --hash=", tree.lock.read_text(), re.MULTILINE)
        names = re.findall(r"^\S+==", tree.lock.read_text(), re.MULTILINE)
        assert len(pins) == len(names) > 10
    wheels = [p for how in RECIPES.values() for p in how.parts if isinstance(p, WheelFile)]
    for wheel in wheels:
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in wheel.sha256.values())


def test_images_of_the_platform_and_of_eks_are_known() -> None:
    coredns = versions.ADDONS[versions.KUBERNETES_VERSION][versions.COREDNS]
    wanted = [
        versions.GATEWAY.name,
        versions.TRITON_CPU.name,
        f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/{versions.GATEWAY.name}",
        f"602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/coredns:{coredns}",
        "localhost/pause:1",
        "registry.k8s.io/pause:3.10",
        "kserve/kserve-controller:v0.20.0",
        "envoyproxy/envoy:distroless-v1.39.0",
    ]
    assert [name for name in wanted if plan(name).entry is None] == []


def test_aliases_lead_to_the_table_and_to_nothing_near() -> None:
    assert [target for _, target in ALIASES if target not in ENTRIES] == []
    assert plan("other/gateway:0.1.0").entry is None
    assert plan("602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/coredns:v9.9.9").entry is None
    own = plan(f"registry.example.com/team/{versions.GATEWAY.name}").entry
    assert own is not None
    assert isinstance(own.how, OwnImage)


def test_what_cannot_be_made_has_a_reason() -> None:
    assert "GPU" in plan(versions.TRITON.name).why_not
    assert "GPU" in plan("vllm/vllm-openai:v0.11.0").why_not
    assert plan("example.com/nobody/knows:1").why_not == ""
    assert not plan("example.com/nobody/knows:1").known
    assert all(why.endswith(".") for why in simulated.SIMULATED.values())
    # Nothing that can be made is called simulated.
    assert [name for name in RECIPES if simulated.reason(parse(name).repository)] == []


def test_a_digest_of_a_public_image_cannot_be_made() -> None:
    known = plan("kserve/kserve-controller@sha256:" + "0" * 64)
    assert known.entry is None
    assert "digest" in known.why_not


def test_keys_change_with_what_is_built_and_with_how_it_is_run() -> None:
    program = GoProgram("/a", ".", GoModule("example.test/a", "v1.0.0", "h1:x"))
    others = [
        GoProgram("/a", "./b", program.module),
        GoProgram("/a", ".", GoModule("example.test/a", "v1.0.0", "h1:y")),
        GoProgram("/a", ".", GoModule("example.test/a", "v1.0.1", "h1:x")),
        GoProgram("/a", ".", program.module, variables={"a.b": "c"}),
        GoProgram("/a", ".", program.module, tags=("netgo",)),
        GoProgram("/a", ".", program.module, nested=modules.PROMETHEUS_OPERATOR_NESTED),
        GoProgram("/a", ".", program.module, added={"a.go": Path(__file__)}),
    ]
    assert len({recipe_text(each) for each in (program, *others)}) == len(others) + 1

    recipe = Recipe((program,), entrypoint=("/a",))
    images = [
        recipe,
        Recipe((program,), entrypoint=("/a", "x")),
        Recipe((program,), entrypoint=("/a",), user="1:1"),
        Recipe((program,), entrypoint=("/a",), writable=("/x",)),
        Recipe((others[0],), entrypoint=("/a",)),
        Recipe((GoProgram("/b", ".", program.module),), entrypoint=("/a",)),
        Recipe((GoProgram("/a", ".", program.module, binds_low_ports=True),), entrypoint=("/a",)),
    ]
    assert len({image_text(each) for each in images}) == len(images)
    assert image_text(Recipe((program,), entrypoint=("/a",))) == image_text(recipe)
    assert Entry("a", "b", recipe).name == "a:b"
