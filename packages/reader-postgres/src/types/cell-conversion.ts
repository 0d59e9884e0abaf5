import type { Cell, LogicalType } from '@millrace/core/record'

/** Turns the text of a cell into the form its logical type has. */
export type CellConversion = (text: string) => Cell

const utcOffset = '+00'

/** The conversion for a logical type; `undefined` where the server's text is the cell. */
export function cellConversionOf(type: LogicalType): CellConversion | undefined {
  if (type === 'bool') return (text) => text === 't'
  if (type === 'bytes') return (text) => Buffer.from(text.slice(2), 'hex')
  // The session is in UTC, so the offset is always the same; dates before Christ have ` BC` behind it.
  if (type === 'timestamptz') return withoutOffset
  return undefined
}

function withoutOffset(text: string): string {
  return text.endsWith(utcOffset) ? text.slice(0, -utcOffset.length) : text.replace(utcOffset, '')
}
