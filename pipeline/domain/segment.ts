/** Longest parts of a segment, UTF-8 bytes; together they fit the u8 length of packed profiles. */
const surfaceBytes = 128;
const localeBytes = 64;

/**
 * Popularity segment `surface|locale`, either part empty where unknown. Whoever makes or asks for a
 * segment uses this function: a `|` inside a surface becomes `_`, long parts are cut at a character.
 */
export function segmentOf(surface: string | null | undefined, locale: string | null | undefined): string {
  return `${bounded((surface ?? '').replaceAll('|', '_'), surfaceBytes)}|${bounded(locale ?? '', localeBytes)}`;
}

function bounded(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
