import type {
  CallOptions,
  Checkpoint,
  Finding,
  PluginContext,
  PreviewCommand,
  RejectedRow,
  TruncateOptions,
  WriteOptions,
  WriteProgress,
  WriteResult,
  WriterSession,
} from '@millrace/core/plugin'
import {
  qualifiedName,
  rowCountOf,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import { checkpointKey, type Guard } from './checkpoint/guard.ts'
import { probeTransactions } from './checkpoint/probe-transactions.ts'
import { clientNameOf } from './checkpoint/checkpoint-calls.ts'
import { RedisCheckpoint } from './checkpoint/redis-checkpoint.ts'
import {
  hasExpiryCommands,
  isIdempotent,
  redisTypeOf,
  type RedisWriterConfig,
} from './config/writer-config.ts'
import { deadLetterCommand } from './dead-letters.ts'
import { classifyError, fatalError, retryable, unreachable } from './connection/server-errors.ts'
import type { RespReply } from './resp/reply-parser.ts'
import { RespError } from './resp/resp-error.ts'
import { aclRule } from './connection/acl-rule.ts'
import { ClusterTarget } from './cluster/cluster-target.ts'
import { checkTarget } from './connection/check-target.ts'
import { targetText, type RedisConnectionOptions } from './connection/connection-options.ts'
import { FirstKeys } from './connection/first-keys.ts'
import type { EncodedBatch } from './encode/compile-encoder.ts'
import { EncoderCache } from './encoder-cache.ts'
import type { KeyTarget, RowEncoder } from './output/output-target.ts'
import { constantHashTag } from './encode/hash-tag.ts'
import { BatchRequest } from './pipeline/batch-request.ts'
import { CommandPipeline } from './pipeline/command-pipeline.ts'
import { failpoint } from './pipeline/failpoint.ts'
import { emptiedKeys } from './output/emptied-keys.ts'
import { keyGlobs } from './output/key-globs.ts'
import { keyTexts } from './output/key-texts.ts'
import { sharedKeyFindings } from './output/shared-keys.ts'
import { previewCommands } from './preview-commands.ts'
import { removeMatching } from './truncate-table.ts'

const noCommands: EncodedBatch = {
  payload: [],
  byteLength: 0,
  rows: [],
  writeCount: 0,
  rejected: [],
  release() {},
}

/** A batch without rows, for what goes into the checkpoint alone. */
const nothing = {
  batch: { schema: { table: '', version: 0, fields: [], key: [] }, rows: [], byteSize: 0 },
  encoder: { encode: () => noCommands, keyOf: () => '' },
  encoded: noCommands,
  isTransaction: false,
}

/** A batch with what it becomes. */
interface EncodedRows {
  readonly batch: RecordBatch
  readonly encoder: RowEncoder
  readonly encoded: EncodedBatch
}

/** What stood for other rows and was refused leaves those unwritten, too. */
function withReplaced(
  refused: readonly RejectedRow[],
  { replacedBy }: EncodedBatch,
): readonly RejectedRow[] {
  if (replacedBy === undefined || refused.length === 0) return refused
  const byRow = new Map(refused.map((one) => [one.row, one]))
  for (const { row, error } of refused)
    for (const replaced of replacedBy(row))
      if (!byRow.has(replaced)) byRow.set(replaced, { row: replaced, error })
  return [...byRow.values()].sort((one, other) => one.row - other.row)
}

const maxBatchBytes = 1024 * 1024

/** The open Redis writer: encodes batches and sends them over connections that all splits share, one per master. */
export class RedisWriteSession implements WriterSession {
  readonly limits: WriterSession['limits']
  readonly keepDirty?: NonNullable<WriterSession['keepDirty']>
  readonly #config: RedisWriterConfig
  readonly #connection: RedisConnectionOptions
  readonly #context: PluginContext
  readonly #pipeline: CommandPipeline
  /** Instead of the pipeline, where the target is a cluster. */
  readonly #cluster: ClusterTarget | undefined
  /** Hash tag of all keys of a cluster: they are in one slot, and the pipeline goes to its master. */
  readonly #hashTag: string | undefined
  readonly #encoders: EncoderCache
  readonly #firstKeys: FirstKeys
  /** Whose rows come, by name, as `check` was told. */
  readonly #tables = new Map<string, TableSchema>()
  #checkpoint: RedisCheckpoint | undefined
  #clientName = 'millrace'
  #hasTransactions = true
  #hasScripts = true

  constructor(
    config: RedisWriterConfig,
    connection: RedisConnectionOptions,
    context: PluginContext,
  ) {
    this.#config = config
    this.#connection = connection
    this.#context = context
    const options = {
      config,
      connection,
      logger: context.logger,
      clientName: () => this.#clientName,
    }
    const isCluster = connection.cluster !== undefined
    this.#hashTag = isCluster ? constantHashTag(config.key) : undefined
    this.#cluster = isCluster
      ? new ClusterTarget({
          ...options,
          ...(this.#hashTag === undefined ? {} : { hashTag: this.#hashTag }),
        })
      : undefined
    this.#pipeline = new CommandPipeline({
      ...options,
      connection: this.#cluster?.slotConnection ?? connection,
    })
    this.#encoders = new EncoderCache({
      config,
      timeZone: context.timeZone,
      isCluster,
      isOneSlot: this.#hashTag !== undefined,
      hasScripts: () => this.#hasScripts,
    })
    this.#firstKeys = new FirstKeys({
      config,
      logger: context.logger,
      typesOf: async (keys, signal) => await this.#typesOf(keys, signal),
    })
    const { maxDeadLetters } = config
    if (maxDeadLetters !== undefined)
      this.keepDirty = async (records, { signal }) => {
        const commands = records.map((record) => deadLetterCommand(record, maxDeadLetters))
        await this.#sendSingly(commands, signal)
      }
    this.limits = {
      maxRows: config.batchSize,
      maxBytes: maxBatchBytes,
      // Many channels keep the connection busy with fewer batches each.
      maxInFlight: context.concurrency > 4 ? 2 : 4,
    }
  }

  async check(schemas: readonly TableSchema[], options: CallOptions): Promise<readonly Finding[]> {
    for (const schema of schemas) this.#tables.set(qualifiedName(schema), schema)
    const findings = [
      ...schemas.flatMap((schema) => this.#encoders.findings(schema)),
      ...sharedKeyFindings(this.#config.outputs ?? {}, schemas),
    ]
    if (findings.some((finding) => finding.severity === 'error')) return findings
    const { signal } = options
    const { job, follows = false } = this.#context
    const needs = {
      config: this.#config,
      job,
      hashTag: this.#hashTag,
      isSpread: this.#isSpread,
      follows,
      globs: keyGlobs(this.#config, schemas),
    }
    const found = await (this.#cluster === undefined
      ? checkTarget(needs, this.#connection, signal)
      : this.#cluster.check(needs, signal))
    return [...findings, ...found]
  }

  /** The keys are in several slots of a cluster. */
  get #isSpread(): boolean {
    return this.#cluster !== undefined && this.#hashTag === undefined
  }

  async write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    options.signal.throwIfAborted()
    const encoder = this.#encoders.of(batch.schema)
    const encoded = encoder.encode(batch)
    if (!options.admit(encoded.rejected))
      return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    const targetsOf = (row: number) => this.#targetsOf(encoder, batch.rows[row] ?? [])
    await this.#firstKeys.look(encoded.rows, targetsOf, options.signal)
    options.signal.throwIfAborted()
    const validCount = rowCountOf(batch) - encoded.rejected.length
    const guard = this.#guardOf(options.progress)
    // A batch without commands still takes its split a step further.
    if (encoded.rows.length === 0 && guard === undefined)
      return { sent: true, written: validCount, rejected: [], bytesWritten: 0 }
    const refused = await this.#send({ batch, encoder, encoded }, guard, options)
    const rejected = withReplaced(refused, encoded)
    return {
      sent: true,
      written: validCount - rejected.length,
      rejected,
      bytesWritten: options.progress.isApplied === true ? 0 : encoded.byteLength,
    }
  }

  /** Types of keys, from the servers that have them. */
  async #typesOf(keys: readonly KeyTarget['key'][], signal: AbortSignal): Promise<RespReply[]> {
    const cluster = this.#hashTag === undefined ? this.#cluster : undefined
    if (cluster === undefined) {
      const commands = keys.map((key) => ['TYPE', key])
      return await this.#pipeline.look(commands, signal)
    }
    const replies = await Promise.all(
      keys.map(async (key) => await cluster.call(key, [['TYPE', key]], signal)),
    )
    return replies.flat()
  }

  #targetsOf(encoder: RowEncoder, row: Row): readonly KeyTarget[] {
    if (encoder.targetsOf !== undefined) return encoder.targetsOf(row)
    return [{ key: encoder.keyOf(row), type: redisTypeOf(this.#config.kind) }]
  }

  async #send(
    { batch, encoder, encoded }: EncodedRows,
    guard: Guard | undefined,
    { progress, signal }: WriteOptions,
  ): Promise<readonly RejectedRow[]> {
    const isApplied = progress.isApplied ?? false
    await failpoint('after-encode')
    if (this.#cluster !== undefined && this.#hashTag === undefined)
      return await this.#cluster.write(encoded, { guard, isApplied, signal })
    const request = new BatchRequest({
      batch,
      encoder,
      encoded,
      isTransaction: this.#hasTransactions && !isIdempotent(this.#config.kind),
      isApplied,
      ...(guard === undefined ? {} : { guard }),
    })
    return await this.#pipeline.submit(request, signal)
  }

  async truncate(schema: TableSchema, options: TruncateOptions): Promise<WriteResult> {
    const { signal, progress } = options
    signal.throwIfAborted()
    const { outputs: routes = {}, sharedTables = [] } = this.#config
    const target = { routes, sharedTables, tables: this.#tables.values() }
    const guard = this.#guardOf(progress)
    let bytesWritten = 0
    for (const pattern of emptiedKeys(schema, target)) {
      if (this.#cluster !== undefined && this.#hashTag === undefined) {
        await this.#cluster.removeKeys(pattern, guard, signal)
        continue
      }
      bytesWritten += await removeMatching(pattern, {
        pipeline: this.#pipeline,
        guard,
        signal,
        retryTimeoutMs: this.#config.retryTimeoutMs,
        target: targetText(this.#connection),
        logger: this.#context.logger,
      })
    }
    if (guard !== undefined && progress.isApplied !== true) await this.#keep(guard, signal)
    return { sent: true, written: 0, rejected: [], bytesWritten }
  }

  keysOf(schema: TableSchema): readonly string[] {
    return keyTexts(this.#config.outputs ?? {}, schema)
  }

  /** Sends commands that are about one key each, over the connections of the batches. */
  async #sendSingly(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
    const cluster = this.#cluster
    const replies =
      cluster === undefined
        ? await this.#pipeline.call(commands, signal)
        : await Promise.all(
            commands.map(
              async (command) => await cluster.call(command[1] ?? '', [command], signal),
            ),
          )
    for (const [at, reply] of replies.flat().entries()) {
      if (!(reply instanceof RespError)) continue
      const target = targetText(this.#connection)
      if (classifyError(reply) === 'retryable')
        throw retryable(unreachable(target, new Error(reply.message)))
      throw fatalError(reply, commands[at]?.[0] ?? '', target)
    }
  }

  /** Keeps progress without rows, behind the batches before it. */
  async #keep(guard: Guard, signal: AbortSignal): Promise<void> {
    if (this.#cluster === undefined || this.#hashTag !== undefined)
      await this.#pipeline.submit(new BatchRequest({ ...nothing, guard }), signal)
    else await this.#cluster.keep(guard, signal)
  }

  preview(batch: RecordBatch): {
    readonly commands: readonly PreviewCommand[]
    readonly rejected: readonly RejectedRow[]
  } {
    const { payload, rejected } = this.#encoders.of(batch.schema).encode(batch)
    return { commands: previewCommands(payload), rejected }
  }

  async checkpoint(job: string, { signal }: CallOptions): Promise<Checkpoint | undefined> {
    signal.throwIfAborted()
    if (this.#cluster === undefined && !(await this.#probe(job, signal))) return undefined
    this.#checkpoint ??= new RedisCheckpoint({
      job,
      ...(this.#hashTag === undefined ? {} : { hashTag: this.#hashTag }),
      connection: this.#connection,
      retryTimeoutMs: this.#config.retryTimeoutMs,
      logger: this.#context.logger,
      onRewound: () => this.#pipeline.reconnect(),
      ...(this.#cluster === undefined ? {} : { reach: this.#cluster.reachOf(job) }),
      onAcquired: (run) => {
        this.#clientName = clientNameOf(run)
      },
      submit: async (guard, signal) => await this.#keep(guard, signal),
    })
    return this.#checkpoint
  }

  /** Whether the server, or the proxy before it, can keep a checkpoint. */
  async #probe(job: string, signal: AbortSignal): Promise<boolean> {
    const { hasTransactions, hasScripts, hasCheckpoint } = await probeTransactions({
      connection: this.#connection,
      target: targetText(this.#connection),
      key: checkpointKey(job),
      logger: this.#context.logger,
      signal,
    })
    this.#hasTransactions = hasTransactions
    this.#hasScripts = hasScripts
    if (!hasScripts && hasExpiryCommands(this.#config)) {
      this.#context.logger.warn(
        'without scripts an expiry is set before it is known whether its key took the write: keys of another type that the job meets may get it',
      )
    }
    return hasCheckpoint
  }

  requiredPermissions(job: string): string {
    return aclRule(this.#config, this.#connection, job, this.#context)
  }

  #guardOf(progress: WriteProgress): Guard | undefined {
    const { split, sequence, record, isApplied = false } = progress
    if (this.#checkpoint === undefined || (record === undefined && !isApplied)) return undefined
    return this.#checkpoint.guardOf({
      split,
      expected: sequence - 1,
      sequence,
      record: record ?? null,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pipeline.close()
    this.#cluster?.close()
    this.#firstKeys.end()
    const delimiterHits = this.#encoders.clear()
    const { overwrittenKeys } = this.#pipeline
    if (overwrittenKeys > 0) {
      this.#context.logger.warn(
        `${overwrittenKeys} keys held a value of another type and were overwritten`,
      )
    }
    if (delimiterHits > 0) {
      this.#context.logger.warn(
        `${delimiterHits} columns that were joined hold the delimiter in their data: keys or values made of them are ambiguous (strictDelimiter makes such rows dirty)`,
      )
    }
  }
}
