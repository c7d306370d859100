/** The servers Freshet runs on. */
export const serverNames = ['postgres', 'kafka', 'registry', 'redis'] as const;

export type ServerName = (typeof serverNames)[number];

export function isServerName(text: string): text is ServerName {
  return (serverNames as readonly string[]).includes(text);
}
