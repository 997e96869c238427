"""Our `meltano.yml`, run by the real Meltano in a folder of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.programs import Ended, environment, program
from tests.target.world import DuckDbTables

ROOT = Path(__file__).parents[2]
_LONGEST_SECONDS = 200
_NOT_INHERITED = ("MELTANO_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class MeltanoProject:
    """A copy of the project.

    Attributes:
        folder: Where it is.
        variables: The settings that a person exports before running it.
    """

    folder: Path
    variables: dict[str, str]

    @classmethod
    def copied_to(cls, folder: Path, **variables: str) -> MeltanoProject:
        """Copy the project so that it uses the programs of this very installation.

        Meltano finds a plugin without `pip_url` on the path, and installs nothing.
        """
        text = (ROOT / "meltano.yml").read_text(encoding="utf-8")
        without_urls = re.sub(r"^ +pip_url: .*\n", "", text, flags=re.MULTILINE)
        (folder / "meltano.yml").write_text(without_urls, encoding="utf-8")
        return cls(folder, variables)

    @property
    def tables(self) -> DuckDbTables:
        """What was loaded."""
        return DuckDbTables(self.folder / "stripe.duckdb")

    def meltano(self, *arguments: str) -> Ended:
        """Type `meltano …`; whatever it keeps stays in the project's folder."""
        return self.typed("meltano", *arguments)

    def typed(self, name: str, *arguments: str) -> Ended:
        """Type a program's name and its arguments in the project's folder."""
        done = subprocess.run(
            [program(name), *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    def _environment(self) -> dict[str, str]:
        outside = environment(**self.variables)
        kept = {n: value for n, value in outside.items() if not n.startswith(_NOT_INHERITED)}
        home = str(self.folder)
        path = f"{Path(sys.executable).parent}:{outside['PATH']}"
        return {**kept, "PATH": path, "HOME": home, "XDG_STATE_HOME": home, "NO_COLOR": "1"}
