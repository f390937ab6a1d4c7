"""A machine of its own: this one's files under a layer that is thrown away, with systemd as its first process.

Namespaces keep it apart: its processes, mounts, addresses (but for a loopback it has none) and control groups are its
own, and nothing of this machine is written to but the layer. Needs root, and a kernel that lays files over files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_SYSTEMD: Final = Path("/lib/systemd/systemd")
_SECONDS_MAX: Final = 60.0
_LOOK_SECONDS: Final = 0.05
# What looks after the kernel and the hardware, which are this machine's.
_MASKED: Final = (
    *("systemd-sysctl", "systemd-modules-load", "systemd-udevd", "systemd-udev-trigger", "systemd-binfmt"),
    *("systemd-networkd", "systemd-resolved", "systemd-timesyncd", "systemd-logind", "apparmor"),
)
_TARGET: Final = """\
[Unit]
Description=A machine to rehearse on
Requires=basic.target
Wants=multi-user.target
After=basic.target
AllowIsolate=yes
"""
_BOOT: Final = """\
mount -t overlay -o lowerdir=/,upperdir=$0/layer,workdir=$0/work overlay $0/root
cd $0/root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount --bind proc/sys proc/sys; mount -o remount,bind,ro proc/sys
ip link set lo up
mkdir -p .before; pivot_root . .before; cd /; umount -l /.before
# As systemd does it by itself where it is no container: it mounts credentials in a namespace beside this one.
mount --make-rshared /
exec env -i container=rehearsal PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    /lib/systemd/systemd --unit=rehearsal.target --log-target=journal
"""
_UNSHARED: Final = (
    *("--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--net", "--propagation", "private"),
    # With whoever waits for it the first process ends, and with that one all others.
    "--kill-child",
)


def why_not() -> str | None:
    """What this machine lacks."""
    if os.geteuid() != 0:
        return "not root"
    missing = [name for name in ("unshare", "nsenter", "ip", "systemctl", "journalctl") if shutil.which(name) is None]
    if missing or not _SYSTEMD.exists():
        return f"without {', '.join(missing) or 'systemd'}"
    if _control_groups() is None:
        return "without control groups of version 2"
    alone = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--net", "true"]
    return None if subprocess.run(alone, capture_output=True).returncode == 0 else "namespaces are not allowed"


class Machine:
    """Switched off at first. `layer` is what it has besides this machine's files, or instead: write before `boot`."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.layer = scratch / "layer"
        for name in ("layer", "work", "root"):
            (scratch / name).mkdir()
        self._group = Path(str(_control_groups())) / f"rehearsal-{os.getpid()}"
        self._first: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        units = "etc/systemd/system"
        for name in _MASKED:
            self._link(f"{units}/{name}.service", "/dev/null")
        # Nothing that is started on this machine is to be started there, nor is what lies in /tmp to be removed.
        self.write(f"{units}/rehearsal.target", _TARGET)
        self._link("etc/tmpfiles.d/tmp.conf", "/dev/null")
        for wanted in (*Path("/etc/systemd/system").glob("*.wants/*"), *Path("/lib/systemd/system").glob("*.wants/*")):
            if "multi-user.target.wants" in wanted.parts:
                self._link(f"{units}/{wanted.name}", "/dev/null")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.layer / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(mode)

    def boot(self) -> None:
        """Return when all that is to be started has been. Raises TimeoutError."""
        self._group.mkdir(exist_ok=True)
        enter = f'echo $$ >{self._group}/cgroup.procs; exec unshare {" ".join(_UNSHARED)} bash -euc "$1" "$0"'
        with (self._scratch / "boot.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-euc", enter, str(self._scratch), _BOOT], stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: self._first_process() is not None, "has a first process")
        self._first = self._first_process()
        until(lambda: self.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"), "is up")

    def cut_power(self) -> None:
        """Everything ends where it is, and what was not on the disk yet is what a kernel would have kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_SECONDS_MAX)
            self._first = self._process = None
        until(self._is_gone, "is switched off")

    def run(
        self, command: str, *, environment: Mapping[str, str] | None = None, own_network: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """The command, as root, in a shell there. With this machine's network where it has to fetch something."""
        assert self._first is not None, "it is switched off"
        spaces = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", *(("--net",) if own_network else ()))
        clean = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        return subprocess.run(
            ["nsenter", f"--target={self._first}", *spaces, "--", "bash", "-euo", "pipefail", "-c", command],
            env=clean | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def does(self, command: str) -> str:
        """What it prints; it has to succeed."""
        done = self.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}\n{self.journal()}"
        return done.stdout

    def _is_gone(self) -> bool:
        """Its control groups can be removed once the last process of each is gone."""
        try:
            for group in sorted(self._group.glob("**/"), reverse=True):
                group.rmdir()
        except OSError:
            return False
        return True

    def journal(self) -> str:
        """The end of it."""
        return self.run("journalctl --no-pager --lines=40").stdout

    def _first_process(self) -> int | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self._scratch / "boot.log").read_text("utf-8"))
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if children and "rehearsal.target" in Path(f"/proc/{children[0]}/cmdline").read_text():
            return int(children[0])
        return None

    def _link(self, path: str, target: str) -> None:
        link = self.layer / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def until(is_so: Callable[[], bool], what: str) -> None:
    """Ask again and again. Raises TimeoutError."""
    give_up_at = time.monotonic() + _SECONDS_MAX
    while not is_so():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not within {_SECONDS_MAX:.0f} s: it {what}")
        time.sleep(_LOOK_SECONDS)


def _control_groups() -> Path | None:
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, place, kind, options, *_ = line.split(" ")
        if kind == "cgroup2" and options.startswith("rw"):
            return Path(place)
    return None
