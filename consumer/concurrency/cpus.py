"""How many CPUs we may use (the least of the machine's, our affinity's and our cgroup's), and what they can do."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
CPU_INFO = Path("/proc/cpuinfo")


def available_cpus(cgroup: Path = _CGROUP) -> int:
    """Return at least 1; a quota of 1.5 CPUs counts as 2, since one thread would leave half of it unused."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup) or _quota_v1(cgroup)
    return max(1, min(allowed, math.ceil(quota)) if quota else allowed)


def cpu_flags(cpu_info: Path = CPU_INFO) -> frozenset[str] | None:
    """Return the names of the instruction sets that the first CPU has; None on a system that does not tell."""
    try:
        text = cpu_info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = (line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    return frozenset(next(lines, "").replace(":", " ").split())


def _quota_v2(cgroup: Path) -> float | None:
    parts = _read(cgroup / "cpu.max").split()
    return _ratio(parts[0], parts[1]) if len(parts) == 2 else None


def _quota_v1(cgroup: Path) -> float | None:
    return _ratio(_read(cgroup / "cpu" / "cpu.cfs_quota_us"), _read(cgroup / "cpu" / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    """Return CPUs; None for "max", "-1" or anything that is no number."""
    try:
        cpus = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return cpus if cpus > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
