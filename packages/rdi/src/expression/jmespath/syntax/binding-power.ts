import type { Token } from './token.ts'

const powers: Readonly<Partial<Record<Token['kind'], number>>> = {
  '|': 1,
  '||': 2,
  '&&': 3,
  '==': 5,
  '!=': 5,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '//': 7,
  '%': 7,
  '[]': 9,
  '[?': 21,
  '.': 40,
  '[': 55,
}

/** What binds less than this ends a projection. */
export const projectionStop = 10

/** How strongly an operator holds what is left of it; 0 for what is none. */
export function power(token: Token): number {
  return powers[token.kind] ?? 0
}
