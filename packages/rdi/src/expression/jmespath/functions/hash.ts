import { createHash } from 'node:crypto'
import { nearestName } from '@millrace/core/dialect'
import type { RdiValue } from '../../../model/expression.ts'
import { EvaluationError } from '../compile/evaluate.ts'
import { jsonText } from '../values/json-text.ts'
import { define } from './definition.ts'
import { any, optional, string } from './parameters.ts'

/** Python's names, and OpenSSL's; the sizes are the same. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ['sha1', 'sha1'],
  ['sha224', 'sha224'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha3_224', 'sha3-224'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
  ['sha3_512', 'sha3-512'],
  ['md5', 'md5'],
  ['blake2b', 'blake2b512'],
  ['blake2s', 'blake2s256'],
])

/** Hexadecimal digest of a text, of nothing (null), or of a value as compact JSON with sorted names. */
export const hash = define(
  'hash',
  [any, optional(string)],
  (value, name = 'sha1') => createHash(algorithmOf(name)).update(bytesOf(value)).digest('hex'),
  ([, name]) => {
    if (typeof name === 'string') algorithmOf(name)
  },
)

function algorithmOf(name: string): string {
  const algorithm = algorithms.get(name.toLowerCase())
  if (algorithm !== undefined) return algorithm
  const nearest = nearestName(name, algorithms.keys())
  const hint =
    nearest === undefined ? [...algorithms.keys()].join(', ') : `did you mean ${nearest}?`
  throw new EvaluationError(`hash() does not know this algorithm; ${hint}`)
}

function bytesOf(value: RdiValue): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : jsonText(value, 'sorted')
}
