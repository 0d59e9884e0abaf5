import { ExpressionSyntaxError } from '../../model/expression.ts'
import { SqliteError, type SqliteEngine } from './sqlite-engine.ts'
import { nameChain } from './sql-references.ts'
import { sqlTokens } from './sql-tokens.ts'

/** A field expressions read. */
export interface SqlField {
  /** As the expression has it, without quotes: `after.name`. */
  readonly name: string
  /** `"name"`: where there is no such field, SQLite takes it as a text. */
  readonly mayBeText: boolean
}

const missing = 'no such column: '

/**
 * Puts parameters into an expression where it reads fields. SQLite itself says which names these are: all those it does not
 * know. The same field of several expressions is one parameter.
 *
 * @param fields those of the expressions before; new ones are added. Parameter 1 is the first.
 * @returns the expression, in brackets
 * @throws {ExpressionSyntaxError}
 */
export function resolveFields(engine: SqliteEngine, text: string, fields: SqlField[]): string {
  let resolved = text
  // Where characters of the text went: every name became shorter or longer.
  const moves: Move[] = []
  for (;;) {
    const sql = selectOf([inBrackets(resolved)])
    const error = prepareError(engine, sql)
    if (error === undefined) return inBrackets(resolved)
    const place =
      error.offset === undefined ? undefined : error.offset - sql.indexOf(inBrackets(resolved)) - 1
    const found = place === undefined ? undefined : fieldAt(resolved, place, error.message)
    if (place === undefined || found === undefined) {
      throw new ExpressionSyntaxError(plainMessage(error.message), originalOffset(moves, place))
    }
    const parameter = `?${parameterOf(fields, found.field)} `
    moves.push({ place, shift: parameter.length - (found.end - place) })
    resolved = resolved.slice(0, place) + parameter + resolved.slice(found.end)
  }
}

/** One statement for several expressions, each in brackets. */
export function selectOf(expressions: readonly string[]): string {
  return `SELECT ${expressions.join(', ')}`
}

interface Move {
  readonly place: number
  readonly shift: number
}

/** The end of a line keeps a comment at the end of the expression from going on. */
function inBrackets(text: string): string {
  return `(${text}\n)`
}

function prepareError(engine: SqliteEngine, sql: string): SqliteError | undefined {
  try {
    engine.exports.sqlite3_finalize(engine.prepare(sql))
    return undefined
  } catch (error) {
    if (error instanceof SqliteError) return error
    throw error
  }
}

function fieldAt(
  text: string,
  place: number,
  message: string,
): { readonly field: SqlField; readonly end: number } | undefined {
  if (!message.startsWith(missing)) return undefined
  const tokens = sqlTokens(text)
  const start = tokens.findIndex(({ offset }) => offset === place)
  const chain = nameChain(tokens, start)
  const end = tokens[(chain?.end ?? 0) - 1]?.end
  if (chain === undefined || end === undefined) return undefined
  const mayBeText = text.charAt(place) === '"' && chain.end === start + 1
  return { field: { name: chain.name, mayBeText }, end }
}

function parameterOf(fields: SqlField[], { name, mayBeText }: SqlField): number {
  const index = fields.findIndex((field) => field.name === name && field.mayBeText === mayBeText)
  return index < 0 ? fields.push({ name, mayBeText }) : index + 1
}

/** Later moves were counted in a text in which the earlier ones were done. */
function originalOffset(moves: readonly Move[], place: number | undefined): number | undefined {
  if (place === undefined || place < 0) return undefined
  return moves.reduceRight(
    (offset, move) => (offset > move.place ? Math.max(move.place, offset - move.shift) : offset),
    place,
  )
}

function plainMessage(message: string): string {
  const unknown = /^no such function: (.*)$/s.exec(message)?.[1]
  if (unknown !== undefined) return `there is no function ${unknown}() in SQLite`
  const table = /^no such table: (.*)$/s.exec(message)?.[1]
  if (table !== undefined) {
    return `there is no table ${table}: an expression reads the fields of one record; a list of values stands in brackets`
  }
  if (message === 'row value misused' || /^sub-select returns \d+ columns/.test(message)) {
    return 'the expression gives several values where one is needed'
  }
  return message
}
