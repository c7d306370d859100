import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { around, bits, implicit, integer, octets, oid, sequence, setOf, time, utf8, yes } from './der.ts';

/** A certificate authority of one test; keys are made anew and lie in the test's folder alone. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly caFile: string;
  /** Makes a key and a certificate for localhost that the authority signs. */
  issue(name: string): Issued;
}

export interface Issued {
  readonly certFile: string;
  readonly keyFile: string;
  /** Both in one file, as Kafka takes them. */
  readonly storeFile: string;
}

const hourMs = 3_600_000;
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const nameOf = (text: string) => sequence(setOf(sequence(oid('2.5.4.3'), utf8(text))));
const extension = (id: string, value: Buffer) => sequence(oid(id), yes(), octets(value));
const isAuthority = extension('2.5.29.19', sequence(yes()));
const forLocalhost = extension(
  '2.5.29.17',
  sequence(implicit(2, Buffer.from('localhost')), implicit(7, Buffer.from([127, 0, 0, 1]))),
);

interface Certificate {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signedWith: KeyObject;
  readonly extension: Buffer;
}

function certificate({ issuer, subject, publicKey, signedWith, extension: given }: Certificate): string {
  const content = sequence(
    around(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(time(new Date(Date.now() - hourMs)), time(new Date(Date.now() + 24 * hourMs))),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    around(3, sequence(given)),
  );
  const der = sequence(content, ecdsaWithSha256, bits(sign('sha256', content, signedWith)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

export function createAuthority(folder: string, authority = 'Test authority'): Authority {
  const ours = newKeys();
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const own = { issuer: authority, signedWith: ours.privateKey };
  const ca = certificate({ ...own, subject: authority, publicKey: ours.publicKey, extension: isAuthority });
  return {
    caFile: write('ca.pem', ca),
    issue(name) {
      const { publicKey, privateKey } = newKeys();
      const cert = certificate({ ...own, subject: name, publicKey, extension: forLocalhost });
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      return {
        certFile: write(`${name}.pem`, cert),
        keyFile: write(`${name}.key`, key),
        storeFile: write(`${name}-store.pem`, key + cert + ca),
      };
    },
  };
}
