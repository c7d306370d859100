import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface Claims {
  readonly [name: string]: unknown;
}

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An issuer of tokens: keys made here, published by a `fetch` that a test can take away. */
export function createFakeIssuer() {
  const published: JWK[] = [];
  const state = { isAway: false, asked: 0 };
  const fake = {
    state,
    /** A key that is not published yet. */
    async makeKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
    },
    publish: (...keys: readonly SigningKey[]) =>
      void published.splice(0, Infinity, ...keys.map((key) => key.publicJwk)),
    sign: ({ privateKey, alg, kid }: SigningKey, claims: Claims, header: object = {}) =>
      new SignJWT({ iss: 'https://login.example/', aud: 'freshet', ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
    fetch: (async () => {
      state.asked += 1;
      if (state.isAway) throw new TypeError('fetch failed');
      return Response.json({ keys: published });
    }) as typeof fetch,
  };
  return fake;
}
