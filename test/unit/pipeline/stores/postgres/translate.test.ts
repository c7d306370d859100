import { expect, it } from 'vitest';
import { FreshetError, TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { translate } from '../../../../../pipeline/stores/postgres/database.ts';

const sqlError = (code: string) => Object.assign(new Error('refused'), { code });

it.each(['22021', '22003', '23502', '54000'])('SQLSTATE %s is the fault of the values', (code) => {
  const error = translate(sqlError(code));
  expect(error).toBeInstanceOf(FreshetError);
  expect(error).not.toBeInstanceOf(TransientError);
});

it.each([
  ['a table that a migration has yet to make', '42P01'],
  ['a privilege that was taken away', '42501'],
  ['a password that is being changed', '28P01'],
  ['a statement whose table was altered', '0A000'],
  ['a server that shuts down', '57P01'],
  ['a standby', '25006'],
  ['a deadlock', '40P01'],
  ['a full disk', '53100'],
])('%s is waited for, and no record is set aside for it', (_, code) => {
  expect(translate(sqlError(code))).toBeInstanceOf(TransientError);
});

it('an error without SQLSTATE is waited for', () => {
  expect(translate(new Error('Connection terminated unexpectedly'))).toBeInstanceOf(TransientError);
});
