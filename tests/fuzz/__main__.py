"""Coverage-guided fuzzing of the reader and the planner: ``python -m tests.fuzz [--seconds S] [TARGET ...]``.

Each target runs for that long under libFuzzer (by atheris, the ``fuzz`` extra), from valid bundles and from what earlier runs
found worth keeping. A finding is saved in ``tests/fuzz/regressions/<target>``, which the test suite replays from then on.
Exit code 1 if there is one.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parent
REGRESSIONS = ROOT / "regressions"
CORPUS = ROOT.parent.parent / ".fuzz"

#: Most seconds and MiB that one input may take: the program has 64 MiB for its plan, the reader what a document may take.
_TIMEOUT_S = 20
_RSS_MB = 1536


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    options = parser.parse_args()
    if unknown := set(options.targets) - TARGETS.keys():
        parser.error(f"no target {min(unknown)!r}")
    found = [run(target, options.seconds) for target in options.targets or TARGETS]
    return 1 if any(found) else 0


def run(target: str, seconds: int) -> bool:
    """Fuzz one target; whether there was a finding."""
    corpus, findings = CORPUS / target, REGRESSIONS / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    command = [
        *(sys.executable, "-m", "tests.fuzz.child", target, str(corpus), f"-max_total_time={seconds}"),
        *(
            f"-timeout={_TIMEOUT_S}",
            f"-report_slow_units={_TIMEOUT_S}",
            f"-rss_limit_mb={_RSS_MB}",
            f"-artifact_prefix={findings}/",
            "-max_len=200000",
        ),
        *("-print_final_stats=1", "-verbosity=1"),
    ]
    started = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
    took = time.monotonic() - started
    figures = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", ended.stderr)
    runs = re.findall(r"number_of_executed_units: (\d+)", ended.stderr) or ["?"]
    cov, features, kept = figures[-1] if figures else ("?", "?", "?")
    print(
        f"{target:9} {runs[-1]} runs in {took:.0f} s, {cov} branches, {features} features, {kept} inputs kept",
        flush=True,
    )
    new = sorted(set(findings.iterdir()) - before)
    if not any(findings.iterdir()):
        findings.rmdir()
    if ended.returncode and not new:
        print(ended.stderr[-3000:])
    for path in new:
        print(f"  finding: {path}\n{_indented(ended.stdout)}")
    return bool(ended.returncode or new)


def _indented(traceback: str) -> str:
    return "\n".join(f"    {line[:300]}" for line in traceback.splitlines()[-20:])


if __name__ == "__main__":
    sys.exit(main())
