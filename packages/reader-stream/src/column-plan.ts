import type { Finding } from '@millrace/core/plugin'
import type { Cell, Field, LogicalType } from '@millrace/core/record'
import { columnTypes, isPlainDecimal, parseCell, type ColumnType } from './cell-value.ts'
import { randomCell, type CellMaker } from './random-cell.ts'
import type { CellConfig, ColumnConfig, StreamReaderConfig } from './config-schema.ts'
import { compileDateParser, parseIsoDate, type DateParser, type DateValue } from './date-value.ts'

/** A column ready to make cells. */
export interface ColumnPlan {
  readonly field: Field
  /** The cells by row with `rows`, else one cell for all rows; empty for a random column. */
  readonly cells: readonly Cell[]
  readonly random: CellMaker | undefined
}

/** What became of the parameters: the columns, or what is wrong with them. */
export interface ColumnPlans {
  readonly columns: readonly ColumnPlan[]
  readonly findings: readonly Finding[]
}

/** Name of a column, written or made up from its position. */
export function columnName(column: ColumnConfig, index: number): string {
  return column.name ?? `column${index}`
}

/** Reads every value of the job file, and collects everything that is wrong. */
export function planColumns(config: StreamReaderConfig): ColumnPlans {
  const findings = generalFindings(config)
  const columns: ColumnPlan[] = []
  for (const [index, column] of config.column.entries()) {
    const planner = new ColumnPlanner(column, index, findings)
    const plan = planner.plan(config)
    if (plan) columns.push(plan)
  }
  return { columns, findings }
}

function generalFindings(config: StreamReaderConfig): Finding[] {
  const findings: Finding[] = []
  const error = (path: Finding['path'], message: string) =>
    findings.push({ severity: 'error', path, message })
  const warning = (path: Finding['path'], message: string) =>
    findings.push({ severity: 'warning', path, message })
  if (config.rows === undefined && config.sliceRecordCount === undefined) {
    error(['sliceRecordCount'], 'is missing: expected the number of rows of each split')
  }
  if (config.rows !== undefined && config.sliceRecordCount !== undefined) {
    warning(['sliceRecordCount'], 'has no effect where `rows` is there')
  }
  for (const [index, row] of (config.rows ?? []).entries()) {
    if (row.length === config.column.length) continue
    error(['rows', index], `expected ${config.column.length} cells, found ${row.length}`)
  }
  const names = config.column.map(columnName)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) {
      error(['column', index, 'name'], `there are two columns named ${JSON.stringify(name)}`)
    }
  }
  return findings
}

class ColumnPlanner {
  readonly #column: ColumnConfig
  readonly #index: number
  readonly #findings: Finding[]

  constructor(column: ColumnConfig, index: number, findings: Finding[]) {
    this.#column = column
    this.#index = index
    this.#findings = findings
  }

