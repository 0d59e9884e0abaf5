import type { LogicalType } from '@millrace/core/record'

/** How the server writes a cell, where that is not how it is kept: `t`, `\x00ff`, `2026-02-03 04:05:06+00`. */
export type CellForm = 'text' | 'letter' | 'hex' | 'instant'

/** The form in which the server writes the cells of a logical type. */
export function cellFormOf(type: LogicalType): CellForm {
  if (type === 'bool') return 'letter'
  if (type === 'bytes') return 'hex'
  return type === 'timestamptz' ? 'instant' : 'text'
}
