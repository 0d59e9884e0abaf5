import type { RowError } from '@millrace/core/record'
import { arrayHeader, constantBulk } from '../resp/resp-writer.ts'
import { utf8Text } from './cell-text.ts'
import type { JoinedColumn } from './joined-text.ts'
import type { RowCommand } from './row-command.ts'
import { isScore } from './score.ts'

/** `ZADD key score member`: exactly two value columns, the score first. Every other count makes every row dirty. */
export function compileZsetCommand(columns: readonly JoinedColumn[]): RowCommand {
  const [score, member] = columns
  if (score === undefined || member === undefined || columns.length !== 2)
    return wrongArity('zset', 'score/member', columns.length)
  const head = arrayHeader(4) + constantBulk('ZADD')
  const noScore = nullError(score, 'score')
  const noMember = nullError(member, 'member')
  const badScore: RowError = {
    code: 'BAD_SCORE',
    message: `column "${score.name}" is not a score: expected a decimal number, inf or -inf`,
  }
  return (row, key, writer) => {
    const scoreCell = score.text(row[score.index])
    if (scoreCell === null) return noScore
    const scoreText = typeof scoreCell === 'string' ? scoreCell : utf8Text(scoreCell)
    if (scoreText === undefined || !isScore(scoreText)) return badScore
    const memberText = member.text(row[member.index])
    if (memberText === null) return noMember
    writer.text += head
    writer.argument(key)
    writer.argument(scoreText)
    writer.argument(memberText)
    return undefined
  }
}

/** `HSET key field value`: exactly two value columns, the field first; a null value is empty text. */
export function compileFieldCommand(columns: readonly JoinedColumn[]): RowCommand {
  const [field, value] = columns
  if (field === undefined || value === undefined || columns.length !== 2)
    return wrongArity('hash', 'field/value', columns.length)
  const head = arrayHeader(4) + constantBulk('HSET')
  const noField = nullError(field, 'field')
  return (row, key, writer) => {
    const fieldText = field.text(row[field.index])
    if (fieldText === null) return noField
    writer.text += head
    writer.argument(key)
    writer.argument(fieldText)
    writer.argument(value.text(row[value.index]) ?? '')
    return undefined
  }
}

function wrongArity(type: string, pair: string, found: number): RowCommand {
  const error: RowError = {
    code: 'WRONG_ARITY',
    message: `${type} needs exactly one ${pair} pair besides the key: expected 2 value columns, found ${found}`,
  }
  return () => error
}

function nullError(column: JoinedColumn, what: string): RowError {
  return { code: 'NULL_VALUE', message: `column "${column.name}", the ${what}, is null` }
}
