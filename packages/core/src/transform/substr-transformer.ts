import { cellTextOf } from './cell-text.ts'
import { arityProblems, countProblems, RowFailure, type Transformer } from './transformer.ts'

/**
 * `dx_substr`: `length` characters from `start` on, fewer when the text ends before. A start beyond the end makes the
 * row dirty, null stays null. As in DataX a character is a UTF-16 unit: an emoji counts as two, and a cut through its
 * middle leaves half of it, which becomes U+FFFD when written.
 */
export const substrTransformer: Transformer = {
  name: 'dx_substr',
  replacesCell: true,
  keepsNull: true,
  problemsOf(parameters) {
    const arity = arityProblems(parameters, ['start', 'length'])
    if (arity.length > 0) return arity
    return [
      ...countProblems('start', parameters[0] ?? ''),
      ...countProblems('length', parameters[1] ?? ''),
    ]
  },
  compile(parameters, column) {
    const start = Number(parameters[0])
    const end = start + Number(parameters[1])
    const textOf = cellTextOf(column)
    return (cell) => {
      if (cell === null || cell === undefined) return cell
      const text = textOf(cell)
      if (typeof text !== 'string') return text
      return start > text.length ? startBeyondEnd('dx_substr', start, text) : text.slice(start, end)
    }
  },
}

/** The failure of a row whose text is shorter than the start that a transformer was given. */
export function startBeyondEnd(name: string, start: number, text: string): RowFailure {
  return new RowFailure(
    'TRANSFORM_OUT_OF_RANGE',
    `${name} starts at character ${start}, but the text has only ${text.length}`,
  )
}
