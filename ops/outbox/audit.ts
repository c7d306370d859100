import { hostname, userInfo } from 'node:os';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import { recordAction } from '../../pipeline/stores/postgres/operator-audit.ts';

/** Who changes something and why; stored beside the change, in its transaction. */
export interface Actor {
  readonly operator: string;
  readonly reason: string;
}

export interface ActorOptions {
  readonly operator?: string;
  readonly because?: string;
}

/** Throws FreshetError `reason_missing`; without `--operator` it is the user of this machine. */
export function actorOf({ operator, because }: ActorOptions): Actor {
  const reason = because?.trim() ?? '';
  if (reason === '')
    throw new FreshetError('reason_missing', 'say why with --because TEXT: it is kept in freshet.operator_audit');
  return { operator: operator?.trim() || `${userInfo().username}@${hostname()}`, reason };
}

export async function recordAudit(
  tx: Queryable,
  actor: Actor,
  entry: { readonly verb: string; readonly details: Readonly<Record<string, unknown>> },
): Promise<void> {
  await recordAction(tx, { ...actor, ...entry });
}
