import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureFile } from '../../../../ops/schemas/fixtures.ts';
import { lockFile } from '../../../../ops/schemas/lock.ts';
import { sourceTopics, topics } from '../../../../schemas/topics.ts';
import { added, after, entry, event, first, history, type Mistake, read, root, topic, write } from './planting.ts';

/** In the files around schemas, and in the catalogue of topics. */
export const fileMistakes: readonly Mistake[] = [
  ['text that is not JSON', () => write(event, '{'), [event, '(file)'], /layout: is not JSON.*correct its syntax/i],
  [
    'a byte order mark before a schema',
    () => write(event, `\uFEFF${read(event)}`),
    [event, '(file)'],
    /layout: .*byte order mark.*save it/i,
  ],
  [
    'a merge of two fields that left one object with both names',
    () => write(event, read(event).replace('"name": "user_id",', '"name": "user_id",\n"name": "user",')),
    [event, '(file)'],
    /layout: has "name" twice.*make two objects/i,
  ],
  [
    'a version with conflict markers of git',
    () => write(first, `<<<<<<< HEAD\n${read(first)}=======\n${read(first)}>>>>>>> other\n`),
    [first, '(file)'],
    /layout: .*conflict.*freshet schemas record --onto/i,
  ],
  [
    'a lock with conflict markers of git',
    () => write(lockFile, `<<<<<<< HEAD\n${read(lockFile)}=======\n>>>>>>> other\n`),
    [lockFile, '(file)'],
    /lock: .*conflict.*freshet schemas record --onto/i,
  ],
  ['a lock of another shape', () => write(lockFile, 'null'), [lockFile, '(file)'], /lock: holds no.*restore it/i],
  ['a lock deleted', () => rmSync(join(root, lockFile)), [lockFile, '(file)'], /lock: is gone.*restore it/i],
  [
    'all of the history deleted',
    () => rmSync(join(root, 'schemas/history'), { recursive: true }),
    [event, '(record)'],
    /recorded: this text is no version yet/i,
  ],
  [
    'all schemas deleted',
    () => rmSync(join(root, 'schemas/events'), { recursive: true }),
    [event, '(file)'],
    /layout: .*restore it from git/i,
  ],
  [
    'a version between others removed',
    after(added({}), () => rmSync(join(root, first))),
    [first, '(file)'],
    /layout: .*restore it from git/i,
  ],
  [
    'a note among versions',
    () => write(`schemas/history/${history}/notes.txt`, 'x'),
    [`schemas/history/${history}/notes.txt`, '(file)'],
    /layout: is no version.*take it away/i,
  ],
  [
    'a schema deleted though its topic is there',
    () => rmSync(join(root, event)),
    [event, '(file)'],
    /layout: .*restore it/i,
  ],
  [
    'a schema of no topic',
    () => cpSync(join(root, event), join(root, 'schemas/events/user-left.v1.avsc')),
    ['schemas/events/user-left.v1.avsc', '(file)'],
    /catalogue: .*add its topic/i,
  ],
  [
    'a file of another kind',
    () => write('schemas/events/user.json', '{}'),
    ['schemas/events/user.json', '(file)'],
    /layout: .*call it/i,
  ],
  ['a change that is not recorded', added({}), [event, '(record)'], /recorded: .*freshet schemas record/i],
  [
    'types that were not generated again',
    added({}),
    ['schemas/generated/user-changed.v1.ts', '(file)'],
    /generated: .*freshet schemas generate/i,
  ],
  [
    'generated types edited by hand',
    () => write('schemas/generated/user-changed.v1.ts', '//'),
    ['schemas/generated/user-changed.v1.ts', '(file)'],
    /generated: .*never edit it/i,
  ],
  [
    'generated types of a schema that is gone',
    () => write('schemas/generated/gone.v1.ts', ''),
    ['schemas/generated/gone.v1.ts', '(file)'],
    /generated: no schema/i,
  ],
  [
    'a version edited',
    () => write(first, read(first).replace('"revision"', '"rev"')),
    [first, '(file)'],
    /history: was edited.*restore it from git/i,
  ],
  ['a version removed', () => rmSync(join(root, first)), [first, '(file)'], /history: .*gone.*restore it from git/i],
  [
    'a version written by hand',
    () => write(`schemas/history/${history}/2.avsc`, read(event)),
    [`schemas/history/${history}/2.avsc`, '(file)'],
    /history: was not recorded.*freshet schemas record/i,
  ],
  [
    'golden bytes removed',
    () => rmSync(join(root, fixtureFile(history, 1))),
    [fixtureFile(history, 1), '(file)'],
    /fixture: .*restore it/i,
  ],
  [
    'golden bytes edited',
    () => write(fixtureFile(history, 1), 'zzzzzzzzz'),
    [fixtureFile(history, 1), '(file)'],
    /fixture: .*restore it/i,
  ],
  [
    'two topics with one subject',
    () => [...sourceTopics, topics.userChanged],
    ['schemas/topics.ts', `${topic}.name`],
    /twice.*rename one/i,
  ],
  [
    'partitions lowered',
    entry({ partitions: 4 }),
    ['schemas/topics.ts', `${topic}.partitions`],
    /was 8, is 4.*put 8 back.*v2/i,
  ],
  [
    'partitions that do not share the shards',
    entry({ partitions: 12 }),
    ['schemas/topics.ts', `${topic}.partitions`],
    /12 partitions.*multiple of 16/i,
  ],
  [
    'another key',
    entry({ key: 'ns' }),
    ['schemas/topics.ts', `${topic}.key`],
    /was ns\|user, is ns.*put ns\|user back/i,
  ],
  [
    'state made a log',
    entry({ cleanup: 'delete', retentionMs: 1 }),
    ['schemas/topics.ts', `${topic}.cleanup`],
    /was compact.*put compact back/i,
  ],
  [
    'a compacted topic with an age',
    entry({ retentionMs: 1 }),
    ['schemas/topics.ts', `${topic}.retentionMs`],
    /no age.*say -1/i,
  ],
  [
    'a retention without its reason',
    entry({ retentionReason: '' }),
    ['schemas/topics.ts', `${topic}.retentionReason`],
    /say it in words/i,
  ],
  [
    'a topic renamed',
    () => sourceTopics.map((one) => (one.name === topic ? { ...one, name: 'audience.user.updated.v1' } : one)),
    ['schemas/topics.ts', topic],
    /topic-gone.*freshet schemas retire/i,
  ],
  [
    'a name without version',
    entry({ name: 'audience.user.changed' }),
    ['schemas/topics.ts', 'audience.user.changed.name'],
    /call it <domain>/i,
  ],
  [
    'a topic that nobody reads',
    entry({ consumers: [] }),
    ['schemas/topics.ts', `${topic}.consumers`],
    /names no consumers.*name them/i,
  ],
  [
    'a stage that feeds itself',
    entry({ producers: ['catalog-users'] }),
    ['schemas/topics.ts', `${topic}.consumers`],
    /without end.*take it off/i,
  ],
  [
    'a topic retired though somebody writes it',
    entry({ retired: { since: '2026-01-31', reason: 'moved' } }),
    ['schemas/topics.ts', `${topic}.producers`],
    /still write.*stop them/i,
  ],
  [
    'a lower level without a reason',
    () =>
      sourceTopics.map((one) =>
        one.name === topic ? Object.assign({}, one, { compatibility: { level: 'BACKWARD', reason: '' } }) : one,
      ),
    ['schemas/topics.ts', `${topic}.compatibility`],
    /no reason.*say why/i,
  ],
];
