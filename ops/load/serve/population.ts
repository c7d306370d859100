import type { Random } from '../../chaos/random.ts';
import { zipf } from '../aggregate/shape.ts';

export const benchNamespace = 'bench';
/** `list` shows the user's list as it is; `blend` fuses it with what is popular and makes it diverse. */
export const surfaces = ['list', 'blend'] as const;
export type Surface = (typeof surfaces)[number];
/** Weights of the surface `blend`. */
export const blendWeights = { personal: 1, popular: 0.3 } as const;
export const blendDiversity = 0.3;
/** Items a list asks for. */
export const listLength = 20;
/** Of users, and of requests. */
export const coldShare = 0.1;

export const userIdOf = (user: number): string => `user-${String(user).padStart(5, '0')}`;
/** The last tenth of the users are those of whom Redis has nothing. */
export const isCold = (user: number, users: number): boolean => user >= users * (1 - coldShare);

export const pathOf = (user: number, surface: Surface): string =>
  `/v1/recommendations/${userIdOf(user)}?namespace=${benchNamespace}&surface=${surface}&limit=${listLength}`;

/** Users as they come: a tenth of the requests of cold ones, and both kinds by Zipf's law with exponent 1. */
export function visitors(users: number): (random: Random) => number {
  const known = Math.ceil(users * (1 - coldShare));
  const knownOf = zipf(known, 1);
  const coldOf = zipf(users - known, 1);
  return (random) => (random.next() < coldShare ? known + coldOf(random) : knownOf(random));
}
