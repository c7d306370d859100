import { defaultNamespace, type Fault } from './intake/text.ts';

/** Who sends a request, as far as routes need to know; the front puts it into the request's context as `caller`. */
export interface Caller {
  /** Namespaces it may use; null for all. */
  readonly namespaces: ReadonlySet<string> | null;
  /** Where a request belongs that names no namespace; null for the default one. */
  readonly homeNamespace: string | null;
  /** The one user it may speak for; null for any. */
  readonly userId: string | null;
  /** Events a second that this user may send, in all namespaces; no limit of its own where it is left out. */
  readonly maxEventsPerSecond?: number;
}

/** Where nobody is asked who they are. */
export const anyCaller: Caller = { namespaces: null, homeNamespace: null, userId: null };

export const homeOf = ({ homeNamespace }: Caller): string => homeNamespace ?? defaultNamespace;

export const mayUseNamespace = ({ namespaces }: Caller, namespace: string): boolean =>
  namespaces === null || namespaces.has(namespace);

export const maySpeakFor = ({ userId }: Caller, other: string): boolean => userId === null || userId === other;

export const namespaceForbidden: Fault = {
  code: 'namespace_forbidden',
  message: 'names a namespace that these credentials may not use',
};
export const userForbidden: Fault = {
  code: 'user_forbidden',
  message: 'names another user than the one of this token',
};

/** Whether a fault says that something is not allowed, rather than not right. */
export const isForbidden = ({ code }: Pick<Fault, 'code'>): boolean =>
  code === namespaceForbidden.code || code === userForbidden.code;
