import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelease, type Release } from '../support/release.ts';

/*
 * Chapter 1. Add a field, rename one, add a symbol.
 *
 * A record's schema is `schemas/events/<event>.v<n>.avsc`. Every version it ever had is in `schemas/history`, with bytes
 * that were written by it in `test/fixtures/records`; `schemas/history/lock.json` holds them fast. Nothing here needs a
 * server: a change is judged against all that history before anybody can deploy it.
 */

const event = 'user-changed.v1';
const file = `schemas/events/${event}.avsc`;
const subject = 'audience.user.changed.v1-value';
let work: Release;

beforeAll(async () => {
  work = createRelease();
  await work.commit('as it is in production');
});
afterAll(() => work?.remove());

describe('a field', () => {
  it('is added by one command, which also says who is deployed first', async () => {
    const { code, output } = await work.freshet([
      ...['schemas', 'evolve', event],
      ...['--add', 'channel:string?', '--doc', 'Where the user came from.'],
    ]);
    expect(output).toContain('channel: added: nullable string; older records read null');
    expect(output).toContain('deploy: consumers first');
    expect(output).toContain('consumers: catalog-users; until then they do not see `channel`');
    expect(code).toBe(0);
    // The schema and its TypeScript type are written. Now the compiler shows each place that has to fill it.
    expect(work.read(file)).toContain('"channel"');
    expect(work.read(`schemas/generated/${event}.ts`)).toContain('readonly channel: null | string;');
  });

  it('is no version until it is recorded: nothing can be deployed by accident', async () => {
    const before = await work.freshet(['schemas', 'check']);
    expect(before.code).toBe(1);
    expect(before.output).toContain(`${file}: (record): recorded: this text is no version yet`);

    const recorded = await work.freshet(['schemas', 'record']);
    expect(recorded.output.split('\n')).toEqual([
      `schemas/history/${subject}/2.avsc`,
      `test/fixtures/records/${subject}/2.bin`,
      'schemas/history/lock.json',
    ]);
    expect(await work.freshet(['schemas', 'check'])).toMatchObject({ code: 0 });
  });

  it('is told in a pull request in plain words', async () => {
    const { output, code } = await work.freshet(['schemas', 'diff', '--against', 'HEAD', '--format', 'markdown']);
    expect(code).toBe(0);
    expect(output).toContain('Every rule is kept, and all versions fit each other.');
    expect(output).toContain(`### \`${file}\`: changed, version 2`);
    expect(output).toContain('| channel | added | nullable string; older records read null |');
    await work.commit('users have a channel');
  });

  it('is refused with the remedy where it would break somebody, and nothing is written', async () => {
    const before = work.read(file);
    const without = await work.freshet(['schemas', 'evolve', event, '--add', 'age:int', '--doc', 'Age in years.']);
    expect(without.output).toContain('age:int: has no default, which older records would be read with');
    const removed = await work.freshet(['schemas', 'evolve', event, '--remove', 'user_id']);
    expect(removed.output).toContain(`${file}: user_id: forward: readers of v1, v2 cannot read it`);
    expect(removed.output).toContain('Keep the field');
    expect([without.code, removed.code]).toEqual([1, 1]);
    expect(work.read(file)).toBe(before);
  });
});

describe('history', () => {
  it('cannot be written anew, not even together with its lock', async () => {
    const lock = 'schemas/history/lock.json';
    const before = work.read(lock);
    work.edit(
      lock,
      /"audience.user.changed.v1-value\/2.avsc": "[0-9a-f]{8}/.exec(before)?.[0] ?? '',
      `"${subject}/2.avsc": "00000000`,
    );
    const { output, code } = await work.freshet(['schemas', 'check', '--against', 'HEAD']);
    expect(output).toContain(`${lock}: ${subject}/2.avsc: lock: was recorded otherwise at HEAD`);
    expect(code).toBe(1);
    work.write(lock, before);
    expect(await work.freshet(['schemas', 'check', '--against', 'HEAD'])).toMatchObject({ code: 0 });
  });
});

describe('two branches that recorded the same version', () => {
  it('are told apart: what is merged comes first, and this branch has the version after', async () => {
    const [second, lock] = [`schemas/history/${subject}/2.avsc`, 'schemas/history/lock.json'];
    const merged = work.read(second);
    const conflict = (text: string) => `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> main\n`;
    // The event's file is merged by hand, history and lock need not be.
    await work.freshet(['schemas', 'evolve', event, '--add', 'plan:string?', '--doc', 'Plan of the user.']);
    work.write(second, conflict(merged));
    work.write(lock, conflict(work.read(lock)));
    const refused = await work.freshet(['schemas', 'record']);
    expect(refused.output).toContain(`${second}: (file): layout: holds conflict markers of git`);
    expect(refused.output).toContain('`freshet schemas record --onto <branch>`');

    const { code, output } = await work.freshet(['schemas', 'record', '--onto', 'HEAD']);
    expect(code, output).toBe(0);
    expect(work.read(second)).toBe(merged);
    expect(work.read(`schemas/history/${subject}/3.avsc`)).toContain('"plan"');
    expect(await work.freshet(['schemas', 'check', '--against', 'HEAD'])).toMatchObject({ code: 0 });
  });
});

describe('a rename', () => {
  it('keeps the old name as an alias, so that what is stored is still read', async () => {
    const { output, code } = await work.freshet(['schemas', 'evolve', event, '--rename', 'last_seen_at:seen_at']);
    expect(output).toContain('seen_at: renamed: was `last_seen_at`');
    expect(output).toContain('until then they read the default of the old name of `seen_at`');
    expect(code).toBe(0);
    expect(await work.freshet(['schemas', 'record'])).toMatchObject({ code: 0 });
  });

  it('that is made by hand without an alias is caught', async () => {
    work.edit(file, '"name": "channel"', '"name": "source"');
    const { output, code } = await work.freshet(['schemas', 'check']);
    expect(output).toContain('source: alias-on-rename: looks like `channel` renamed');
    expect(output).toContain('Add "aliases": ["channel"]');
    expect(code).toBe(1);
    work.edit(file, '"name": "source"', '"name": "channel"');
  });
});

describe('a symbol', () => {
  it('is added to an enum, whose default is what older readers make of it', async () => {
    const { output, code } = await work.freshet(['schemas', 'evolve', event, '--add-symbol', 'consent:analytics']);
    expect(output).toContain('consent: symbol added: analytics; readers of the version before read it as none');
    expect(code).toBe(0);
    expect(await work.freshet(['schemas', 'record'])).toMatchObject({ code: 0 });
    expect(await work.freshet(['schemas', 'check'])).toMatchObject({ code: 0 });
  });
});
