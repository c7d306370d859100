import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const rulesFolder = join(root, 'ops', 'prometheus');

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly runbook: string | undefined;
}

/** The rules are written one key a line, so that no YAML parser is needed. */
function alertsOf(text: string): Alert[] {
  return text
    .split(/^ *- alert: /m)
    .slice(1)
    .map((block) => ({
      name: block.split('\n')[0] ?? '',
      expr: /^ *expr: (.+)$/m.exec(block)?.[1] ?? '',
      runbook: /^ *runbook: (\S+)$/m.exec(block)?.[1],
    }));
}

const alerts = readdirSync(rulesFolder)
  .filter((file) => file.endsWith('.rules.yml'))
  .flatMap((file) => alertsOf(readFileSync(join(rulesFolder, file), 'utf8')));

const { registry, ...catalogue } = createMetrics();
const labelsOf = new Map(
  Object.values(catalogue).map((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: readonly string[] };
    return [name, new Set(labelNames)];
  }),
);
const metricOf = (text: string) => (labelsOf.has(text) ? text : text.replace(/_(bucket|sum|count)$/, ''));

it('there are alerts, each named once and with an expression', () => {
  expect(alerts.length).toBeGreaterThan(10);
  expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  for (const { name, expr } of alerts) {
    expect(name).toMatch(/^Freshet[A-Z][A-Za-z]+$/);
    expect(expr).toContain('freshet_');
  }
});

it('every alert has a runbook page that names it', () => {
  for (const { name, runbook } of alerts) {
    expect(runbook, name).toMatch(/^ops\/runbooks\/[a-z-]+\.md$/);
    const file = join(root, runbook as string);
    expect(existsSync(file), `${name}: ${runbook}`).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(`\`${name}\``);
  }
});

it('every page but that of the rebuild belongs to an alert, and every alert and page named on one exists', () => {
  const used = new Set(alerts.map(({ runbook }) => runbook));
  const names = new Set(alerts.map(({ name }) => name));
  for (const file of readdirSync(join(root, 'ops', 'runbooks'))) {
    if (file !== 'rebuild.md') expect(used, file).toContain(`ops/runbooks/${file}`);
    const text = readFileSync(join(root, 'ops', 'runbooks', file), 'utf8');
    for (const [, name] of text.matchAll(/`(Freshet[A-Za-z]+)`/g)) expect(names, file).toContain(name);
    for (const [, link] of text.matchAll(/\]\(([a-z-]+\.md)\)/g))
      expect(existsSync(join(root, 'ops', 'runbooks', link as string)), `${file}: ${link}`).toBe(true);
  }
});

it('every metric and label of the rules is one that the product exposes', () => {
  for (const { name, expr } of alerts) {
    const metrics = [...expr.matchAll(/freshet_[a-z_]+/g)].map(([text]) => metricOf(text));
    for (const metric of metrics) expect(labelsOf.has(metric), `${name}: ${metric}`).toBe(true);
    for (const [, text, matchers] of expr.matchAll(/(freshet_[a-z_]+)\{([^}]*)\}/g)) {
      for (const [, label] of (matchers ?? '').matchAll(/([a-z_]+)=/g))
        expect(labelsOf.get(metricOf(text as string)), `${name}: ${text}`).toContain(label);
    }
    const known = new Set(['le', ...metrics.flatMap((metric) => [...(labelsOf.get(metric) ?? [])])]);
    for (const [, labels] of expr.matchAll(/by \(([^)]*)\)/g))
      for (const label of (labels ?? '').split(', ')) expect(known, `${name}: by ${label}`).toContain(label);
  }
});

it('every page for consumers says what users feel or what it means, what to look at, what to do and how to see that it is well', () => {
  const pages = new Set(
    alerts.map(({ runbook }) => runbook).filter((page) => !/(outbox|relay|ingest)-/.test(page ?? '')),
  );
  for (const page of [...pages, 'ops/runbooks/rebuild.md']) {
    const text = readFileSync(join(root, page as string), 'utf8');
    for (const heading of ['Do', 'Afterwards', 'Escalate when']) expect(text, page).toContain(`\n## ${heading}\n`);
  }
});

it('every command of a page is one that there is', () => {
  const text = readFileSync(join(root, 'ops', 'cli', 'main.ts'), 'utf8');
  const commands = new Set([...[...text.matchAll(/^ {2}([a-z]+): \{$/gm)].map(([, name]) => name)]);
  for (const file of readdirSync(join(root, 'ops', 'runbooks'))) {
    const page = readFileSync(join(root, 'ops', 'runbooks', file), 'utf8');
    for (const [, verb] of page.matchAll(/npx freshet ([a-z]+)/g)) expect(commands, `${file}: ${verb}`).toContain(verb);
  }
});
