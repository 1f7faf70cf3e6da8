"""Plants faults and reports how many the tests find: `python -m tests.mutations --number 120`.

First the unit tests that go through the broken lines, then, for what they let pass, conversations with a running desk.
"""

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.config import PROJECT
from tests.mutations.choosing import all_faults, chosen, conversations, read_passes, unit_tests
from tests.mutations.operators import RULE_KINDS, Fault
from tests.mutations.planting import Verdict, make_copy, trace_unit_tests, try_unit_tests
from tests.mutations.reporting import AT_LEAST, report, share_caught

_OUT = PROJECT / "tests" / "out"
_KEPT = _OUT / "mutations.json"
_MAP = _OUT / "mutations-map.jsonl"
_CONVERSATIONS = _OUT / "mutations-conversations.jsonl"


def main() -> int:
    """Run it; exit 1 when fewer are found than should be."""
    options = _options()
    faults = [fault for fault in all_faults() if options.only in fault.name]
    picked = chosen(options.number, options.seed, faults)
    print(f"{len(picked)} of {len(faults)} faults, seed {options.seed}", flush=True)
    known = _known_before(picked) if options.go_on else {}
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy = make_copy(Path(folder))
        if not options.talk_only:
            _meet_unit_tests(copy, picked, known, options)
        left = [each for each in picked if each.name not in known or known[each.name].caught_by is None]
        if left and not options.unit_only:
            if not (options.go_on and _CONVERSATIONS.exists()):
                _run_in(copy, "following", str(_CONVERSATIONS))
            known |= {verdict.fault.name: verdict for verdict in _talked(copy, left, Path(folder))}
    verdicts = [known.get(fault.name, Verdict(fault, None, 0.0)) for fault in picked]
    _keep(verdicts)
    print("\n".join(report(verdicts, _OUT / "mutations.html")))
    return 0 if share_caught(verdicts) >= AT_LEAST else 1


def _meet_unit_tests(copy: Path, picked: Sequence[Fault], known: dict[str, Verdict], options: Namespace) -> None:
    """Add a verdict for every fault in Python that has none; it is kept though the run is ended before the last."""
    if not (options.go_on and _MAP.exists()):
        trace_unit_tests(copy, _MAP)
    passes, unsteady = read_passes(_MAP), set[str]()
    for fault in picked:
        if fault.kind not in RULE_KINDS and fault.name not in known:
            known[fault.name] = _unit(copy, fault, unit_tests(fault, passes), options.seconds, unsteady)
            _keep(known.values())
    for test in sorted(unsteady):
        print(f"fails without any fault, and proved nothing: {test}", flush=True)


def _known_before(faults: Sequence[Fault]) -> dict[str, Verdict]:
    """What was found in the run before; what was not found is tried again."""
    if not _KEPT.exists():
        return {}
    before = json.loads(_KEPT.read_text(encoding="utf-8"))
    return {each.name: Verdict(each, before[each.name], 0.0) for each in faults if before.get(each.name)}


def _keep(verdicts: Iterable[Verdict]) -> None:
    _KEPT.parent.mkdir(parents=True, exist_ok=True)
    _KEPT.write_text(json.dumps({each.fault.name: each.caught_by for each in verdicts}, indent=1), encoding="utf-8")


def _options() -> Namespace:
    options = ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    options.add_argument("--number", type=int, default=120, help="how many faults")
    options.add_argument("--seed", type=int, default=2026, help="which ones")
    options.add_argument("--only", default="", help="only faults whose name holds this")
    options.add_argument("--seconds", type=float, default=240, help="for the unit tests of one fault")
    options.add_argument("--go-on", action="store_true", help="what was found before is not tried again")
    options.add_argument("--unit-only", action="store_true", help="lead no conversations")
    options.add_argument("--talk-only", action="store_true", help="run no unit tests")
    return options.parse_args()


def _unit(copy: Path, fault: Fault, tests: Sequence[str], seconds: float, unsteady: set[str]) -> Verdict:
    verdict = try_unit_tests(copy, fault, tests, seconds, unsteady)
    result = "found " if verdict.caught_by else "passed"
    print(f"{result} {verdict.seconds:4.0f} s, {len(tests):2} tests  {fault.name}", flush=True)
    return verdict


def _talked(copy: Path, faults: Sequence[Fault], folder: Path) -> list[Verdict]:
    """Verdicts of conversations; what was found is kept though a later fault brings the run down."""
    passes = read_passes(_CONVERSATIONS)
    wanted, told = folder / "wanted.json", folder / "verdicts.jsonl"
    led = {fault.name: conversations(fault, passes) for fault in faults}
    wanted.write_text(json.dumps(led), encoding="utf-8")
    _run_in(copy, "talking", str(wanted), str(told))
    by_name = {fault.name: fault for fault in faults}
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    rows = [json.loads(line) for line in lines]
    return [Verdict(by_name[row["name"]], row["caught_by"], row["seconds"]) for row in rows]


def _run_in(copy: Path, tool: str, *words: str) -> None:
    """Run a tool of this folder inside the copy, on the desk that the copy is."""
    subprocess.run([sys.executable, "-m", f"tests.mutations.{tool}", *words], cwd=copy, check=False)


if __name__ == "__main__":
    sys.exit(main())
