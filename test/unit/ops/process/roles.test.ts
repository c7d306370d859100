import { expect, test } from 'vitest';
import { parseRoles, roles, withEmbeddedWorkers } from '../../../../ops/process/roles.ts';

test('http is ingest and serving, and a role that is not there is named with those that are', () => {
  expect([...parseRoles('http, relay')]).toEqual(['ingest', 'serving', 'relay']);
  expect(() => parseRoles('http,worker')).toThrow(/there is no role worker; there are http, ingest/);
});

test('workers are embedded in a process of http where that is asked for, and in no other', () => {
  const all = new Set(roles.filter((role) => role !== 'admin'));
  expect(new Set(withEmbeddedWorkers(parseRoles('http'), true))).toEqual(all);
  expect([...withEmbeddedWorkers(parseRoles('http'), false)]).toEqual(['ingest', 'serving']);
  expect([...withEmbeddedWorkers(parseRoles('relay'), true)]).toEqual(['relay']);
});
