/** Smallest normal 32-bit float; below it fewer digits tell neighbours apart. */
const smallestNormal = 1.175_494_350_822_287_5e-38
/** Any number of this many digits survives a 32-bit float. */
const sureDigits = 6
/** So many digits tell any two 32-bit floats apart. */
const enoughDigits = 9

/**
 * The shortest decimal text that names the same 32-bit float.
 *
 * A server prints a FLOAT with six digits, which is not enough to tell neighbours apart, so the reader asks for it as
 * a double (`0.10000000149011612` for 0.1) and shortens that.
 *
 * @param text - the float as the text of a double
 */
export function floatTextOf(text: string): string {
  const number = Number(text)
  if (number === 0) return text.startsWith('-') ? '-0' : '0'
  if (Math.fround(number) !== number) return text
  const first = Math.abs(number) < smallestNormal ? 1 : sureDigits
  for (let digits = first; digits < enoughDigits; digits += 1) {
    const shorter = Number(number.toPrecision(digits))
    if (Math.fround(shorter) === number) return textOf(shorter)
  }
  return textOf(Number(number.toPrecision(enoughDigits)))
}

function textOf(number: number): string {
  return String(number).replace('e+', 'e')
}
