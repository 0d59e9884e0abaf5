import {
  PluginError,
  type CallOptions,
  type Checkpoint,
  type Finding,
  type PluginContext,
  type PreviewCommand,
  type RejectedRow,
  type WriteOptions,
  type WriteProgress,
  type WriteResult,
  type WriterSession,
} from '@millrace/core/plugin'
import { rowCountOf, type RecordBatch, type TableSchema } from '@millrace/core/record'
import { checkpointKey, type Guard } from './checkpoint/guard.ts'
import { probeTransactions } from './checkpoint/probe-transactions.ts'
import { clientNameOf, RedisCheckpoint } from './checkpoint/redis-checkpoint.ts'
import { isIdempotent, type RedisWriterConfig } from './config/writer-config.ts'
import { aclRule } from './connection/acl-rule.ts'
import { ClusterTarget } from './cluster/cluster-target.ts'
import { checkTarget } from './connection/check-target.ts'
import { targetText, type RedisConnectionOptions } from './connection/connection-options.ts'
import { lookAtFirstKeys } from './connection/first-keys.ts'
import { columnFindings } from './encode/column-findings.ts'
import { BatchEncoder, type EncodedBatch } from './encode/compile-encoder.ts'
import { BatchRequest } from './pipeline/batch-request.ts'
import { CommandPipeline } from './pipeline/command-pipeline.ts'
import { failpoint } from './pipeline/failpoint.ts'
import { previewCommands } from './preview-commands.ts'

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
  readonly encoder: BatchEncoder
  readonly encoded: EncodedBatch
}

const maxBatchBytes = 1024 * 1024
/** Encoders kept at the same time: sources with several tables have several schemas. */
const maxEncoders = 64

