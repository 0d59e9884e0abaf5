import { Lexer, Parser, type CST } from 'yaml'
import { deepestNesting } from './nesting.ts'

/**
 * Offset of the first object or list that is nested too deep, if one is. To be asked before a document is composed, which
 * is recursive; syntax errors are no matter here.
 */
export function offsetOfDepth(text: string): number | undefined {
  const parser = new Parser()
  let offset = 0
  try {
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) {
        const found = offsetInToken(token)
        if (found !== undefined) return found
      }
      if (!marker.test(lexeme)) offset += lexeme.length
    }
    for (const token of parser.end()) {
      const found = offsetInToken(token)
      if (found !== undefined) return found
    }
    return undefined
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // The parser itself is recursive where nothing but `?` and `-` opens an object or list.
    return offset
  }
}

/** What the lexer puts between the parts of the text. */
// oxlint-disable-next-line no-control-regex -- these are the lexer's
const marker = /^[\u0002\u0018\u001f]$/

function offsetInToken(token: CST.Token): number | undefined {
  const open = [{ token, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > deepestNesting) return next.token.offset
    for (const child of childrenOf(next.token)) {
      const depth = isCollection(child) ? next.depth + 1 : next.depth
      open.push({ token: child, depth })
    }
  }
  return undefined
}

function isCollection(token: CST.Token): boolean {
  return (
    token.type === 'block-map' || token.type === 'block-seq' || token.type === 'flow-collection'
  )
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  const children: CST.Token[] = []
  for (const { key, value } of token.items) {
    if (key !== undefined && key !== null) children.push(key)
    if (value !== undefined) children.push(value)
  }
  return children
}
