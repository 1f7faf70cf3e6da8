"""What came of the planted faults, as a table and as a page."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from tests.mutations.planting import Verdict

AT_LEAST = 0.95
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Planted faults</title>
<style>:root{color-scheme:light dark}body{max-width:1200px;margin:32px auto;padding:0 20px;font:15px/1.5 system-ui}
table{border-collapse:collapse;width:100%}th,td{padding:4px 10px;border-bottom:1px solid #8884;text-align:left;
overflow-wrap:anywhere}.passed{background:color-mix(in srgb,red 25%,Canvas)}</style></head><body>
<h1>Planted faults</h1>
<p>{{ caught }} of {{ verdicts | length }} were found ({{ "%.1f" | format(100 * caught / verdicts | length) }} %).</p>
<table><tr><th>kind</th><th>fault</th><th>it</th><th>found by</th></tr>
{% for each in verdicts %}<tr class="{{ 'found' if each.caught_by else 'passed' }}"><td>{{ each.fault.kind }}</td>
<td>{{ each.fault.name }} (line {{ each.fault.line }})</td><td>{{ each.fault.what }}</td>
<td>{{ each.caught_by or "nothing" }}</td></tr>{% endfor %}</table></body></html>"""


def share_caught(verdicts: Sequence[Verdict]) -> float:
    """How many of the faults were found, from 0 to 1."""
    return sum(each.caught_by is not None for each in verdicts) / len(verdicts) if verdicts else 1.0


def report(verdicts: Sequence[Verdict], page: Path) -> list[str]:
    """Write the page; give the table by kind, and every fault that nothing found."""
    page.parent.mkdir(parents=True, exist_ok=True)
    caught = sum(each.caught_by is not None for each in verdicts)
    page.write_text(
        Environment(autoescape=True).from_string(_PAGE).render(verdicts=verdicts, caught=caught), encoding="utf-8"
    )
    lines = ["", f"{'kind':<20}{'planted':>8}{'found':>8}"]
    for kind in sorted({each.fault.kind for each in verdicts}):
        of_kind = [each for each in verdicts if each.fault.kind == kind]
        lines.append(f"{kind:<20}{len(of_kind):>8}{sum(each.caught_by is not None for each in of_kind):>8}")
    lines.append(f"{'all':<20}{len(verdicts):>8}{caught:>8}   {100 * share_caught(verdicts):.1f} %")
    passed = [each.fault for each in verdicts if each.caught_by is None]
    lines += ["", "found by nothing:", *(f"  {each.name} (line {each.line}): it {each.what}" for each in passed)]
    return lines if passed else lines[:-2]