/** The open Redis writer: encodes batches and sends them over connections that all splits share, one per master. */
export class RedisWriteSession implements WriterSession {
  readonly limits: WriterSession['limits']
  readonly #config: RedisWriterConfig
  readonly #connection: RedisConnectionOptions
  readonly #context: PluginContext
  readonly #pipeline: CommandPipeline
  /** Instead of the pipeline, where the target is a cluster. */
  readonly #cluster: ClusterTarget | undefined
  readonly #encoders = new Map<TableSchema, BatchEncoder>()
  #delimiterHits = 0
  #checkpoint: RedisCheckpoint | undefined
  #clientName = 'millrace'
  #firstKeys: Promise<boolean> | undefined
  #haveKeysBeenSeen = false
  #hasTransactions = true

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
    this.#pipeline = new CommandPipeline(options)
    this.#cluster = connection.cluster === undefined ? undefined : new ClusterTarget(options)
    this.limits = {
      maxRows: config.batchSize,
      maxBytes: maxBatchBytes,
      // Many channels keep the connection busy with fewer batches each.
      maxInFlight: context.concurrency > 4 ? 2 : 4,
    }
  }

  async check(schema: TableSchema, options: CallOptions): Promise<readonly Finding[]> {
    const findings = this.#columnFindings(schema)
    if (findings.some((finding) => finding.severity === 'error')) return findings
    const { signal } = options
    const found = await (this.#cluster === undefined
      ? checkTarget(this.#config, this.#connection, signal)
      : this.#cluster.check(signal))
    return [...findings, ...found]
  }

  async write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    options.signal.throwIfAborted()
    const encoder = this.#encoderOf(batch.schema)
    const encoded = encoder.encode(batch)
    if (!options.admit(encoded.rejected))
      return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    await this.#lookAtKeys(batch, encoder, encoded, options.signal)
    const validCount = rowCountOf(batch) - encoded.rejected.length
    // A batch without rows still takes its split a step further.
    if (validCount === 0 && options.progress.record === undefined)
      return { sent: true, written: 0, rejected: [], bytesWritten: 0 }
    const guard = this.#guardOf(options.progress)
    const rejected = await this.#send({ batch, encoder, encoded }, guard, options)
    return {
      sent: true,
      written: validCount - rejected.length,
      rejected,
      bytesWritten: options.progress.isApplied === true ? 0 : encoded.byteLength,
    }
  }

  /** Before the first batch goes out; batches that come meanwhile wait, in order. */
  async #lookAtKeys(
    batch: RecordBatch,
    encoder: BatchEncoder,
    { rows }: EncodedBatch,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#haveKeysBeenSeen) return
    this.#firstKeys ??= lookAtFirstKeys(
      [...new Set(rows)].map((row) => encoder.keyOf(batch.rows[row] ?? [])),
      {
        config: this.#config,
        connection: this.#connection,
        clientName: this.#clientName,
        logger: this.#context.logger,
        signal,
      },
    )
    if (await this.#firstKeys) this.#pipeline.noteReachable()
    this.#haveKeysBeenSeen = true
  }

  async #send(
    { batch, encoder, encoded }: EncodedRows,
    guard: Guard | undefined,
    { progress, signal }: WriteOptions,
  ): Promise<readonly RejectedRow[]> {
    const isApplied = progress.isApplied ?? false
    await failpoint('after-encode')
    if (this.#cluster !== undefined)
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

  preview(batch: RecordBatch): {
    readonly commands: readonly PreviewCommand[]
    readonly rejected: readonly RejectedRow[]
  } {
    const { payload, rejected } = this.#encoderOf(batch.schema).encode(batch)
    return { commands: previewCommands(payload), rejected }
  }

  async checkpoint(job: string, { signal }: CallOptions): Promise<Checkpoint | undefined> {
    signal.throwIfAborted()
    if (this.#cluster === undefined && !(await this.#probe(job, signal))) return undefined
    this.#checkpoint ??= new RedisCheckpoint({
      job,
      connection: this.#connection,
      retryTimeoutMs: this.#config.retryTimeoutMs,
      logger: this.#context.logger,
      onRewound: () => this.#pipeline.reconnect(),
      ...(this.#cluster === undefined ? {} : { reach: this.#cluster.reach }),
      onAcquired: (run) => {
        this.#clientName = clientNameOf(run)
      },
      submit: async (guard, signal) => {
        if (this.#cluster === undefined)
          await this.#pipeline.submit(new BatchRequest({ ...nothing, guard }), signal)
        else await this.#cluster.keep(guard, signal)
      },
    })
    return this.#checkpoint
  }

  /** Whether the server, or the proxy before it, can keep a checkpoint. */
  async #probe(job: string, signal: AbortSignal): Promise<boolean> {
    const { hasTransactions, hasCheckpoint } = await probeTransactions({
      connection: this.#connection,
      target: targetText(this.#connection),
      key: checkpointKey(job),
      logger: this.#context.logger,
      signal,
    })
    this.#hasTransactions = hasTransactions
    return hasCheckpoint
  }

  requiredPermissions(job: string): string {
    return aclRule(this.#config, this.#connection, job)
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
    for (const encoder of this.#encoders.values()) this.#delimiterHits += encoder.delimiterHits
    this.#encoders.clear()
    const { overwrittenKeys } = this.#pipeline
    if (overwrittenKeys > 0) {
      this.#context.logger.warn(
        `${overwrittenKeys} keys held a value of another type and were overwritten`,
      )
    }
    if (this.#delimiterHits > 0) {
      this.#context.logger.warn(
        `${this.#delimiterHits} columns that were joined hold the delimiter in their data: keys or values made of them are ambiguous (strictDelimiter makes such rows dirty)`,
      )
    }
    this.#delimiterHits = 0
  }

  #encoderOf(schema: TableSchema): BatchEncoder {
    const known = this.#encoders.get(schema)
    if (known !== undefined) return known
    const failed = this.#columnFindings(schema).find((finding) => finding.severity === 'error')
    if (failed !== undefined) {
      throw new PluginError({
        code: 'CONFIG_INVALID',
        message: `${failed.path.join('.')}: ${failed.message}`,
        ...(failed.hint === undefined ? {} : { hint: failed.hint }),
      })
    }
    if (this.#encoders.size >= maxEncoders) this.#forgetOldest()
    const encoder = new BatchEncoder(this.#config, schema, { timeZone: this.#context.timeZone })
    this.#encoders.set(schema, encoder)
    return encoder
  }

  #forgetOldest(): void {
    for (const [schema, encoder] of this.#encoders) {
      this.#delimiterHits += encoder.delimiterHits
      this.#encoders.delete(schema)
      return
    }
  }

  #columnFindings(schema: TableSchema): readonly Finding[] {
    return columnFindings(
      this.#config,
      schema.fields.map((field) => field.name),
    )
  }
}
