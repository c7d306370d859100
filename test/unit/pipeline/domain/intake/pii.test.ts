import { describe, expect, it } from 'vitest';
import { looksPersonal } from '../../../../../pipeline/domain/intake/pii.ts';

describe('looksPersonal', () => {
  it.each([
    ['note', 'jo.doe+shop@example.co.uk'],
    ['note', 'write to <jo@example.org>, please'],
    ['link', 'https://shop.test/?mail=jo%40example.org'],
    ['note', 'jörg@bücher.de'],
    ['note', '+14155552671'],
    ['note', '+49 170 1234567'],
    ['note', 'call (415) 555-2671'],
    ['note', '415-555-2671'],
    ['note', '030 1234 5678'],
    ['phone', '4155552671'],
    ['user_mobile', '0170 1234567'],
    ['note', '4111111111111111'],
    ['note', '4111 1111 1111 1111'],
    ['note', 'card 5500-0000-0000-0004 please'],
    ['note', '378282246310005'],
  ])('finds %s: %s', (name, text) => {
    expect(looksPersonal(name, text)).toBe(true);
  });

  it.each([
    ['at', '1768478400000'],
    ['at', '2026-01-15T12:00:00.123Z'],
    ['day', '01-02-2026'],
    ['sku', '4006381333931'],
    ['sku', '4155552671'],
    ['sku', '4111111111111112'],
    ['sku', '123-4567-89'],
    ['price', '2@3.50'],
    ['handle', '@jo'],
    ['id', '123e4567-e89b-12d3-a456-426614174000'],
    ['id', '12345678-1234-4234-8234-123456789012'],
    ['hash', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['ip', '192.168.100.200'],
    ['version', '1.22.333'],
    ['size', '+2'],
    ['note', 'hotel with 4 stars'],
    ['telemetry', '12345678901'],
  ])('leaves alone %s: %s', (name, text) => {
    expect(looksPersonal(name, text)).toBe(false);
  });

  it('is done in time with the longest text there can be', () => {
    for (const text of [
      'a'.repeat(1_024),
      `${'a.'.repeat(500)}@`,
      '@'.repeat(1_024),
      '1 '.repeat(512),
      `+${'1   '.repeat(250)}`,
    ]) {
      expect(looksPersonal('note', text), text.slice(0, 8)).toBe(false);
    }
  });
});