  plan(config: StreamReaderConfig): ColumnPlan | undefined {
    const type = this.#type()
    if (type === undefined) return undefined
    if (config.rows) {
      const values = config.rows.map((row) => row[this.#index] ?? null)
      return this.#fixed(type, values, (row) => ['rows', row, this.#index])
    }
    const { value, random } = this.#column
    const path = ['column', this.#index]
    if (value !== undefined) {
      if (random !== undefined && random.trim() !== '') {
        this.#add('warning', [...path, 'random'], 'has no effect where there is a `value`')
      }
      return this.#fixed(type, [value], () => [...path, 'value'])
    }
    if (random === undefined || random.trim() === '') {
      this.#add('error', path, 'expected a `value` or two bounds in `random`')
      return undefined
    }
    return this.#random(type, random)
  }

  #type(): ColumnType | undefined {
    const text = this.#column.type?.trim() ?? ''
    const name = text === '' ? 'string' : text.toLowerCase()
    const type = columnTypes.find((known) => known === name)
    if (type) return type
    const message = `expected one of ${columnTypes.join(', ')}, found ${JSON.stringify(text)}`
    this.#add('error', ['column', this.#index, 'type'], message)
    return undefined
  }

  #fixed(
    type: ColumnType,
    values: readonly CellConfig[],
    pathOf: (row: number) => Finding['path'],
  ): ColumnPlan | undefined {
    if (type === 'date') return this.#fixedDates(values, pathOf)
    const cells = this.#parseAll(values, pathOf, (value) => parseCell(type, value))
    if (!cells) return undefined
    return { field: this.#field(logicalTypeOf(type, cells), type), cells, random: undefined }
  }

  #fixedDates(
    values: readonly CellConfig[],
    pathOf: (row: number) => Finding['path'],
  ): ColumnPlan | undefined {
    const parse = this.#dateParser()
    if (!parse) return undefined
    const dates = this.#parseAll(values, pathOf, (value) => parseDate(value, parse))
    if (!dates) return undefined
    const kind = this.#kindOf(dates.filter((date) => date !== null))
    if (!kind) return undefined
    const cells = dates.map((date) => (date === null ? null : inForm(date, kind)))
    return { field: this.#field(kind, 'date'), cells, random: undefined }
  }

  #kindOf(dates: readonly DateValue[]): DateValue['kind'] | undefined {
    const kinds = new Set(dates.map((date) => date.kind))
    if (kinds.size > 1 && kinds.has('timestamptz')) {
      const message = 'dates with and without an offset: give all of them one, or none'
      this.#add('error', ['column', this.#index], message)
      return undefined
    }
    if (kinds.has('timestamptz')) return 'timestamptz'
    return kinds.size === 1 && kinds.has('date') ? 'date' : 'datetime'
  }

  #random(type: ColumnType, bounds: string): ColumnPlan | undefined {
    const parse = type === 'date' ? this.#dateParser() : parseIsoDate
    if (!parse) return undefined
    try {
      const { logicalType, make } = randomCell(type, bounds, parse)
      return { field: this.#field(logicalType, type), cells: [], random: make }
    } catch (error) {
      this.#addRangeError(['column', this.#index, 'random'], bounds, error)
      return undefined
    }
  }

  #dateParser(): DateParser | undefined {
    const { dateFormat } = this.#column
    if (dateFormat === undefined || dateFormat.trim() === '') return parseIsoDate
    try {
      return compileDateParser(dateFormat)
    } catch (error) {
      this.#addRangeError(['column', this.#index, 'dateFormat'], dateFormat, error)
      return undefined
    }
  }

  #parseAll<T>(
    values: readonly CellConfig[],
    pathOf: (row: number) => Finding['path'],
    parse: (value: CellConfig) => T,
  ): readonly T[] | undefined {
    const parsed: T[] = []
    for (const [row, value] of values.entries()) {
      try {
        parsed.push(parse(value))
      } catch (error) {
        this.#addRangeError(pathOf(row), value, error)
      }
    }
    return parsed.length === values.length ? parsed : undefined
  }

  #field(type: LogicalType, nativeType: ColumnType): Field {
    return { name: columnName(this.#column, this.#index), type, nullable: true, nativeType }
  }

  #addRangeError(path: Finding['path'], value: CellConfig, error: unknown): void {
    if (!(error instanceof RangeError)) throw error
    this.#add('error', path, `${error.message}, found ${JSON.stringify(value)}`)
  }

  #add(severity: Finding['severity'], path: Finding['path'], message: string): void {
    this.#findings.push({ severity, path, message })
  }
}

function parseDate(value: CellConfig, parse: DateParser): DateValue | null {
  if (value === null) return null
  if (typeof value !== 'string') throw new RangeError('expected a date in quotes')
  return parse(value)
}

function inForm(date: DateValue, kind: DateValue['kind']): string {
  return date.kind === 'date' && kind === 'datetime' ? `${date.text} 00:00:00` : date.text
}

function logicalTypeOf(type: Exclude<ColumnType, 'date'>, cells: readonly Cell[]): LogicalType {
  if (type === 'long') return 'int'
  if (type !== 'double') return type
  const isPlain = cells.every((cell) => cell === null || isPlainDecimal(String(cell)))
  return isPlain ? 'decimal' : 'float'
}
