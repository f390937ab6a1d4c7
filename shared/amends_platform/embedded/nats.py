"""nats-server from its wheel, with JetStream, on the loopback address."""

from __future__ import annotations

import json
import shutil
import sysconfig
from pathlib import Path
from typing import Final

from amends_platform.files import write_private
from amends_platform.supervising.ports import remembered_port
from amends_platform.supervising.probes import greets_as_nats
from amends_platform.supervising.processes import Program, StartFailed

_HOST: Final = "127.0.0.1"


class EmbeddedNats:
    """One server whose store, configuration and port live in `directory`. Who starts `program()` owns it."""

    def __init__(self, directory: Path, *, log_file: Path) -> None:
        """Chooses the port: last time's where it is still free, so that clients find it again."""
        self.directory = directory.absolute()
        self._log_file = log_file
        self._binary = nats_server_binary()
        self.port = remembered_port(_HOST, self.directory / "port")

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{_HOST}:{self.port}"

    def program(self) -> Program:
        """How to run it. Writes the configuration file."""
        configuration = self.directory / "nats.conf"
        write_private(configuration, self._configuration())
        return Program(
            name="nats",
            command=(str(self._binary), "--config", str(configuration)),
            log_file=self._log_file,
            probe=lambda: greets_as_nats(_HOST, self.port),
        )

    def _configuration(self) -> str:
        # JetStream acknowledges before it syncs, which unless told is every two minutes.
        return (
            "# Written by Amends at every start.\n"
            f"host: {json.dumps(_HOST)}\n"
            f"port: {self.port}\n"
            'server_name: "amends-embedded"\n'
            "jetstream {\n"
            f"  store_dir: {json.dumps(str(self.directory / 'store'))}\n"
            "  sync_interval: always\n"
            "}\n"
        )


def nats_server_binary() -> Path:
    """The wheel puts it among the scripts of the environment we run in."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise StartFailed("there is no nats-server to run. Install amends[embedded], or set AMENDS_NATS_URL")
    return Path(found)
