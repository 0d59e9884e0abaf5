import { cellTextOf } from './cell-text.ts'
import { startBeyondEnd } from './substr-transformer.ts'
import { arityProblems, countProblems, type Transformer } from './transformer.ts'

/**
 * `dx_replace`: puts `text` in the place of `length` characters from `start` on. A start beyond the end makes the row
 * dirty, null stays null.
 */
export const replaceTransformer: Transformer = {
  name: 'dx_replace',
  replacesCell: true,
  keepsNull: true,
  problemsOf(parameters) {
    const arity = arityProblems(parameters, ['start', 'length', 'text'])
    if (arity.length > 0) return arity
    return [
      ...countProblems('start', parameters[0] ?? ''),
      ...countProblems('length', parameters[1] ?? ''),
    ]
  },
  compile(parameters, column) {
    const start = Number(parameters[0])
    const end = start + Number(parameters[1])
    const replacement = parameters[2] ?? ''
    const textOf = cellTextOf(column)
    return (cell) => {
      if (cell === null || cell === undefined) return cell
      const text = textOf(cell)
      if (typeof text !== 'string') return text
      if (start > text.length) return startBeyondEnd('dx_replace', start, text)
      return text.slice(0, start) + replacement + text.slice(end)
    }
  },
}
