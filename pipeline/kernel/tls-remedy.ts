/** Names of the variables that a connection's TLS is set by. */
export interface TlsVariables {
  readonly address: string;
  readonly ca: string;
  readonly cert: string;
}

const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

/** What to do about an error of TLS, by Node's code of it; undefined for any other error. */
export function tlsRemedy(error: unknown, { address, ca, cert }: TlsVariables): string | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string') return undefined;
  if (untrusted.has(code))
    return `the server's certificate is not trusted (${code}): name the certificate of whoever signed it in ${ca}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the server's certificate is for another name: use a name in ${address} that the certificate has`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `the server's certificate is not valid now (${code}): renew it there, or set the clock here`;
  if (/^ERR_SSL_.*ALERT.*CERTIFICATE/.test(code))
    return `the server does not take the client certificate (${code}): name one that it trusts in ${cert}`;
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || /before secure TLS/.test(String(message)))
    return `the server does not speak TLS on that port: look at the port in ${address}`;
  return undefined;
}
