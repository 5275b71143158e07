"""The page to watch the registry: its members, what arrives, what it answered, its switches."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from cec_plugin.sandbox.faults import Faults, On, Switch
from cec_plugin.sandbox.journal import SeenCall
from cec_plugin.sandbox.looks import SCRIPT, STYLE
from cec_plugin.sandbox.overview import Overview, Total
from cec_plugin.sandbox.records import Credit, Member, State
from cec_plugin.sandbox.switches import CATALOGUE, Fault

CALLS_SHOWN = 50
FIGURES = ' class="cec-figure"'
LOGIN = "<!doctype html><title>Log in</title><h1>Log in</h1><form><input name=user></form>"


def _source(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)};"
    " connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS = (("Content-Security-Policy", POLICY),)


def render(shown: Overview, faults: Faults, calls: tuple[SeenCall, ...]) -> str:
    """Return the page."""
    switches = "".join(_switch(fault, faults[fault.name]) for fault in CATALOGUE)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox registry</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body class="cec">
<header class="cec-head">
<h1>Sandbox registry</h1>
<p>What the association sees, and the ways in which its registry can fail.</p>
<p class="cec-live" id="cec-mood" role="status"></p>
</header>
<main class="cec-main">
<section class="cec-box"><h2>Members</h2>
<div class="cec-scroll" id="cec-members" data-live tabindex="0">{_members(shown)}</div></section>
<section class="cec-box"><h2>Credits, the newest first</h2>
<div class="cec-scroll" id="cec-credits" data-live tabindex="0">{_credits(shown)}</div></section>
<section class="cec-box cec-wide"><h2>The last calls</h2>
<div class="cec-scroll" id="cec-calls" data-live tabindex="0">{_calls(calls)}</div></section>
<section class="cec-box cec-wide"><h2>What goes wrong</h2>
<div class="cec-actions">
<form method="post" action="/_sandbox/faults"><button name="turn" value="clear">All off</button>
</form>
<form method="post" action="/_sandbox/reset"><button>Begin anew: forget all credits</button></form>
</div>
{switches}</section>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(
        f'<th scope="col"{FIGURES if name in {"Total", "Amount", "ms"} else ""}>{name}</th>'
        for name in heads
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _members(shown: Overview) -> str:
    if not shown.members:
        example = escape('{"number": "1001", "name": "Ada Byron"}')
        return (
            "<p>No members yet. Start the registry with <code>--member 1001:Ada</code>, or send"
            f" <code>POST /_sandbox/members</code> <code>{example}</code>.</p>"
        )
    rows = (_member(member, totals) for member, totals in shown.members)
    more = shown.member_count - len(shown.members)
    rest = f'<p class="cec-quiet">and {more} more</p>' if more else ""
    return _table(("Number", "Name", "Standing", "Total"), rows) + rest


def _member(member: Member, totals: tuple[Total, ...]) -> str:
    sums = "<br>".join(
        f"{figure(total.hundredths)} {escape(total.unit)} {escape(total.credit_type)}"
        for total in totals
    )
    return (
        f'<tr><td class="cec-code">{escape(member.number)}</td><td>{escape(member.name)}</td>'
        f'<td>{escape(member.standing)}</td><td class="cec-figure">{sums or "none"}</td></tr>'
    )


def _credits(shown: Overview) -> str:
    if not shown.credits:
        return "<p>No credits yet. They appear here as they arrive.</p>"
    rest = f'<p class="cec-quiet">{shown.credit_count} in all</p>'
    heads = ("Member", "Credit", "Earned on", "Amount", "State")
    return _table(heads, map(_credit, shown.credits)) + rest


def _credit(credit: Credit) -> str:
    reference = escape(credit.reference) if credit.reference else "no reference"
    active = credit.state is State.ACTIVE
    state = (
        '<span class="cec-good">✔ active</span>'
        if active
        else '<span class="cec-bad">↩ reversed</span>'
    )
    struck = "" if active else " cec-struck"
    approval = f'<br><span class="cec-quiet">{credit.approval}</span>' if credit.approval else ""
    day = credit.earned_on
    return (
        f'<tr data-key="{credit.cursor}"><td class="cec-code">{escape(credit.member_number)}</td>'
        f'<td>{escape(credit.title)}<br><span class="cec-quiet cec-code">{reference}</span></td>'
        f'<td class="cec-steady"><time datetime="{day}">{day.day} {day:%b} {day.year}</time></td>'
        f'<td class="cec-figure{struck}">{figure(credit.hundredths)} {escape(credit.unit)}</td>'
        f"<td>{state}{approval}</td></tr>"
    )


def _calls(calls: tuple[SeenCall, ...]) -> str:
    if not calls:
        return "<p>No calls yet. Each appears here with its answer.</p>"
    heads = ("Time, UTC", "Call", "Status", "Answer", "ms", "Went wrong")
    return _table(heads, map(_call, reversed(calls[-CALLS_SHOWN:])))


def _call(call: SeenCall) -> str:
    good = call.status is not None and call.status < 400
    status = f"{'✔' if good else '✖'} {'none' if call.status is None else call.status}"
    key = escape(f"{call.at} {call.method} {call.path}")
    return (
        f'<tr data-key="{key}"><td class="cec-code cec-steady">{escape(call.at[11:23])}</td>'
        f'<td class="cec-code">{escape(call.method)} {escape(call.path)}</td>'
        f'<td class="{"cec-good" if good else "cec-bad"}">{status}</td>'
        f'<td class="cec-code">{escape(call.answer)}</td>'
        f'<td class="cec-figure">{call.ms:.1f}</td>'
        f'<td class="cec-steady">{"<br>".join(map(escape, call.faults)) or "nothing"}</td></tr>'
    )


def _switch(fault: Fault, switch: Switch) -> str:
    left = "" if switch.times is None else f", {switch.times} more"
    off = f'<button name="turn" value="on">Turn on</button> <span>○ off{left}</span>'
    on = (
        '<button name="turn" value="off">Turn off</button> <button name="turn" value="on">Apply'
        f'</button> <span class="cec-bad">● on{left}</span>'
    )
    choices = "".join(
        f"<option{' selected' if each is switch.on else ''}>{each.value}</option>" for each in On
    )
    value = ""
    if fault.unit:
        shown = "" if switch.value is None else f"{switch.value:g}"
        value = (
            f'<label><input name="value" type="number" min="0" step="any" value="{shown}">'
            f" {escape(fault.unit)}</label>"
        )
    times = "" if switch.times is None else switch.times
    return f"""<form class="cec-switch" method="post" action="/_sandbox/faults">
<input type="hidden" name="switch" value="{fault.name}">
<p id="cec-state-{fault.name}" data-live>{on if switch.active else off}</p>
<p><strong class="cec-code">{fault.name}</strong> {escape(fault.does)}<br>
<span class="cec-quiet">{escape(fault.seen_in)}</span></p>
<div class="cec-limits">{value}
<label><input name="times" type="number" min="1" value="{times}" placeholder="until off">
 times</label>
<label><input name="probability" type="number" min="0" max="1" step="any"
 value="{switch.probability:g}"> probability</label>
<label>on <select name="on">{choices}</select></label></div>
</form>
"""


def figure(hundredths: int) -> str:
    """Return an amount with at most two decimals and no trailing zeros."""
    whole, cents = divmod(hundredths, 100)
    return f"{whole}.{cents:02d}".rstrip("0").rstrip(".")
