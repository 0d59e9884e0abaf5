const doubleText =
  /^\s*(?:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[dDfF]?|([+-]?(?:NaN|Infinity)))\s*$/
const plainDecimal = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/

/** A number as Java reads a double; `undefined` for what is none. */
export function doubleOf(text: string): number | undefined {
  const match = doubleText.exec(text)
  return match ? Number(match[1] ?? match[2]) : undefined
}

/**
 * Compares two decimal texts: by their digits where both are plain, so that no digit is lost, else as doubles.
 * `NaN` for what cannot be ordered, `undefined` when one is no number.
 */
export function compareDecimals(left: string, right: string): number | undefined {
  const leftNumber = doubleOf(left)
  const rightNumber = doubleOf(right)
  if (leftNumber === undefined || rightNumber === undefined) return undefined
  if (leftNumber !== rightNumber) return leftNumber - rightNumber
  const leftParts = plainDecimal.exec(left)
  const rightParts = plainDecimal.exec(right)
  if (!leftParts || !rightParts || leftNumber === 0) return 0
  const size = compareMagnitudes(leftParts, rightParts)
  return leftParts[1] === '-' ? -size : size
}

/** Both are equal as doubles, so their whole parts differ in length only where one rounds up to a power of ten. */
function compareMagnitudes(left: RegExpExecArray, right: RegExpExecArray): number {
  const [, , leftWhole = '', leftFraction = ''] = left
  const [, , rightWhole = '', rightFraction = ''] = right
  if (leftWhole.length !== rightWhole.length) return leftWhole.length - rightWhole.length
  return compareText(leftWhole, rightWhole) || compareText(leftFraction, rightFraction)
}

/** Orders texts by UTF-16 units, as Java does. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

const integerText = /^[+-]?\d+$/

/** Compares an integer cell with an integer text; `undefined` when one of them is none. */
export function compareIntegers(left: string | number | bigint, right: string): number | undefined {
  if (!integerText.test(right)) return undefined
  if (typeof left === 'string' && !integerText.test(left)) return undefined
  if (typeof left === 'number' && !Number.isInteger(left)) return undefined
  const leftNumber = Number(left)
  const rightNumber = Number(right)
  if (Number.isSafeInteger(leftNumber) && Number.isSafeInteger(rightNumber)) {
    return leftNumber - rightNumber
  }
  const difference = BigInt(left) - BigInt(right.replace('+', ''))
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
