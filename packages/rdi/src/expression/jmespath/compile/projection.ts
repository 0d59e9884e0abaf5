import type { RdiValue } from '../../../model/expression.ts'
import type { Node } from '../syntax/node.ts'
import { isArray, isFalse, isObject } from '../values/value-type.ts'
import type { Evaluate } from './evaluate.ts'

type ProjectionNode = Extract<
  Node,
  { type: 'listProjection' | 'valueProjection' | 'filterProjection' | 'flatten' }
>

/** Nodes that go over the elements of a list or the values of an object, and leave nulls out. */
export function compileProjection(
  node: ProjectionNode,
  compileNode: (node: Node) => Evaluate,
): Evaluate {
  if (node.type === 'flatten') return compileFlatten(compileNode(node.child))
  const left = compileNode(node.left)
  const right = compileNode(node.right)
  switch (node.type) {
    case 'listProjection':
      return (value) => project(listOrNull(left(value)), right)
    case 'valueProjection':
      return (value) => {
        const object = left(value)
        return project(isObject(object) ? Object.values(object) : null, right)
      }
    case 'filterProjection': {
      const condition = compileNode(node.condition)
      return (value) => {
        const list = listOrNull(left(value))
        return project(list && list.filter((item) => !isFalse(condition(item))), right)
      }
    }
  }
}

function listOrNull(value: RdiValue): readonly RdiValue[] | null {
  return isArray(value) ? value : null
}

function project(list: readonly RdiValue[] | null, right: Evaluate): RdiValue {
  if (list === null) return null
  const results: RdiValue[] = []
  for (const item of list) {
    const result = right(item)
    if (result !== null && result !== undefined) results.push(result)
  }
  return results
}

function compileFlatten(child: Evaluate): Evaluate {
  return (value) => {
    const list = child(value)
    return isArray(list) ? (list.flat() as RdiValue[]) : null
  }
}
