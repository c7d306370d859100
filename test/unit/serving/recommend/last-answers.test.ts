import { expect, it } from 'vitest';
import { keepValues, valuesOf } from '../../../../serving/recommend/kept-values.ts';
import { createLastAnswers, packSlate, unpackSlate } from '../../../../serving/recommend/last-answers.ts';

const answer = (locale: string) => ({
  version: 1,
  values: keepValues({ list: null, profile: Buffer.from(locale), recent: Buffer.alloc(0) }),
  slate: packSlate([]),
});

it('keeps as many of the newest answers as it may at least, and drops those put longest ago', () => {
  const answers = createLastAnswers(3);
  const kept = (user: string) => answers.get('shop', 'home', user)?.values;
  for (const user of ['a', 'b', 'c', 'd', 'e', 'a']) answers.put('shop', 'home', user, answer(user));
  expect(kept('a')).toEqual(answer('a').values);
  for (const user of ['f', 'g', 'h']) answers.put('shop', 'home', user, answer(user));
  expect(['f', 'g', 'h'].map(kept)).toEqual(['f', 'g', 'h'].map((user) => answer(user).values));
  expect(['b', 'c'].map(kept)).toEqual([undefined, undefined]);
  answers.forget('shop', 'home', 'h');
  expect(kept('h')).toBeUndefined();
});

it('tells users, surfaces and namespaces apart', () => {
  const answers = createLastAnswers();
  answers.put('shop', 'home', 'a', answer('1'));
  for (const [ns, surface, user] of [
    ['shop', 'cart', 'a'],
    ['other', 'home', 'a'],
    ['shop', 'home', 'b'],
  ] as const) {
    expect(answers.get(ns, surface, user)).toBeUndefined();
  }
});

it('packs slates and values so that they come out as they went in', () => {
  const candidates = [
    { item: 2 ** 32 - 1, score: 0.123456789, sources: 5, because: 7 },
    { item: 1, score: -1, sources: 0, because: 0 },
  ];
  expect(unpackSlate(packSlate(candidates))).toEqual(candidates);
  const values = { list: Buffer.from('list'), profile: null, recent: Buffer.alloc(0) };
  expect(valuesOf(keepValues(values))).toEqual(values);
});
