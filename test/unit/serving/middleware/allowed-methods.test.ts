import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { allowedMethods } from '../../../../serving/middleware/allowed-methods.ts';

const answer = () => new Response();
const { routes } = new Hono()
  .use(async (_, next) => next())
  .get('/items/:id', answer)
  .delete('/items/:id', answer)
  .post('/items/upsert', answer);
const allowed = allowedMethods(routes);

it('tells the methods of a path, whatever stands for its parameters', () => {
  expect(allowed('/items/a%2Fb')).toEqual(['GET', 'DELETE']);
  expect(allowed('/nowhere')).toEqual([]);
});

it('tells those of a route that has the path literally, and no others', () => {
  expect(allowed('/items/upsert')).toEqual(['POST']);
});
