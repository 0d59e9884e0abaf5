import type { RdiValue } from '../../../model/expression.ts'
import { isArray, isObject, type RdiObject } from './value-type.ts'

/** Equal as JMESPath has it: of one type and one content. Integers are equal whichever way they are held. */
export function isEqual(left: RdiValue, right: RdiValue): boolean {
  if (left === right) return true
  if (left === null || left === undefined) return right === null || right === undefined
  if (right === null || right === undefined) return false
  if (typeof left === 'bigint' || typeof right === 'bigint') return isEqualInteger(left, right)
  if (isArray(left)) {
    return (
      isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => isEqual(item, right[index]))
    )
  }
  return isObject(left) && isObject(right) && isEqualObject(left, right)
}

function isEqualInteger(left: RdiValue, right: RdiValue): boolean {
  if (typeof left === 'bigint' && typeof right === 'number') {
    return Number.isInteger(right) && left === BigInt(right)
  }
  return typeof left === 'number' && typeof right === 'bigint' && isEqualInteger(right, left)
}

function isEqualObject(left: RdiObject, right: RdiObject): boolean {
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isEqual(left[name], right[name]))
  )
}

/** By code point. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const first = left.charCodeAt(index)
    const second = right.charCodeAt(index)
    if (first !== second) return orderOfUnit(first) - orderOfUnit(second)
  }
  return left.length - right.length
}

/** Halves of characters beyond U+FFFF come after all others. */
function orderOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Both numbers, or both texts. */
export function compareValues(
  left: string | number | bigint,
  right: string | number | bigint,
): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  return left < right ? -1 : left > right ? 1 : 0
}
