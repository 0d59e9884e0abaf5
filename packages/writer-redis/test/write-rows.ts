import type {
  DataSource,
  Logger,
  RejectedRow,
  WriteResult,
  WriterSession,
} from '@millrace/core/plugin'
import type { LogicalType, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import { redisWriter } from '../src/index.ts'

/** Collects what the writer says. */
export class TestLogger implements Logger {
  readonly lines: string[] = []
  debug(): void {}
  info(message: string): void {
    this.lines.push(message)
  }
  warn(message: string): void {
    this.lines.push(message)
  }
}

/** Opens a writer as the runtime would. */
export async function openWriter(
  parameters: Record<string, unknown>,
  dataSource: Partial<DataSource>,
  options: {
    readonly logger?: Logger
    readonly timeZone?: string
    readonly job?: string
    readonly follows?: boolean
  } = {},
): Promise<WriterSession> {
  const validated = await redisWriter.config['~standard'].validate({
    datasource: 'r',
    keyIndexes: 0,
    ...parameters,
  })
  if (validated.issues !== undefined) throw new Error(JSON.stringify(validated.issues))
  return await redisWriter.open(
    validated.value,
    {
      step: 'Writer',
      logger: options.logger ?? new TestLogger(),
      timeZone: options.timeZone ?? 'Asia/Shanghai',
      concurrency: 1,
      ...(options.job === undefined ? {} : { job: options.job }),
      ...(options.follows === undefined ? {} : { follows: options.follows }),
      dataSources: [{ name: 'r', type: 'redis', hosts: [], properties: {}, ...dataSource }],
    },
    { signal: new AbortController().signal },
  )
}

/** A schema of columns named `c0`, `c1`, … of the given types. */
export function schemaOf(types: readonly LogicalType[]): TableSchema {
  return {
    table: 't',
    version: 1,
    key: [],
    fields: types.map((type, at) => ({ name: `c${at}`, type, nullable: true, nativeType: type })),
  }
}

let sequence = 0

/** Writes one batch; `admitted` are the rows rejected before sending. */
export async function writeBatch(
  session: WriterSession,
  batch: RecordBatch,
  signal: AbortSignal = new AbortController().signal,
): Promise<WriteResult & { readonly admitted: readonly RejectedRow[] }> {
  let admitted: readonly RejectedRow[] = []
  sequence += 1
  const result = await session.write(batch, {
    signal,
    progress: { split: 's', sequence, fence: 'f' },
    admit: (rejected) => {
      admitted = rejected
      return true
    },
  })
  return { ...result, admitted }
}

/** A batch of rows of text columns. */
export function textBatch(
  rows: Row[],
  schema = schemaOf(rows[0]?.map(() => 'string') ?? []),
): RecordBatch {
  return { schema, rows, byteSize: 0 }
}

/** Opens, checks, writes one batch and closes. */
export async function writeRows(
  parameters: Record<string, unknown>,
  dataSource: Partial<DataSource>,
  rows: Row[],
  options: { readonly logger?: Logger; readonly types?: readonly LogicalType[] } = {},
) {
  await using session = await openWriter(parameters, dataSource, options)
  const batch = textBatch(rows, options.types === undefined ? undefined : schemaOf(options.types))
  const findings = await session.check([batch.schema], { signal: new AbortController().signal })
  const result = await writeBatch(session, batch)
  const dirty = [...result.admitted, ...result.rejected].map(
    ({ row, error }) => `${row} ${error.code}`,
  )
  return { ...result, findings, dirty }
}
