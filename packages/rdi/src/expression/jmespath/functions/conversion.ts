import { randomUUID } from 'node:crypto'
import type { RdiValue } from '../../../model/expression.ts'
import { EvaluationError } from '../compile/evaluate.ts'
import { jsonText, parseJson } from '../values/json-text.ts'
import { valueType } from '../values/value-type.ts'
import { define } from './definition.ts'
import { any, string } from './parameters.ts'

const uuid = define('uuid', [], () => randomUUID())

const type = define('type', [any], (value) => valueType(value))

/** Text as it is, everything else as compact JSON. */
const toString = define('to_string', [any], (value) =>
  typeof value === 'string' ? value : jsonText(value, 'as they are'),
)

const jsonParse = define('json_parse', [string], (text): RdiValue => {
  try {
    return parseJson(text)
  } catch {
    throw new EvaluationError('json_parse() got text that is not JSON')
  }
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads both alphabets of base64; what belongs to neither (line breaks) is passed over. */
const base64Decode = define('base64_decode', [string], (text) => {
  const digits = text.replace(/[^A-Za-z0-9+/_=-]/g, '')
  if (digits.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(digits)) {
    throw new EvaluationError('base64_decode() got text that is not base64')
  }
  try {
    return utf8.decode(Buffer.from(digits, 'base64'))
  } catch {
    throw new EvaluationError('base64_decode() got bytes that are not UTF-8 text')
  }
})

export const conversionFunctions = [uuid, type, toString, jsonParse, base64Decode]
