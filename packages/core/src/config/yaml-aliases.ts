import { visit, type Document, type Node } from 'yaml'
import type { ProblemText } from './problem-list.ts'

/** An alias (`*name`) that cannot be followed. */
export interface AliasProblem extends ProblemText {
  readonly offset: number
}

/** Every alias that names no anchor before it, or one that it is part of. */
export function aliasProblems(document: Document.Parsed): readonly AliasProblem[] {
  const anchors = new Map<string, Node>()
  const problems: AliasProblem[] = []
  visit(document, {
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
    Alias: (_key, node, ancestors) => {
      const offset = node.range?.[0] ?? 0
      const target = anchors.get(node.source)
      if (target === undefined) {
        const hint = 'Put text that begins with * in quotes.'
        problems.push({ offset, message: 'the alias names no anchor (&name) before it', hint })
      } else if (ancestors.includes(target)) {
        problems.push({ offset, message: 'the alias stands inside of what it stands for' })
      }
    },
  })
  return problems
}
