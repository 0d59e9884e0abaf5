import type { DataSourceReference } from '@millrace/core/plugin'
import type { JsonValue, TableSchema } from '@millrace/core/record'
import { namedFormOf, type DocumentColumn } from '../types/column-form.ts'
import type { JsonForm } from '../types/json-writer.ts'
import { mongodbParameters, type MongodbParameters } from './mongodb-parameters.ts'
import {
  pipelineConfigOf,
  pipelineIdentity,
  pipelineKeysOf,
  type PipelineConfig,
} from './pipeline-config.ts'
import { unclearDigits, type UnclearDigits } from './unclear-digits.ts'

/** A column as the job has it. */
export interface WrittenColumn {
  readonly name: string
  /** Absent: the value decides. */
  readonly typeName?: string
  readonly splitter?: string
}

/** A collection that the job reads. */
export interface WrittenCollection {
  /** Absent: the database of the data source. */
  readonly database?: string
  /** Empty when the job names none. */
  readonly name: string
  readonly columns: readonly DocumentColumn[]
}

/** The parameters in the form the reader works with, whichever dialect they were written in. */
export interface MongodbConfig {
  readonly reference: DataSourceReference
  readonly collection: WrittenCollection
  /** The columns of `collection` as the job has them, for messages. */
  readonly written: readonly WrittenColumn[]
  /** As written, not yet parsed; absent: every document. */
  readonly query?: string
  /** An index by its keys, or by its name; as written. */
  readonly hint?: string
  /** Of `query`, where it was written as an object. */
  readonly unclear: readonly UnclearDigits[]
  /** Absent: as many documents as make a good reply. */
  readonly batchSize?: number
  /** Absent: the server's own. */
  readonly cursorTimeoutMs?: number
  readonly splitFactor: number
  readonly json: JsonForm
  /** As written. */
  readonly objectIdOutputType?: string
  readonly wantsSnapshot: boolean
  /** Present where the job reads whole documents of several collections; then nothing else of it counts. */
  readonly pipeline?: PipelineConfig
  /** Parameters of whole documents, where the job reads columns of one collection. */
  readonly strayKeys: readonly string[]
}

/** The parameters of the step turned into the form the reader works with. Never fails: `validate` says what is missing. */
export const mongodbConfig = mongodbParameters.transform((parameters): MongodbConfig => {
  const { collectionName, column, objectIdOutputType, cursorTimeoutInMs } = parameters
  const written = (column ?? []).map(writtenColumn)
  const query = documentText(parameters.query)
  const hint = documentText(parameters.hint)
  const pipeline = pipelineConfigOf(parameters)
  return {
    reference: referenceOf(parameters),
    collection: { name: collectionName?.trim() ?? '', columns: documentColumns(written) },
    written,
    ...(query === undefined ? {} : { query }),
    ...(hint === undefined ? {} : { hint }),
    unclear: typeof parameters.query === 'string' ? [] : unclearDigits(parameters.query, ['query']),
    ...(parameters.batchSize === undefined ? {} : { batchSize: parameters.batchSize }),
    ...(cursorTimeoutInMs === undefined ? {} : { cursorTimeoutMs: cursorTimeoutInMs }),
    splitFactor: parameters.splitFactor ?? 1,
    json: {
      style: parameters.jsonFormat ?? 'relaxed',
      printsNulls: parameters.enableJsonPrintNull ?? true,
    },
    ...(objectIdOutputType === undefined ? {} : { objectIdOutputType: objectIdOutputType.trim() }),
    wantsSnapshot: parameters.snapshot ?? true,
    ...(pipeline === undefined ? {} : { pipeline }),
    strayKeys: pipeline === undefined ? pipelineKeysOf(parameters) : [],
  }
})

/** Extended JSON may stand in a job file as what it is, too. */
function documentText(value: MongodbParameters['query']): string | undefined {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? '')
  return text.trim() === '' ? undefined : text.trim()
}

function writtenColumn(column: NonNullable<MongodbParameters['column']>[number]): WrittenColumn {
  if (typeof column === 'string') return { name: column.trim() }
  const splitter = column.splitter ?? column.spliter ?? undefined
  return {
    name: column.name.trim(),
    ...(column.type === undefined ? {} : { typeName: column.type.trim() }),
    ...(splitter === undefined ? {} : { splitter }),
  }
}

/** A type that is not known is reported by `validate`, and read as none. */
function documentColumns(written: readonly WrittenColumn[]): readonly DocumentColumn[] {
  const forms = written.map(({ typeName = '' }) => namedFormOf(typeName) ?? namedFormOf(''))
  const named = written.filter((_, index) => forms[index]?.form !== 'document')
  return written.map(({ name, typeName, splitter }, index): DocumentColumn => {
    const { type, form } = forms[index] ?? { type: 'string', form: 'text' }
    return {
      name,
      type,
      form,
      nativeType: typeName?.toLowerCase() ?? 'any',
      ...(splitter === undefined ? {} : { splitter }),
      ...(form === 'document' ? { leftOut: named.map((column) => column.name) } : {}),
    }
  })
}

function referenceOf(parameters: MongodbParameters): DataSourceReference {
  const { datasource, address = [] } = parameters
  if (datasource !== undefined || address.length === 0) {
    return {
      path: ['datasource'],
      ...(datasource === undefined ? {} : { name: datasource.trim() }),
    }
  }
  const fields = {
    username: parameters.userName ?? parameters.username,
    password: parameters.userPassword ?? parameters.password ?? undefined,
    database: parameters.dbName ?? parameters.database,
    authDb: parameters.authDb,
  }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return {
    path: ['address'],
    inline: { type: 'mongodb', address, ...Object.fromEntries(given) },
  }
}

/** The names of the columns, for `ReaderPlugin.columnNames`. */
export function mongodbColumnNames({ collection }: MongodbConfig): readonly string[] | undefined {
  return collection.columns.length === 0 ? undefined : collection.columns.map(({ name }) => name)
}

/** What of the configuration decides which rows come, for `ReaderPlugin.identity`. */
export function mongodbIdentity(
  config: MongodbConfig,
  table?: Pick<TableSchema, 'table' | 'namespace'>,
): JsonValue {
  if (config.pipeline !== undefined) return pipelineIdentity(config.pipeline, table)
  const { collection, written, query, json, objectIdOutputType } = config
  return {
    collectionName: collection.name,
    column: written.map(({ name, typeName, splitter }) => [
      name,
      typeName?.toLowerCase() ?? null,
      splitter ?? null,
    ]),
    query: query ?? null,
    json: [json.style, json.printsNulls],
    objectIdOutputType: objectIdOutputType ?? null,
  }
}
