import { ExpressionSyntaxError, type RdiValue } from '../../../model/expression.ts'
import type { Node } from '../syntax/node.ts'
import { fieldOf, isArray, isFalse, isObject } from '../values/value-type.ts'
import { compileArithmetic } from './arithmetic.ts'
import { compileComparison } from './comparison.ts'
import type { Evaluate } from './evaluate.ts'
import { compileFunction } from './function-call.ts'
import { compileProjection } from './projection.ts'

/**
 * Makes closures of a parsed expression, one for each node, so that nothing is looked at twice for a record.
 *
 * @throws ExpressionSyntaxError for unknown functions and arguments that can never be right
 */
export function compileNode(node: Node): Evaluate {
  switch (node.type) {
    case 'field':
      return compileField(node.name)
    case 'literal': {
      const { value } = node
      return () => value
    }
    case 'current':
      return (value) => value
    case 'index':
      return compileIndex(node.index)
    case 'slice':
      return compileSlice(node)
    case 'chain':
      return compileChain(compileNode(node.left), compileNode(node.right))
    case 'listProjection':
    case 'valueProjection':
    case 'filterProjection':
    case 'flatten':
      return compileProjection(node, compileNode)
    case 'comparison':
      return compileComparison(node.operator, compileNode(node.left), compileNode(node.right))
    case 'arithmetic':
      return compileArithmetic(node.operator, compileNode(node.left), compileNode(node.right))
    case 'or':
    case 'and':
    case 'not':
      return compileLogic(node)
    case 'list':
      return compileList(node.items.map(compileNode))
    case 'object':
      return compileObject(node.fields)
    case 'function':
      return compileFunction(node, compileNode)
    case 'reference':
      // Functions that take one compile it themselves.
      throw new ExpressionSyntaxError('`&` only has a meaning in arguments', node.offset)
  }
}

function compileField(name: string): Evaluate {
  // What every object has (`constructor`) would be found in those that have no such field.
  if (name in Object.prototype) return (value) => (isObject(value) ? fieldOf(value, name) : null)
  return (value) => (isObject(value) ? (value[name] ?? null) : null)
}

function compileIndex(index: number): Evaluate {
  return (value) => (isArray(value) ? (value.at(index) ?? null) : null)
}

function compileSlice(slice: {
  readonly start: number | undefined
  readonly stop: number | undefined
  readonly step: number
}): Evaluate {
  const { start, stop, step } = slice
  return (value) => {
    if (!isArray(value)) return null
    const { length } = value
    const lowest = step < 0 ? -1 : 0
    const highest = step < 0 ? length - 1 : length
    const bound = (given: number): number =>
      Math.min(Math.max(given < 0 ? given + length : given, lowest), highest)
    const from = start === undefined ? (step < 0 ? highest : lowest) : bound(start)
    const to = stop === undefined ? (step < 0 ? lowest : highest) : bound(stop)
    const items: RdiValue[] = []
    for (let index = from; step < 0 ? index > to : index < to; index += step) {
      items.push(value[index])
    }
    return items
  }
}

function compileChain(left: Evaluate, right: Evaluate): Evaluate {
  return (value) => right(left(value))
}

function compileLogic(node: Extract<Node, { type: 'or' | 'and' | 'not' }>): Evaluate {
  if (node.type === 'not') {
    const child = compileNode(node.child)
    return (value) => isFalse(child(value))
  }
  const left = compileNode(node.left)
  const right = compileNode(node.right)
  const goesOnWhenFalse = node.type === 'or'
  return (value) => {
    const result = left(value)
    return isFalse(result) === goesOnWhenFalse ? right(value) : result
  }
}

function compileList(items: readonly Evaluate[]): Evaluate {
  return (value) => {
    if (value === null || value === undefined) return null
    const list: RdiValue[] = []
    for (const item of items) list.push(item(value))
    return list
  }
}

function compileObject(
  fields: readonly { readonly name: string; readonly value: Node }[],
): Evaluate {
  const names = fields.map((field) => field.name)
  const values = fields.map((field) => compileNode(field.value))
  return (value) => {
    if (value === null || value === undefined) return null
    const object: { [name: string]: RdiValue } = {}
    for (const [index, evaluate] of values.entries()) {
      setField(object, names[index] as string, evaluate(value))
    }
    return object
  }
}

function setField(object: { [name: string]: RdiValue }, name: string, value: RdiValue): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  } else {
    object[name] = value
  }
}
