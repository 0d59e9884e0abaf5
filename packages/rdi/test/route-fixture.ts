import type { CompileOptions, TransformedBatch } from '@millrace/core/dialect'
import type {
  Cell,
  Changes,
  LogicalType,
  OperationCode,
  RecordBatch,
  Row,
  TableSchema,
} from '@millrace/core/record'
import type { DataSource } from '@millrace/core/plugin'
import type { LookupConnection } from '../src/lookup/lookup-connection.ts'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../src/model/expression.ts'
import { getField, parseFieldPath } from '../src/record/field-path.ts'
import type { PipelineSettings, PipelineTable, SourceSettings } from '../src/model/pipeline.ts'
import type { Expression, Output, TableJob } from '../src/model/table-job.ts'
import {
  compileRoutes,
  type CompiledRoutes,
  type RouteOptions,
} from '../src/transform/compile-routes.ts'
import type { ExpressionCompiler } from '../src/transform/expression-compiler.ts'

/** What an expression does with a record, whose fields it asks for by path; it fails by throwing. */
export type Script = (get: (path: string) => string) => RdiValue

/** Expressions whose meaning the test says itself, by their text; names of fields stand for themselves. */
export function scripted(scripts: Readonly<Record<string, Script>>): ExpressionCompiler {
  return {
    compile: (_language, texts) => ({
      evaluate: (records) =>
        texts.map((text) => records.map((record) => evaluate(scripts[text], text, record))),
      close: () => {},
    }),
    namesOf: () => [],
    fieldsOf: (text) =>
      text.startsWith('{')
        ? new Map([...text.matchAll(/(\w+):/g)].map(([, name]) => [name ?? '', undefined]))
        : undefined,
  }
}

function evaluate(script: Script | undefined, text: string, record: RdiRecord) {
  if (script === undefined) {
    if (/^\w+$/.test(text)) return record[text] ?? null
    throw new Error(`no script for ${text}`)
  }
  try {
    return script((path) => getField(record, parseFieldPath(path)) as string)
  } catch (error) {
    return new ExpressionFailure(`${text}: ${String((error as Error).message)}`)
  }
}

export function jmespath(text: string): Expression {
  return { language: 'jmespath', text, place: 'jobs/test.yaml:1:1' }
}

export function sql(text: string): Expression {
  return { language: 'sql', text, place: 'jobs/test.yaml:1:1' }
}

export function output(options: Partial<Output> = {}): Output {
  return {
    connection: 'target',
    dataType: 'hash',
    arguments: {},
    onUpdate: 'replace',
    ...options,
  }
}

export function job(options: Partial<TableJob> & { readonly table?: string } = {}): TableJob {
  const { table = 'invoice', ...others } = options
  return {
    name: 'invoice',
    file: 'jobs/invoice.yaml',
    match: { table, isCaseInsensitive: true },
    rowFormat: 'partial',
    blocks: [],
    outputs: [output()],
    ...others,
  }
}

export const settings: PipelineSettings = {
  writeBatchSize: 200,
  targetDataType: 'hash',
  jsonUpdateStrategy: 'replace',
  usesNativeJsonMerge: true,
  errorHandling: 'dlq',
  maxDeadLetters: 1000,
  initialSyncProcesses: 4,
  temporal: 'rdi',
  dropsUnsupported: false,
  onTruncate: 'keys',
  onLostPosition: 'fail',
  extendedJson: 'unwrapped',
}

/** A table by the types of its columns; the first one is the key. */
export function table(
  name: string,
  columns: Readonly<Record<string, LogicalType | readonly [LogicalType, string]>>,
  options: Partial<TableSchema> = {},
): TableSchema {
  const fields = Object.entries(columns).map(([column, type]) => {
    const [logical, native] = typeof type === 'string' ? [type, type] : type
    return { name: column, type: logical, nullable: true, nativeType: native }
  })
  return { table: name, namespace: 'public', version: 1, fields, key: [0], ...options }
}

