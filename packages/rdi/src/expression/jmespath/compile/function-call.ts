import { nearestName } from '@millrace/core/dialect'
import { ExpressionSyntaxError, type RdiValue } from '../../../model/expression.ts'
import type {
  ArgumentValue,
  Call,
  CompileText,
  FunctionDefinition,
  Parameter,
} from '../functions/definition.ts'
import { functions } from '../functions/catalogue.ts'
import type { FunctionNode, Node } from '../syntax/node.ts'
import { parse } from '../syntax/parser.ts'
import { valueType } from '../values/value-type.ts'
import { EvaluationError, type Evaluate } from './evaluate.ts'

type Argument = Evaluate | { readonly reference: Evaluate }

/** @throws ExpressionSyntaxError for unknown functions, and for arguments that can never be right */
export function compileFunction(
  node: FunctionNode,
  compileNode: (node: Node) => Evaluate,
): Evaluate {
  const definition = functions.get(node.name)
  if (!definition) throw unknownFunction(node)
  checkCount(node, definition)
  const compiled = node.arguments.map((argument, index) =>
    compileArgument(definition, argument, index, compileNode),
  )
  const compileText = (text: string): Evaluate => compileNode(parse(text))
  checkLiterals(node, definition, compileText)
  return callOf(definition, definition.makeCall?.(compileText) ?? definition.call, compiled)
}

function unknownFunction(node: FunctionNode): ExpressionSyntaxError {
  const nearest = nearestName(node.name, functions.keys())
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}()?`
  return new ExpressionSyntaxError(`there is no function ${node.name}()${hint}`, node.offset)
}

function checkCount(node: FunctionNode, definition: FunctionDefinition): void {
  const { parameters } = definition
  const given = node.arguments.length
  const lowest = parameters.filter((parameter) => !parameter.isOptional).length
  const highest = parameters.at(-1)?.isRepeated ? Infinity : parameters.length
  if (given >= lowest && given <= highest) return
  const range = highest === lowest ? '' : given < lowest ? 'at least ' : 'at most '
  const bound = given < lowest ? lowest : highest
  throw new ExpressionSyntaxError(
    `${node.name}() takes ${range}${bound} argument${bound === 1 ? '' : 's'}, but has ${given}`,
    node.offset,
  )
}

function parameterAt(definition: FunctionDefinition, index: number): Parameter<ArgumentValue> {
  const { parameters } = definition
  return parameters[Math.min(index, parameters.length - 1)] as Parameter<ArgumentValue>
}

function compileArgument(
  definition: FunctionDefinition,
  argument: Node,
  index: number,
  compileNode: (node: Node) => Evaluate,
): Argument {
  const { isExpression, expected } = parameterAt(definition, index)
  if (argument.type !== 'reference') {
    if (!isExpression) return compileNode(argument)
    throw new ExpressionSyntaxError(
      `argument ${index + 1} of ${definition.name}() has to be ${expected}`,
      'offset' in argument ? argument.offset : undefined,
    )
  }
  if (isExpression) return { reference: compileNode(argument.child) }
  throw new ExpressionSyntaxError(
    `argument ${index + 1} of ${definition.name}() has to be ${expected}, not an expression (\`&\`)`,
    argument.offset,
  )
}

/** What is wrong with a literal is wrong for every record. */
function checkLiterals(
  node: FunctionNode,
  definition: FunctionDefinition,
  compileText: CompileText,
): void {
  const literals = node.arguments.map((argument, index) => {
    if (argument.type !== 'literal') return undefined
    const value = argument.value
    if (!parameterAt(definition, index).accepts(value)) {
      throw new ExpressionSyntaxError(wrongType(definition, index, value), argument.offset)
    }
    return value
  })
  try {
    definition.checkLiterals?.(literals, compileText)
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    throw new ExpressionSyntaxError(error.message, node.offset)
  }
}

function wrongType(definition: FunctionDefinition, index: number, value: ArgumentValue): string {
  const { expected } = parameterAt(definition, index)
  const given = typeof value === 'function' ? 'an expression' : describe(value, expected)
  return `${definition.name}() takes ${expected} as argument ${index + 1}, but got ${given}`
}

/** The type of a value, told apart from what is expected, and what turns it into that. */
function describe(value: RdiValue, expected: string): string {
  const type = valueType(value)
  if (type === 'array' && expected.includes('array of')) return 'an array with other values'
  if (type === 'number' && expected === 'an integer') return 'a number with a fraction'
  if (type === 'number' && expected.startsWith('a string')) return 'number (use to_string())'
  return type
}

function callOf(
  definition: FunctionDefinition,
  call: Call,
  compiled: readonly Argument[],
): Evaluate {
  const [first] = compiled
  if (compiled.length === 1 && typeof first === 'function') {
    const parameter = parameterAt(definition, 0)
    return (value) => {
      const argument = first(value) ?? null
      if (!parameter.accepts(argument)) {
        throw new EvaluationError(wrongType(definition, 0, argument))
      }
      return call(argument)
    }
  }
  const parameters = compiled.map((_argument, index) => parameterAt(definition, index))
  return (value) => {
    const values: ArgumentValue[] = []
    for (let index = 0; index < compiled.length; index++) {
      const argument = compiled[index] as Argument
      const given = typeof argument === 'function' ? (argument(value) ?? null) : argument.reference
      if (!(parameters[index] as Parameter<ArgumentValue>).accepts(given)) {
        throw new EvaluationError(wrongType(definition, index, given))
      }
      values.push(given)
    }
    return call(...values)
  }
}
