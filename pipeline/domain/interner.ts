/** Strings by small numbers, so that hot loops work on arrays. A released number is given out again. */
export class Interner {
  readonly #numbers = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#numbers.size;
  }

  /** One more than the greatest number in use so far. */
  get capacity(): number {
    return this.#texts.length;
  }

  intern(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#texts.length;
    this.#numbers.set(text, number);
    this.#texts[number] = text;
    return number;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  /** Throws RangeError for a number that is not in use. */
  text(number: number): string {
    const text = this.#texts[number];
    if (text === undefined) throw new RangeError(`number ${number} is not interned`);
    return text;
  }

  release(number: number): void {
    this.#numbers.delete(this.text(number));
    this.#texts[number] = undefined;
    this.#free.push(number);
  }

  texts(): IterableIterator<string> {
    return this.#numbers.keys();
  }
}
