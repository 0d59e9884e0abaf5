import type { RdiValue } from '../../../model/expression.ts'

export const punctuation = [
  '[?',
  '[]',
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '//',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '*',
  ',',
  '.',
  ':',
  '@',
  '&',
  '|',
  '<',
  '>',
  '!',
  '+',
  '-',
  '/',
  '%',
] as const

export type Punctuation = (typeof punctuation)[number]

export type Token =
  | { readonly kind: Punctuation; readonly offset: number }
  | { readonly kind: 'end'; readonly offset: number }
  /** `isQuoted`: between double quotes, so that it names no function. */
  | {
      readonly kind: 'identifier'
      readonly name: string
      readonly isQuoted: boolean
      readonly offset: number
    }
  | { readonly kind: 'literal'; readonly value: RdiValue; readonly offset: number }
  | { readonly kind: 'number'; readonly value: number; readonly offset: number }

/** A token as messages name it. */
export function tokenText(token: Token): string {
  if (token.kind === 'end') return 'the end of the expression'
  if (token.kind === 'identifier') return `\`${token.name}\``
  if (token.kind === 'literal') return 'a literal'
  return `\`${token.kind === 'number' ? token.value : token.kind}\``
}
