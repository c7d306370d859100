import { expect, it } from 'vitest';
import { createLastAnswers } from '../../../../serving/recommend/last-answers.ts';

const answer = (locale: string) => ({
  version: 1,
  candidates: [],
  reflects: undefined,
  seen: new Set<number>(),
  owned: { bought: new Map<number, number>(), dismissed: new Set<number>(), inCart: new Set<number>() },
  current: 0,
  locale,
});

it('keeps no more answers than it may, and drops the least recently put', () => {
  const answers = createLastAnswers(2);
  answers.put('shop', 'home', 'a', answer('1'));
  answers.put('shop', 'home', 'b', answer('2'));
  answers.put('shop', 'home', 'a', answer('3'));
  answers.put('shop', 'home', 'c', answer('4'));
  expect(answers.size).toBe(2);
  expect(answers.get('shop', 'home', 'a')?.locale).toBe('3');
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
