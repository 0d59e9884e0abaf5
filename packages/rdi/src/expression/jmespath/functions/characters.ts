const surrogates = /[\ud800-\udfff]/

/** A part of a text as Python's `text[start:stop]`: by code point, and from the end where negative. */
export function sliceText(
  text: string,
  start: number | bigint,
  stop: number | bigint | undefined,
): string {
  const first = Number(start)
  const last = stop === undefined ? undefined : Number(stop)
  return surrogates.test(text)
    ? Array.from(text).slice(first, last).join('')
    : text.slice(first, last)
}

/** In code points. */
export function textLength(text: string): number {
  return surrogates.test(text) ? Array.from(text).length : text.length
}