export interface RouteSetup {
  readonly jobs: readonly TableJob[]
  readonly scripts?: Readonly<Record<string, Script>>
  /** In the place of `scripts`. */
  readonly compiler?: ExpressionCompiler
  readonly settings?: Partial<PipelineSettings>
  readonly source?: Partial<Pick<SourceSettings, 'decimals' | 'binary'>>
  readonly tables?: readonly PipelineTable[]
  readonly connection?: string
  readonly lookup?: LookupConnection
  readonly openLookup?: RouteOptions['openLookup']
  readonly namespaceKind?: 'schema' | 'db'
  readonly otherSources?: RouteOptions['otherSources']
}

/** Is never asked. */
const idleLookup: LookupConnection = {
  probe: async () => {},
  send: () => Promise.reject(new Error('no lookup is expected')),
  close: async () => {},
}

export function routesOf(setup: RouteSetup): CompiledRoutes {
  const { lookup, openLookup = lookup && (() => lookup) } = setup
  return compileRoutes({
    jobs: setup.jobs,
    connection: setup.connection ?? 'target',
    source: {
      serverNames: ['shop'],
      namespaceKind: setup.namespaceKind ?? 'schema',
      settings: { decimals: 'string', binary: 'base64', ...setup.source },
    },
    settings: { ...settings, ...setup.settings },
    ...(setup.tables && { tables: setup.tables }),
    ...(setup.otherSources && { otherSources: setup.otherSources }),
    lookups: (name): DataSource => ({ name, type: 'redis', hosts: [], properties: {} }),
    compiler: setup.compiler ?? scripted(setup.scripts ?? {}),
    openLookup: openLookup ?? (() => idleLookup),
  })
}

/** What was logged while transforms were compiled. */
export const warnings: string[] = []

export async function compiled(
  routes: CompiledRoutes,
  schemas: readonly TableSchema[],
  options: Pick<CompileOptions, 'writesNothing' | 'follows'> = {},
) {
  warnings.length = 0
  return await routes.transform.compile(schemas, {
    logger: { debug: () => {}, info: () => {}, warn: (message) => warnings.push(message) },
    timeZone: 'UTC',
    signal: new AbortController().signal,
    ...options,
  })
}

/** A change as a test writes it down: what it was, the row, and the row before. */
export type Change = readonly [OperationCode, Row, (Row | null)?]

export function batchOf(schema: TableSchema, rows: readonly Row[]): RecordBatch {
  return { schema, rows: rows.map((row) => [...row]), byteSize: 1 }
}

export function changesOf(schema: TableSchema, changes: readonly Change[]): RecordBatch {
  const made: Changes = {
    operations: changes.map(([operation]) => operation),
    before: changes.map(([, , before]) => (before ? [...before] : null)),
    transactions: changes.map((_, index) => index),
    committedAtMs: changes.map((_, index) => 1000 + index),
  }
  return {
    ...batchOf(
      schema,
      changes.map(([, row]) => row),
    ),
    changes: made,
  }
}

/** The cells of rows by column; those that are absent are left out, JSON is shown as text. */
export function shown(batch: RecordBatch, rows: readonly (Row | null)[] = batch.rows) {
  return rows.map((row) =>
    row === null
      ? null
      : Object.fromEntries(
          batch.schema.fields.flatMap(({ name }, index) =>
            row[index] === undefined ? [] : [[name, shownCell(row[index])]],
          ),
        ),
  )
}

function shownCell(cell: Cell) {
  return cell instanceof Uint8Array ? Buffer.from(cell).toString() : cell
}

/** Runs rows or a batch of changes through the jobs. */
export async function transformed(
  setup: RouteSetup,
  schema: TableSchema,
  input: readonly Row[] | readonly Change[],
): Promise<TransformedBatch & { readonly output: TableSchema }> {
  await using transforms = await compiled(routesOf(setup), [schema])
  const isChange = typeof input[0]?.[0] === 'string' && Array.isArray(input[0][1])
  const batch = isChange
    ? changesOf(schema, input as readonly Change[])
    : batchOf(schema, input as readonly Row[])
  const result = await transforms.apply(batch)
  return { ...result, output: transforms.outputOf(schema) }
}
