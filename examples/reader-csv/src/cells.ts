import type { Cell } from '@millrace/core/record'

/** Logical types that a column of text can have. */
export const columnTypes = [
  'string',
  'int',
  'decimal',
  'float',
  'bool',
  'date',
  'time',
  'datetime',
  'timestamptz',
  'uuid',
  'json',
  'bytes',
] as const

/** Makes the cell of a type out of text; undefined when the text is none of that type. */
export type CellOf = (text: string) => Cell | undefined

/** Digits stay text wherever they are digits already. */
export const cellOfType: Readonly<Record<(typeof columnTypes)[number], CellOf>> = {
  string: (text) => text,
  int: intOf,
  decimal: decimalOf,
  float: floatOf,
  bool: (text) => booleans.get(text.toLowerCase()),
  date: (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? text : undefined),
  time: (text) => (/^-?\d\d\d?:\d\d:\d\d(?:\.\d{1,6})?$/.test(text) ? text : undefined),
  datetime: (text) =>
    /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?$/.test(text)
      ? text.replace('T', ' ')
      : undefined,
  timestamptz: instantOf,
  uuid: (text) => (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text : undefined),
  json: (text) => (isJson(text) ? text : undefined),
  bytes: (text) =>
    /^(?:[\w+/-]{4})*(?:[\w+/-]{2,3}={0,2})?$/.test(text) ? Buffer.from(text, 'base64') : undefined,
}

const booleans: ReadonlyMap<string, boolean> = new Map(
  [
    ['true', 't', 'yes', 'y', '1'],
    ['false', 'f', 'no', 'n', '0'],
  ].flatMap((words, index) => words.map((word): [string, boolean] => [word, index === 0])),
)

function intOf(text: string): string | undefined {
  if (/^(?:0|-?[1-9]\d*)$/.test(text)) return text
  return /^[+-]?\d+$/.test(text) ? String(BigInt(text.replace('+', ''))) : undefined
}

function decimalOf(text: string): string | undefined {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return text
  const [, sign, whole, fraction] = /^([+-]?)(\d*)\.?(\d*)$/.exec(text) ?? []
  if ((whole ?? '') + (fraction ?? '') === '') return undefined
  return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction ? `.${fraction}` : ''}`
}

function floatOf(text: string): string | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return String(Number(text))
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? []
  if (word === undefined) return undefined
  return word.toLowerCase() === 'nan' ? 'NaN' : `${sign === '-' ? '-' : ''}Infinity`
}

const instant =
  /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?(?: ?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?))?$/i

/** An instant in UTC. Without a zone it is UTC already; the fraction is kept as it stands. */
function instantOf(text: string): string | undefined {
  const [, day, clock, fraction = '', , sign, hours, minutes] = instant.exec(text) ?? []
  if (day === undefined) return undefined
  if (sign === undefined) return `${day} ${clock}${fraction}`
  const utc = new Date(`${day}T${clock}Z`).getTime()
  if (Number.isNaN(utc)) return undefined
  const offset = (Number(hours) * 60 + Number(minutes ?? 0)) * 60_000 * (sign === '-' ? -1 : 1)
  return `${new Date(utc - offset).toISOString().slice(0, 19).replace('T', ' ')}${fraction}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
