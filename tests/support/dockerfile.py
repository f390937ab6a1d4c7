"""A Dockerfile read, and one stage of it done without a container: the same commands, below another directory."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_CONTINUED = re.compile(r"\\\n(?:[ \t]*#[^\n]*\n)*")
_COMMENT = re.compile(r"^[ \t]*#[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Instruction:
    """One instruction: `RUN` and all that follows it, on one line."""

    keyword: str
    rest: str


@dataclass(frozen=True)
class Stage:
    """What is between one FROM and the next."""

    name: str
    instructions: tuple[Instruction, ...]

    def of(self, keyword: str) -> list[str]:
        return [each.rest for each in self.instructions if each.keyword == keyword]


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile; the last one is the image. One without a name is called ""."""
    found: list[tuple[str, list[Instruction]]] = []
    for line in _CONTINUED.sub(" ", _COMMENT.sub("", text)).splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            found.append((rest.partition(" AS ")[2], []))
        elif found and keyword:
            found[-1][1].append(Instruction(keyword, " ".join(rest.split())))
    return [Stage(name, tuple(instructions)) for name, instructions in found]


@dataclass
class Rehearsal:
    """A stage done in `scratch`, where /build and /opt of the image are. Copies from `context`."""

    context: Path
    scratch: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, stage: Stage) -> None:
        """Raises CalledProcessError, with what the command said."""
        for name in ("build", "opt", "bin"):
            (self.scratch / name).mkdir(parents=True)
        # The image's `python` is the one of this machine, not that of the tests' environment.
        (self.scratch / "bin" / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
        # How this machine reaches packages, and those that it has already.
        kept = {name: value for name, value in os.environ.items() if name.startswith(("HOME", "UV_", "PIP_", "SSL_"))}
        path = os.pathsep.join((str(self.scratch / "bin"), *_without_environments(os.environ["PATH"])))
        self.environment = {**kept, "PATH": path}
        for instruction in stage.instructions:
            self._do(instruction)

    def _do(self, instruction: Instruction) -> None:
        match instruction.keyword:
            case "ENV":
                given = dict(each.split("=", 1) for each in shlex.split(instruction.rest))
                self.environment |= {name: value for name, value in given.items() if "_NO_CACHE" not in name}
            case "COPY":
                *sources, target = instruction.rest.split()
                for source in sources:
                    self._copy(source, self.scratch / "build" / target)
            case "RUN":
                command = re.sub(r"(?<![\w./])/(build|opt)/", rf"{self.scratch}/\1/", instruction.rest)
                subprocess.run(
                    ["/bin/sh", "-ec", command],
                    cwd=self.scratch / "build",
                    env=self.environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                    timeout=600,
                )
            case "WORKDIR" if instruction.rest == "/build":
                pass
            case _:
                raise ValueError(f"nothing here can do {instruction.keyword} {instruction.rest}")

    def _copy(self, source: str, target: Path) -> None:
        path = self.context / source
        if path.is_dir():
            shutil.copytree(path, target, ignore=_ignored, dirs_exist_ok=True)
        else:
            into = (
                target / path.name if target.is_dir() or str(target).endswith("/") or source != target.name else target
            )
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, into)


def _ignored(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if any(fnmatch.fnmatch(name, each) for each in ("__pycache__", "*.pyc"))]


def _without_environments(path: str) -> list[str]:
    return [each for each in path.split(os.pathsep) if not (Path(each).parent / "pyvenv.cfg").exists()]
