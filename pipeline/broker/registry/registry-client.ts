/** What a running process asks a schema registry; registering is the tool's alone. */
export interface RegistryClient {
  /** The schema text of an id; undefined where the registry does not know it. TransientError when it is away. */
  schemaById(id: number): Promise<string | undefined>;
  /** The id of a text under a subject; undefined where it is not registered there. TransientError when it is away. */
  idOf(subject: string, json: string): Promise<number | undefined>;
}
