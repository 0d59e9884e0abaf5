import { createRequire } from 'node:module'
import type { Document } from 'bson'
import type * as shellParser from '@mongodb-js/shell-bson-parser'
import { loadDriver } from '../connection/driver.ts'
import { NumberRangeError, withExactNumbers } from './exact-numbers.ts'

const require = createRequire(import.meta.url)

/** A text that is no document; the message says where and why. */
export class DocumentSyntaxError extends Error {
  override readonly name = 'DocumentSyntaxError'
}

/**
 * Reads a document in extended JSON, canonical or relaxed, or as the shell takes it: `{at: {$gte: ISODate('2026-01-01')}}`,
 * `ObjectId(…)`, `NumberLong(…)`, `/regex/i`, names and strings in any quotes. Whole numbers keep every digit. No code is run.
 *
 * @throws DocumentSyntaxError
 */
export function parseDocument(text: string): Document {
  const { parse } = require('@mongodb-js/shell-bson-parser') as typeof shellParser
  const { EJSON } = loadDriver().BSON
  let parsed: unknown
  try {
    parsed = parse(withExactNumbers(text))
  } catch (error) {
    if (error instanceof NumberRangeError) throw new DocumentSyntaxError(error.message)
    throw new DocumentSyntaxError(syntaxMessage(error))
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new DocumentSyntaxError(
      'expected a document in braces with values alone: numbers, strings, ISODate(…), ObjectId(…) and the like',
    )
  }
  try {
    const wrapped = EJSON.serialize(parsed, { relaxed: false }) as Document
    return EJSON.deserialize(wrapped, { relaxed: false }) as Document
  } catch {
    throw new DocumentSyntaxError('a date, an id or a number in it cannot be read')
  }
}

/** The parser puts a line of its own before the text, and the text behind its message. */
function syntaxMessage(error: unknown): string {
  const [found = 'it cannot be read'] = error instanceof Error ? error.message.split('\n') : []
  return found
    .replace(/ in \($/, '')
    .replace(
      /\((\d+):(\d+)\)$/,
      (_, line, column) => `at line ${Number(line) - 1}, column ${Number(column) + 1}`,
    )
}
