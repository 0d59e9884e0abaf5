import { childrenOf, type Node } from './syntax/node.ts'
import { parse } from './syntax/parser.ts'

/**
 * The names that `{a: x, b: y}` gives, in order.
 *
 * @returns undefined for any other expression
 * @throws ExpressionSyntaxError
 */
export function jmespathFields(text: string): readonly string[] | undefined {
  const node = parse(text)
  return node.type === 'object' ? [...new Set(node.fields.map((field) => field.name))] : undefined
}

/**
 * The names that `{a: x, b: upper(y)}` gives, in order, each with the field of the record that it stands for and nothing
 * else (`x` for a), where it does.
 *
 * @returns undefined for any other expression
 * @throws ExpressionSyntaxError
 */
export function jmespathMapping(text: string): ReadonlyMap<string, string | undefined> | undefined {
  const node = parse(text)
  if (node.type !== 'object') return undefined
  return new Map(
    node.fields.map(({ name, value }) => [name, value.type === 'field' ? value.name : undefined]),
  )
}

/**
 * The fields of the record itself that an expression reads, each once, in order.
 *
 * @throws ExpressionSyntaxError
 */
export function jmespathReferences(text: string): readonly string[] {
  const names = new Set<string>()
  collectReferences(parse(text), names)
  return [...names]
}

/**
 * The same, with the field below that is read of one where that is told: `after.name`.
 *
 * @throws ExpressionSyntaxError
 */
export function jmespathNames(text: string): readonly string[] {
  const names = new Set<string>()
  collectReferences(parse(text), names, true)
  return [...names]
}

/**
 * Whether an expression gives another value each time, so that it makes no key that is found again.
 *
 * @throws ExpressionSyntaxError
 */
export function usesUuid(text: string): boolean {
  return callsUuid(parse(text))
}

function callsUuid(node: Node): boolean {
  if (node.type === 'function' && node.name === 'uuid') return true
  return childrenOf(node).some(callsUuid)
}

/** Only where a node is evaluated on the record are its fields those of the record. */
function collectReferences(node: Node, names: Set<string>, hasParts = false): void {
  if (node.type === 'field') names.add(node.name)
  if (node.type === 'reference') return
  if (!isProjecting(node)) {
    for (const child of childrenOf(node)) collectReferences(child, names, hasParts)
    return
  }
  const { type, left, right } = node
  if (hasParts && type === 'chain' && left.type === 'field' && right.type === 'field') {
    names.add(`${left.name}.${right.name}`)
    return
  }
  collectReferences(left, names, hasParts)
  if (type === 'chain' && left.type === 'current') collectReferences(right, names, hasParts)
}

type Projecting = Extract<
  Node,
  { type: 'chain' | 'listProjection' | 'valueProjection' | 'filterProjection' }
>

/** Whether what is right of the node is evaluated on something else than the node itself. */
function isProjecting(node: Node): node is Projecting {
  return node.type === 'chain' || node.type.endsWith('Projection')
}
