/**
 * Moves the `count` entries that come first by `compare` to the front of `entries[0, length)`, in no
 * particular order, in linear time on average (Hoare's selection, median of three). Answers how many there are.
 */
export function selectTop(
  entries: Int32Array,
  length: number,
  count: number,
  compare: (a: number, b: number) => number,
): number {
  if (count >= length) return length;
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const pivot = medianOfThree(entries, low, high, compare);
    let i = low;
    let j = high;
    while (i <= j) {
      while (compare(entries[i] as number, pivot) < 0) i += 1;
      while (compare(entries[j] as number, pivot) > 0) j -= 1;
      if (i <= j) {
        const swapped = entries[i] as number;
        entries[i] = entries[j] as number;
        entries[j] = swapped;
        i += 1;
        j -= 1;
      }
    }
    if (count - 1 <= j) high = j;
    else if (count - 1 >= i) low = i;
    else break;
  }
  return count;
}

function medianOfThree(
  entries: Int32Array,
  low: number,
  high: number,
  compare: (a: number, b: number) => number,
): number {
  const a = entries[low] as number;
  const b = entries[(low + high) >>> 1] as number;
  const c = entries[high] as number;
  if (compare(a, b) < 0) return compare(b, c) < 0 ? b : compare(a, c) < 0 ? c : a;
  return compare(a, c) < 0 ? a : compare(b, c) < 0 ? c : b;
}
