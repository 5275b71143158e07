"""The page's style and script; without the script the page is complete, only not live."""

STYLE = """
:root {
  --cec-primary: var(--pgn-color-primary-base, #0A3055);
  --cec-brand: var(--pgn-color-brand-base, #9D0054);
  --cec-success: var(--pgn-color-success-base, #178253);
  --cec-danger: var(--pgn-color-danger-base, #C32D3A);
  --cec-line: var(--pgn-color-gray-200, #DCDCDC);
  --cec-pale: var(--pgn-color-gray-100, #F4F4F4);
  --cec-quiet: var(--pgn-color-gray-600, #5C5C5C);
  --cec-ink: var(--pgn-color-gray-900, #212529);
  --cec-radius: var(--pgn-size-border-radius-base, 0.375rem);
  --cec-space: var(--pgn-spacing-spacer-base, 1rem);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--cec-pale); }
.cec { color: var(--cec-ink); font: 0.875rem/1.45 var(--pgn-typography-font-family-sans-serif,
  system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif); }
.cec-head { background: var(--cec-primary); color: #fff; padding: var(--cec-space) 1.5rem;
  display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; }
.cec-head h1 { font-size: 1.25rem; margin: 0; }
.cec-head p { margin: 0; }
.cec-head .cec-live { margin-left: auto; }
.cec-main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
  gap: var(--cec-space); padding: var(--cec-space) 1.5rem; max-width: 110rem; margin: 0 auto; }
.cec-box { background: #fff; border: 1px solid var(--cec-line); border-radius: var(--cec-radius);
  padding: 0.75rem var(--cec-space) var(--cec-space); min-width: 0; }
.cec-wide { grid-column: 1 / -1; }
.cec-box h2 { font-size: 1rem; margin: 0 0 0.5rem; color: var(--cec-primary); }
.cec-scroll { max-height: 22rem; overflow: auto; }
.cec table { border-collapse: collapse; width: 100%; }
.cec th { text-align: left; white-space: nowrap; color: var(--cec-quiet); font-weight: 600;
  position: sticky; top: 0; background: #fff; }
.cec th, .cec td { padding: 0.3rem 0.6rem 0.3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--cec-line); overflow-wrap: anywhere; }
.cec .cec-figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.cec-steady { white-space: nowrap; }
.cec-code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  font-size: 0.8125rem; }
.cec-quiet { color: var(--cec-quiet); }
.cec-good { color: var(--cec-success); font-weight: 600; white-space: nowrap; }
.cec-bad { color: var(--cec-danger); font-weight: 600; white-space: nowrap; }
.cec-struck { text-decoration: line-through; }
.cec-new td { animation: cec-arrive 4s ease-out; }
@keyframes cec-arrive { from { background: #FFF3CD; } to { background: transparent; } }
.cec-switch { display: grid; grid-template-columns: 11rem minmax(0, 1fr) auto; gap: 0.25rem 1rem;
  align-items: center; padding: 0.5rem 0; border-top: 1px solid var(--cec-line); }
.cec-switch p { margin: 0; }
.cec-limits { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; justify-content: flex-end; }
.cec-limits label { color: var(--cec-quiet); white-space: nowrap; }
.cec input, .cec select, .cec button { font: inherit; padding: 0.15rem 0.4rem;
  border: 1px solid var(--cec-quiet); border-radius: var(--cec-radius); background: #fff; }
.cec input { width: 5.5rem; }
.cec button { cursor: pointer; color: var(--cec-primary); border-color: var(--cec-primary); }
.cec :focus-visible { outline: 3px solid var(--cec-brand); outline-offset: 1px; }
.cec-actions { display: flex; gap: 0.5rem; margin-bottom: 0.75rem; }
@media (max-width: 60rem) {
  .cec-main { grid-template-columns: minmax(0, 1fr); }
  .cec-switch { grid-template-columns: minmax(0, 1fr); }
  .cec-limits { justify-content: flex-start; }
}
@media (prefers-reduced-motion: reduce) { .cec-new td { animation: none; background: #FFF3CD; } }
"""

SCRIPT = """
(() => {
  const mood = document.getElementById("cec-mood");
  const renew = (page) => {
    for (const now of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(now.id);
      if (!next || next.innerHTML === now.innerHTML) continue;
      const known = new Set([...now.querySelectorAll("[data-key]")].map((r) => r.dataset.key));
      for (const row of next.querySelectorAll("[data-key]")) {
        row.classList.toggle("cec-new", !known.has(row.dataset.key));
      }
      now.replaceChildren(...next.childNodes);
    }
  };
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch("/", { cache: "no-store" });
        renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
        mood.textContent = "\\u25cf live";
      } catch (gone) {
        mood.textContent = "\\u25cb the registry does not answer";
      }
    }
    setTimeout(look, 1500);
  };
  mood.textContent = "\\u25cf live";
  setTimeout(look, 1500);
})();
"""
