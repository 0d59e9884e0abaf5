import { createHash } from 'node:crypto'
import { cellTextOf } from './cell-text.ts'
import { arityProblems, type Transformer } from './transformer.ts'

/**
 * `dx_digest`: the MD5 or SHA-1 of the text's UTF-8 bytes in hexadecimal digits. Null gives the digest of empty text.
 * Both parameters are taken in any case; DataX accepts `MD5` too, but then computes SHA-1, and `TOUPPERCASE` gives
 * lower case there.
 */
export const digestTransformer: Transformer = {
  name: 'dx_digest',
  replacesCell: true,
  keepsNull: false,
  problemsOf(parameters) {
    const arity = arityProblems(parameters, ['md5 or sha1', 'toUpperCase or toLowerCase'])
    if (arity.length > 0) return arity
    const [algorithm = '', letters = ''] = parameters
    const problems: string[] = []
    if (!/^(md5|sha1)$/i.test(algorithm)) {
      problems.push(`the digest must be "md5" or "sha1", found ${JSON.stringify(algorithm)}`)
    }
    if (!/^to(upper|lower)case$/i.test(letters)) {
      problems.push(
        `the letters must be "toUpperCase" or "toLowerCase", found ${JSON.stringify(letters)}`,
      )
    }
    return problems
  },
  compile(parameters, column) {
    const [algorithm = '', letters = ''] = parameters
    const name = algorithm.toLowerCase()
    const isUpper = letters.toLowerCase() === 'touppercase'
    const textOf = cellTextOf(column)
    return (cell) => {
      if (cell === undefined) return cell
      // Bytes need not be text to have a digest.
      const input = cell === null ? '' : cell instanceof Uint8Array ? cell : textOf(cell)
      if (typeof input !== 'string' && !(input instanceof Uint8Array)) return input
      const digest = createHash(name).update(input).digest('hex')
      return isUpper ? digest.toUpperCase() : digest
    }
  },
}
