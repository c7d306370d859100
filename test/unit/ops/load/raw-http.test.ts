import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../../ops/load/harness/raw-http.ts';

const read = (text: string) => {
  const answer = readAnswer(Buffer.from(text));
  return answer && { status: answer.status, body: answer.body.toString() };
};

describe('an answer read from a socket', () => {
  it('is whole when its length has come', () => {
    const whole = 'HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 5\r\n\r\nhello';
    for (let length = 0; length < whole.length; length += 1) expect(read(whole.slice(0, length))).toBeUndefined();
    expect(read(whole)).toEqual({ status: 200, body: 'hello' });
  });

  it('is whole when its last chunk has come', () => {
    const whole = 'HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1\r\no\r\n0\r\n\r\n';
    for (let length = 0; length < whole.length; length += 1) expect(read(whole.slice(0, length))).toBeUndefined();
    expect(read(whole)).toEqual({ status: 503, body: 'hello' });
  });

  it('is refused where it has neither', () => {
    expect(() => read('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')).toThrow(/without a length/);
  });
});
