import { constants } from 'node:buffer'
import { cellTextOf } from './cell-text.ts'
import { arityProblems, countProblems, type Transformer } from './transformer.ts'

/**
 * `dx_pad`: makes the text exactly `length` characters long, by repeating `pad` on the left or right (its last
 * repetition may be cut), or by cutting the text on the right. Null is treated as empty text. An empty `pad`, with which
 * DataX never ends, is a mistake in the job.
 */
export const padTransformer: Transformer = {
  name: 'dx_pad',
  replacesCell: true,
  keepsNull: false,
  problemsOf(parameters) {
    const arity = arityProblems(parameters, ['l or r', 'length', 'pad'])
    if (arity.length > 0) return arity
    const [side = '', length = '', pad = ''] = parameters
    const problems = countProblems('length', length, constants.MAX_STRING_LENGTH)
    if (!/^[lr]$/i.test(side)) {
      problems.unshift(`the side must be "l" or "r", found ${JSON.stringify(side)}`)
    }
    if (pad === '') problems.push('the text to pad with must not be empty')
    return problems
  },
  compile(parameters, column) {
    const [side = '', lengthText, pad] = parameters
    const length = Number(lengthText)
    const isLeft = side.toLowerCase() === 'l'
    const textOf = cellTextOf(column)
    return (cell) => {
      if (cell === undefined) return cell
      const text = cell === null ? '' : textOf(cell)
      if (typeof text !== 'string') return text
      if (text.length >= length) return text.slice(0, length)
      return isLeft ? text.padStart(length, pad) : text.padEnd(length, pad)
    }
  },
}
