export const namespaces = ['chaos', 'chaos-b'] as const;
/** Awkward on purpose: separators, blanks and other scripts lie in keys and stored lines. */
export const userIds = Array.from({ length: 24 }, (_, n) => `${['u', 'ü ser|', 'u:1|', '用户'][n % 4]}${n}`);
export const itemIds = Array.from({ length: 40 }, (_, n) => `${['i', 'item ', 'i|', '品'][n % 4]}${n}`);
