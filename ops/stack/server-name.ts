/** The servers Freshet runs on. */
export const serverNames = ['postgres', 'kafka', 'registry', 'redis'] as const;

export type ServerName = (typeof serverNames)[number];
