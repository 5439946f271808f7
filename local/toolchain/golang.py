"""The Go tool: found, of the right version, and with an environment that suits our builds."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.toolchain import children, disk

USUAL_PLACES = ("/usr/local/go/bin/go", "/usr/lib/go-*/bin/go", "/usr/lib/golang/bin/go")
"""Where Go's own archive, Debian's and Fedora's packages put it, when PATH does not say."""
FIRST_WITH_TOOLCHAINS = (1, 21)
"""Since this version Go fetches a newer Go by itself, unless GOTOOLCHAIN=local."""

_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|proxyconnect|connection refused|TLS handshake|"
    r"network is unreachable|server misbehaving|: EOF|Client\.Timeout",
)
_NOT_SERVED = re.compile(r"404 Not Found|410 Gone|unknown revision|not found:|no such file")


@dataclass(frozen=True)
class Go:
    """A Go tool; `version` such as ``(1, 26, 8)``."""

    program: Path
    version: tuple[int, ...]


def parse_version(text: str) -> tuple[int, ...] | None:
    """``go1.26.8`` or ``1.26.0`` in `text` as numbers; None without one."""
    found = re.search(r"\b(?:go)?(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else None


def wanted_version(go_mod: str) -> tuple[int, ...]:
    """The Go version that the text of a `go.mod` asks for; ``(1, 16)`` when it asks for none."""
    found = re.search(r"^go (\d+(?:\.\d+)+)", go_mod, re.MULTILINE)
    return tuple(int(part) for part in found.group(1).split(".")) if found else (1, 16)


def environment(**more: str) -> dict[str, str]:
    """The environment of a Go command: the user's own, without what would bend a build.

    No cgo: the programs then run on any Linux of this machine type, as the official ones do, and
    no C compiler is needed. GOFLAGS stays: what matters here is said on the command line.
    """
    bending = {"GOOS", "GOARCH", "GOAMD64", "GOEXPERIMENT", "GOWORK", "GO111MODULE", "PWD"}
    kept = {name: value for name, value in os.environ.items() if name not in bending}
    return {**kept, "CGO_ENABLED": "0", "GOWORK": "off", "GO111MODULE": "on", **more}


def find(wanted: tuple[int, ...]) -> Go:
    """A Go tool of at least version `wanted`, or one that can fetch such a version by itself.

    Raises:
        LocalCloudError: There is none; says what there is and what is needed.
    """
    env = environment()
    too_old: list[str] = []
    for program in _candidates():
        said = children.answer([str(program), "version"], {**env, "GOTOOLCHAIN": "local"})
        version = parse_version(said or "")
        if version is None:
            too_old.append(f"{program} does not run")
            continue
        if version >= wanted or (version >= FIRST_WITH_TOOLCHAINS and _may_switch(program, env)):
            return Go(program, version)
        too_old.append(f"{program} is Go {_dotted(version)}")
    raise _no_go(wanted, too_old)


def failure(title: str, ended: children.Ended, env: Mapping[str, str]) -> LocalCloudError:
    """The error of a Go command that failed: `title` says what could not be done."""
    if disk.says_full(ended.tail):
        return _full_cache(env)
    evidence = "\n".join(_telling(ended.tail.splitlines())[-15:])
    if _NETWORK.search(ended.tail):
        hint = (
            "The Go module proxy cannot be reached: check the network and `go env GOPROXY`, then "
            "run the same command again; what was fetched and compiled so far is kept."
        )
    elif _NOT_SERVED.search(ended.tail):
        hint = "The module proxy does not serve that version: see `go env GOPROXY GOPRIVATE`."
    elif "requires go >=" in ended.tail:
        hint = "Install the version of Go that is asked for, or allow Go to fetch it by itself "
        hint += "(GOTOOLCHAIN=auto; see `go env GOTOOLCHAIN`)."
    elif "SECURITY ERROR" in ended.tail or "checksum mismatch" in ended.tail:
        hint = (
            "The sources are not those that go.sum names. Do not go on before you know why: "
            "`go clean -modcache` removes a damaged copy; if it comes back, the proxy serves it."
        )
    else:
        hint = "Run the same command again; if it fails the same way, the lines above say why."
    return LocalCloudError(title, hint, evidence or f"Go ended with code {ended.code}.")


def _candidates() -> Iterable[Path]:
    seen: set[Path] = set()
    on_path = shutil.which("go")
    listed = [Path(on_path)] if on_path else []
    for pattern in USUAL_PLACES:
        listed += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    for program in listed:
        real = program.resolve()
        if real not in seen and os.access(program, os.X_OK):
            seen.add(real)
            yield program


def _may_switch(program: Path, env: Mapping[str, str]) -> bool:
    said = children.answer([str(program), "env", "GOTOOLCHAIN"], env)
    return said is not None and said.strip().split("+")[0] != "local"


def _no_go(wanted: tuple[int, ...], too_old: list[str]) -> LocalCloudError:
    version = _dotted(wanted)
    hint = f"Install Go {version} or newer (https://go.dev/dl/) and put it on PATH."
    if not too_old:
        return LocalCloudError(f"Go is not installed; version {version} is needed.", hint)
    hint += (
        " Go 1.21 and newer can also fetch it by itself, where `go env GOTOOLCHAIN` is not "
        "`local`: set GOTOOLCHAIN=auto."
    )
    return LocalCloudError(f"Go {version} or newer is needed.", hint, "\n".join(too_old))


def _full_cache(env: Mapping[str, str]) -> LocalCloudError:
    """Go writes in several places: the one with the least space is the one that is full."""
    places: dict[str, Path] = {}
    go = shutil.which("go") or next((str(each) for each in _candidates()), "go")
    for name in ("GOCACHE", "GOMODCACHE"):
        said = children.answer([go, "env", name], env)
        if said and said.strip():
            places[name] = Path(said.strip())
    if "GOTMPDIR" in env:
        places["LLMP_CACHE"] = Path(env["GOTMPDIR"])
    if not places:
        return disk.full(Path.cwd(), 4096)

    def free(name: str) -> int:
        folder = places[name]
        existing = next(each for each in (folder, *folder.parents) if each.exists())
        return shutil.disk_usage(existing).free

    name = min(places, key=free)
    if name == "LLMP_CACHE":
        return disk.full(places[name], 400)
    return disk.full(
        places[name],
        4096,
        f"Free some space, or set {name} to a folder on another disk, and try again; "
        "what is compiled so far is kept.",
    )


def _telling(lines: Iterable[str]) -> list[str]:
    """Lines of an error: without the package names that `go build -v` prints."""
    return [line for line in lines if " " in line.strip() and "go: downloading" not in line]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
