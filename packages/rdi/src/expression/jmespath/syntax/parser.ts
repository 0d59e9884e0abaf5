import { ExpressionSyntaxError } from '../../../model/expression.ts'
import { power, projectionStop } from './binding-power.ts'
import { arithmeticOperators, comparisonOperators, type Node } from './node.ts'
import { tokenText, type Token } from './token.ts'
import { tokenize } from './tokenize.ts'

/**
 * Parses a JMESPath expression, with the back-tick literals of RDI and with arithmetic.
 *
 * @throws ExpressionSyntaxError
 */
export function parse(text: string): Node {
  return new Parser(tokenize(text)).parseAll()
}

/** Nested deeper than any expression that a person writes, and well before the stack ends. */
const maximumDepth = 500

const current: Node = { type: 'current' }

class Parser {
  readonly #tokens: readonly Token[]
  #position = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parseAll(): Node {
    const node = this.#expression(0)
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#unexpected(token, 'an operator or the end')
    return node
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? (this.#tokens.at(-1) as Token)
  }

  #next(): Token {
    const token = this.#peek()
    this.#position++
    return token
  }

  #accept(kind: Token['kind']): boolean {
    if (this.#peek().kind !== kind) return false
    this.#position++
    return true
  }

  #expect(kind: Token['kind'], purpose: string): void {
    const token = this.#next()
    if (token.kind !== kind) throw this.#unexpected(token, `\`${kind}\` ${purpose}`)
  }

  #unexpected(token: Token, expected: string): ExpressionSyntaxError {
    return new ExpressionSyntaxError(
      `expected ${expected}, but found ${tokenText(token)}`,
      token.offset,
    )
  }

  #expression(rightPower: number): Node {
    if (++this.#depth > maximumDepth) {
      throw new ExpressionSyntaxError('nested too deeply', this.#peek().offset)
    }
    let left = this.#operand(this.#next())
    while (rightPower < power(this.#peek())) left = this.#operation(this.#next(), left)
    this.#depth--
    return left
  }

  #operand(token: Token): Node {
    if (token.kind === 'identifier') return this.#fieldOrFunction(token)
    if (token.kind === 'literal') {
      return { type: 'literal', value: token.value, offset: token.offset }
    }
    const kind: string = token.kind
    switch (kind) {
      case '@':
        return current
      case '!':
        return { type: 'not', child: this.#expression(45) }
      case '&':
        return { type: 'reference', child: this.#expression(0), offset: token.offset }
      case '-': {
        const zero: Node = { type: 'literal', value: 0, offset: token.offset }
        return { type: 'arithmetic', operator: '-', left: zero, right: this.#expression(7) }
      }
      case '(': {
        const node = this.#expression(0)
        this.#expect(')', 'to close the bracket')
        return node
      }
      case '{':
        return this.#multiselectObject()
      case '[':
        return this.#bracketAtStart()
      case '*':
        return { type: 'valueProjection', left: current, right: this.#projected(20) }
      case '[]':
      case '[?':
        return this.#operation(token, current)
      case 'number':
        throw new ExpressionSyntaxError('a number is written between back-ticks: `1`', token.offset)
      default:
        throw this.#unexpected(token, 'a field, a literal or a function')
    }
  }

  #operation(token: Token, left: Node): Node {
    const kind: string = token.kind
    switch (kind) {
      case '.':
        if (this.#accept('*')) return { type: 'valueProjection', left, right: this.#projected(40) }
        return { type: 'chain', left, right: this.#afterDot(40) }
      case '|':
        return { type: 'chain', left, right: this.#expression(1) }
      case '||':
        return { type: 'or', left, right: this.#expression(2) }
      case '&&':
        return { type: 'and', left, right: this.#expression(3) }
      case '[':
        return this.#bracketAfter(left)
      case '[]':
        return {
          type: 'listProjection',
          left: { type: 'flatten', child: left },
          right: this.#projected(9),
        }
      case '[?': {
        const condition = this.#expression(0)
        this.#expect(']', 'to close the filter')
        const isFlattened = this.#peek().kind === '[]'
        const right = isFlattened ? current : this.#projected(21)
        return { type: 'filterProjection', left, condition, right }
      }
      default:
        return this.#binary(token, left)
    }
  }

  #binary(token: Token, left: Node): Node {
    const right = this.#expression(power(token))
    const comparison = comparisonOperators.find((operator) => operator === token.kind)
    if (comparison) return { type: 'comparison', operator: comparison, left, right }
    const arithmetic = arithmeticOperators.find((operator) => operator === token.kind)
    if (arithmetic) return { type: 'arithmetic', operator: arithmetic, left, right }
    throw this.#unexpected(token, 'an operator')
  }

  #fieldOrFunction(token: Extract<Token, { kind: 'identifier' }>): Node {
    const { name, offset } = token
    const open = this.#peek()
    if (open.kind !== '(') return { type: 'field', name, offset }
    if (token.isQuoted) {
      throw new ExpressionSyntaxError(`a function's name has no quotes: ${name}(…)`, offset)
    }
    this.#next()
    const values: Node[] = []
    if (!this.#accept(')')) {
      do values.push(this.#expression(0))
      while (this.#accept(','))
      this.#expect(')', `or \`,\` in the arguments of ${name}()`)
    }
    return { type: 'function', name, arguments: values, offset }
  }

  /** What a projection does with each of its elements. */
  #projected(rightPower: number): Node {
    const token = this.#peek()
    if (power(token) < projectionStop) return current
    if (token.kind === '[' || token.kind === '[?') return this.#expression(rightPower)
    if (this.#accept('.')) return this.#afterDot(rightPower)
    throw this.#unexpected(token, '`.`, `[` or an operator')
  }

  #afterDot(rightPower: number): Node {
    const token = this.#peek()
    if (token.kind === 'identifier' || token.kind === '*') return this.#expression(rightPower)
    this.#next()
    if (token.kind === '[') return this.#multiselectList()
    if (token.kind === '{') return this.#multiselectObject()
    throw this.#unexpected(token, 'a name, `*`, `[` or `{` after the dot')
  }

  #bracketAtStart(): Node {
    const { kind } = this.#peek()
    const isProjection = kind === '*' && this.#peek(1).kind === ']'
    if (kind === 'number' || kind === ':' || isProjection) return this.#bracketAfter(current)
    return this.#multiselectList()
  }

  #bracketAfter(left: Node): Node {
    const token = this.#next()
    if (token.kind === '*') {
      this.#expect(']', 'after `[*`')
      return { type: 'listProjection', left, right: this.#projected(20) }
    }
    if (token.kind === 'number' && this.#accept(']')) {
      return { type: 'chain', left, right: { type: 'index', index: token.value } }
    }
    if (token.kind !== 'number' && token.kind !== ':') {
      throw this.#unexpected(token, 'a number, `:` or `*` after `[`')
    }
    this.#position--
    const slice: Node = { type: 'chain', left, right: this.#slice() }
    return { type: 'listProjection', left: slice, right: this.#projected(20) }
  }

  #slice(): Node {
    const start = this.#sliceNumber()
    this.#expect(':', 'or `]` after the number')
    const stop = this.#sliceNumber()
    const step = this.#accept(':') ? this.#sliceNumber() : undefined
    const { offset } = this.#peek()
    this.#expect(']', 'to close the slice')
    if (step === 0) throw new ExpressionSyntaxError('the step of a slice cannot be 0', offset)
    return { type: 'slice', start, stop, step: step ?? 1 }
  }

  #sliceNumber(): number | undefined {
    const token = this.#peek()
    if (token.kind !== 'number') return undefined
    this.#next()
    return token.value
  }

  #multiselectList(): Node {
    const items: Node[] = []
    do items.push(this.#expression(0))
    while (this.#accept(','))
    this.#expect(']', 'or `,` in the list')
    return { type: 'list', items }
  }

  #multiselectObject(): Node {
    const fields: { name: string; value: Node }[] = []
    do {
      const token = this.#next()
      if (token.kind !== 'identifier') throw this.#unexpected(token, 'the name of a field')
      this.#expect(':', `after the name \`${token.name}\``)
      fields.push({ name: token.name, value: this.#expression(0) })
    } while (this.#accept(','))
    this.#expect('}', 'or `,` after a field')
    return { type: 'object', fields }
  }
}
