/** Which state version lists are read from; changed by promote only. */
export interface ActiveVersions {
  current(): Promise<number>;
}
