/** The page's whole look; light or dark as the reader's system is. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dee4, #3a424c); --soft: light-dark(#f4f6f8, #1b2129);
  --faint: light-dark(#59636e, #9aa5b1); --get: light-dark(#0a5ab5, #6cb2ff); --post: light-dark(#1a7f37, #5fd07a);
  --delete: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#fff, #12161c);
  color: light-dark(#1c2126, #e6eaef); }
main, nav, header { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { margin: 0; } h2 { margin: 3rem 0 .5rem; } h4 { margin: 1.25rem 0 .25rem; }
a { color: inherit; }
code, pre, .path { font-family: ui-monospace, monospace; font-size: .875em; }
pre { overflow-x: auto; padding: .75rem; background: var(--soft); border: 1px solid var(--line); border-radius: .375rem; }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--faint); }
.scroll { overflow-x: auto; }
details.op { border: 1px solid var(--line); border-radius: .375rem; margin: .5rem 0; }
details.op > summary { cursor: pointer; padding: .5rem .75rem; display: flex; flex-wrap: wrap; gap: .25rem .75rem;
  align-items: baseline; }
details.op > div { padding: 0 .75rem .75rem; border-top: 1px solid var(--line); }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--get); outline-offset: 2px; }
.method { font-weight: 700; min-width: 4.5ch; text-transform: uppercase; font-size: .8125rem; }
.get { color: var(--get); } .post { color: var(--post); } .delete { color: var(--delete); }
.faint { color: var(--faint); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
`;
