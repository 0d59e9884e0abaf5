/** A place in a text file; both count from 1, columns in UTF-16 units as editors show them. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** Turns offsets of a text into lines and columns. Lines end with `\n`, `\r\n` or a lone `\r`. */
export class LineIndex {
  readonly #starts: number[] = [0]

  constructor(text: string) {
    for (const match of text.matchAll(/\r\n|\n|\r/g))
      this.#starts.push(match.index + match[0].length)
  }

  /** The position of an offset; offsets past the end belong to the last line. */
  positionAt(offset: number): TextPosition {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 }
  }
}
