import type { RdiValue } from '../../../model/expression.ts'

export const comparisonOperators = ['==', '!=', '<', '<=', '>', '>='] as const
export const arithmeticOperators = ['+', '-', '*', '/', '//', '%'] as const

export type ComparisonOperator = (typeof comparisonOperators)[number]
export type ArithmeticOperator = (typeof arithmeticOperators)[number]

/** A parsed expression. `offset` counts characters of the text from 0. */
export type Node =
  | { readonly type: 'field'; readonly name: string; readonly offset: number }
  | { readonly type: 'literal'; readonly value: RdiValue; readonly offset: number }
  | { readonly type: 'current' }
  | { readonly type: 'index'; readonly index: number }
  | {
      readonly type: 'slice'
      readonly start: number | undefined
      readonly stop: number | undefined
      readonly step: number
    }
  /** The right side is evaluated on the result of the left one: `a.b`, `a[0]`, `a | b`. */
  | { readonly type: 'chain'; readonly left: Node; readonly right: Node }
  | { readonly type: 'listProjection'; readonly left: Node; readonly right: Node }
  | { readonly type: 'valueProjection'; readonly left: Node; readonly right: Node }
  | {
      readonly type: 'filterProjection'
      readonly left: Node
      readonly condition: Node
      readonly right: Node
    }
  | { readonly type: 'flatten'; readonly child: Node }
  | {
      readonly type: 'comparison'
      readonly operator: ComparisonOperator
      readonly left: Node
      readonly right: Node
    }
  | {
      readonly type: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Node
      readonly right: Node
    }
  | { readonly type: 'or' | 'and'; readonly left: Node; readonly right: Node }
  | { readonly type: 'not'; readonly child: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | {
      readonly type: 'object'
      readonly fields: readonly { readonly name: string; readonly value: Node }[]
    }
  | FunctionNode
  | { readonly type: 'reference'; readonly child: Node; readonly offset: number }

export interface FunctionNode {
  readonly type: 'function'
  readonly name: string
  readonly arguments: readonly Node[]
  readonly offset: number
}

/** The nodes right below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'filterProjection':
      return [node.left, node.condition, node.right]
    case 'chain':
    case 'listProjection':
    case 'valueProjection':
    case 'comparison':
    case 'arithmetic':
    case 'or':
    case 'and':
      return [node.left, node.right]
    case 'flatten':
    case 'not':
    case 'reference':
      return [node.child]
    case 'list':
      return node.items
    case 'object':
      return node.fields.map((field) => field.value)
    case 'function':
      return node.arguments
    case 'field':
    case 'literal':
    case 'current':
    case 'index':
    case 'slice':
      return []
  }
}
