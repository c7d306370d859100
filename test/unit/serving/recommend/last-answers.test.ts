import { expect, it } from 'vitest';
import { keepValues, valuesOf } from '../../../../serving/recommend/kept-values.ts';
import { createLastAnswers, packSlate, unpackSlate } from '../../../../serving/recommend/last-answers.ts';

const answer = (locale: string) => ({
  version: 1,
  values: keepValues({ list: null, profile: Buffer.from(locale), recent: Buffer.alloc(0) }),
  slate: packSlate([]),
});

it('keeps no more answers than it may, and drops the least recently put', () => {
  const answers = createLastAnswers(2);
  answers.put('shop', 'home', 'a', answer('1'));
  answers.put('shop', 'home', 'b', answer('2'));
  answers.put('shop', 'home', 'a', answer('3'));
  answers.put('shop', 'home', 'c', answer('4'));
  expect(answers.size).toBe(2);
  expect(answers.get('shop', 'home', 'a')?.values).toEqual(answer('3').values);
  expect(answers.get('shop', 'home', 'b')).toBeUndefined();
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
