interface Version {
  readonly version: number;
  readonly id: number;
  isDeleted: boolean;
}

export interface Reference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

export interface Registered {
  readonly schema: string;
  readonly references: readonly Reference[] | undefined;
}

export interface State {
  /** By id, from 1 on: the same text has one id under every subject. */
  readonly schemas: Registered[];
  readonly subjects: Map<string, Version[]>;
  readonly levels: Map<string, string>;
  readonly modes: Map<string, string>;
  globalLevel: string;
}

export interface Call {
  readonly state: State;
  /** Decoded segments of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: {
    schema?: string;
    schemaType?: string;
    references?: Reference[];
    compatibility?: string;
    mode?: string;
  };
}

export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const noSubject = (subject: string) => new Refusal(40_401, `Subject '${subject}' not found.`);
const noVersion = (version: string) => new Refusal(40_402, `Version ${version} not found.`);

export const versionsOf = ({ state, query }: Call, subject: string): Version[] => {
  const all = state.subjects.get(subject) ?? [];
  const seen = query.get('deleted') === 'true' ? all : all.filter(({ isDeleted }) => !isDeleted);
  if (seen.length === 0) throw noSubject(subject);
  return seen;
};

export const live = (state: State, subject: string): Version[] =>
  (state.subjects.get(subject) ?? []).filter(({ isDeleted }) => !isDeleted);

export function versionNamed(call: Call, subject: string, name: string): Version {
  if (name !== 'latest' && !/^[1-9]\d*$/.test(name))
    throw new Refusal(42_202, `The specified version '${name}' is not a valid version id.`);
  const versions = versionsOf(call, subject);
  const found = name === 'latest' ? versions.at(-1) : versions.find(({ version }) => version === Number(name));
  if (found === undefined) throw noVersion(name);
  return found;
}
