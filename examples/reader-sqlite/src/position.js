import { positionLost } from '@millrace/core/sql'
import { quoteName } from './database.js'

/**
 * @typedef {import('./database.js').Value} Value
 * @typedef {import('@millrace/core/record').Position} Position
 * @typedef {import('@millrace/core/record').JsonValue} JsonValue
 */

/**
 * The position of a row, by its values in the columns of the order.
 *
 * @param {readonly string[]} order
 * @param {readonly Value[]} values
 * @returns {Position}
 */
export function positionOf(order, values) {
  const label = order.map((name, index) => `${name} ${textOf(values[index] ?? null)}`).join(', ')
  return { token: { order: [...order], values: values.map(tokenOf) }, label }
}

/** @param {Value} value */
function textOf(value) {
  return value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : String(value)
}

/** @param {Value} value @returns {JsonValue} */
function tokenOf(value) {
  if (typeof value === 'bigint') return { int: String(value) }
  if (value instanceof Uint8Array) return { blob: Buffer.from(value).toString('base64') }
  if (typeof value === 'number' && !Number.isFinite(value)) return { float: String(value) }
  return value
}

/**
 * The values of a position. It may come from a checkpoint of long ago: one that does not fit is refused.
 *
 * @param {Position | undefined} position
 * @param {readonly string[]} order
 * @param {string} doing
 * @returns {readonly Value[] | undefined}
 */
export function valuesOf(position, order, doing) {
  if (position === undefined) return undefined
  const token = /** @type {Record<string, unknown> | null} */ (
    typeof position.token === 'object' ? position.token : null
  )
  const values = token?.['values']
  const isFitting = order.length > 0 && JSON.stringify(token?.['order']) === JSON.stringify(order)
  if (!isFitting || !Array.isArray(values) || values.length !== order.length)
    throw positionLost(
      doing,
      `${position.label} is no position in the order of ${order.join(', ')}`,
    )
  return values.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number') return value
    if (typeof value?.int === 'string' && /^-?\d{1,19}$/.test(value.int)) return BigInt(value.int)
    if (typeof value?.blob === 'string') return Buffer.from(value.blob, 'base64')
    if (value?.float === 'Infinity' || value?.float === '-Infinity') return Number(value.float)
    throw positionLost(doing, `${position.label} is no position of this reader`)
  })
}

/**
 * The condition of the rows behind a position, or of those up to and including it, with the values for its parameters.
 * NULL stands before everything else.
 *
 * @param {'behind' | 'up-to'} side
 * @param {readonly string[]} order
 * @param {readonly Value[] | undefined} values
 * @param {string} parameter what its parameters are called
 * @returns {{ condition: string | undefined, bound: Record<string, Value> }}
 */
export function sideOf(side, order, values, parameter) {
  if (values === undefined) return { condition: undefined, bound: {} }
  const names = values.map((_, index) => `:${parameter}${index}`)
  const alternatives = order.map((name, index) => {
    const equal = order
      .slice(0, index)
      .map((each, position) => `${quoteName(each)} IS ${names[position]}`)
    const isLast = index === order.length - 1
    return [
      ...equal,
      comparison(side, quoteName(name), names[index] ?? '', values[index] === null, isLast),
    ].join(' AND ')
  })
  // The first column alone lets SQLite look the rows up in an index.
  const first =
    order.length > 1 && values[0] !== null && side === 'behind'
      ? `${quoteName(order[0] ?? '')} >= ${names[0]} AND `
      : ''
  return {
    condition: `${first}(${alternatives.map((each) => `(${each})`).join(' OR ')})`,
    bound: Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])),
  }
}

/** @param {'behind' | 'up-to'} side @param {string} column @param {string} name @param {boolean} isNull @param {boolean} isLast */
function comparison(side, column, name, isNull, isLast) {
  if (side === 'behind') return isNull ? `${column} IS NOT ${name}` : `${column} > ${name}`
  if (isNull) return isLast ? `${column} IS ${name}` : `0 AND ${name} IS NULL`
  return isLast
    ? `${column} <= ${name} OR ${column} IS NULL`
    : `(${column} < ${name} OR ${column} IS NULL)`
}
