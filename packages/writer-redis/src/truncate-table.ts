import { PluginError, type CallOptions, type Logger } from '@millrace/core/plugin'
import type { Guard } from './checkpoint/guard.ts'
import { scanError } from './connection/server-errors.ts'
import type { EncodedBatch } from './encode/compile-encoder.ts'
import type { KeyPattern } from './output/default-key.ts'
import { BatchRequest } from './pipeline/batch-request.ts'
import type { CommandPipeline } from './pipeline/command-pipeline.ts'
import { pause } from './pipeline/pause.ts'
import { removeKeys } from './pipeline/remove-keys.ts'
import { RetryClock } from './pipeline/retry-clock.ts'
import { encodeCommand } from './resp/bulk-connection.ts'
import { RespError } from './resp/resp-error.ts'

/** What removing the keys of a table from one server needs. */
export interface RemoveTableOptions extends CallOptions {
  readonly pipeline: CommandPipeline
  /** What has to stand in the checkpoint; each removal looks at it. */
  readonly guard: Guard | undefined
  readonly retryTimeoutMs: number
  readonly target: string
  readonly logger: Logger
}

/** Removes the keys that a pattern matches, as the run that has the fence; faults that pass are waited out. Gives bytes sent. */
export async function removeMatching(
  pattern: KeyPattern,
  { pipeline, guard, signal, ...options }: RemoveTableOptions,
): Promise<number> {
  const clock = new RetryClock(options)
  let bytesWritten = 0
  const removed = await removeKeys(pattern, {
    scan: async (command) => {
      signal.throwIfAborted()
      try {
        const [reply = null] = await pipeline.call([command], signal)
        if (reply instanceof RespError) throw scanError(reply, options.target)
        clock.reset()
        return reply
      } catch (error) {
        signal.throwIfAborted()
        if (PluginError.isInstance(error) && !error.isRetryable) throw error
        await pause(clock.nextPauseMs(error), signal)
        return undefined
      }
    },
    remove: async (keys) => {
      const encoded = unlinkOf(keys)
      bytesWritten += encoded.byteLength
      await pipeline.submit(
        new BatchRequest({
          batch: {
            schema: { table: '', version: 0, fields: [], key: [] },
            rows: [[]],
            byteSize: 0,
          },
          encoder: { encode: () => encoded, keyOf: () => '' },
          encoded,
          isTransaction: false,
          ...(guard && { guard: { ...guard, progress: undefined } }),
        }),
        signal,
      )
    },
  })
  options.logger.info(`removed ${removed} keys of a table that the source has emptied`)
  return bytesWritten
}

function unlinkOf(keys: readonly Uint8Array[]): EncodedBatch {
  const payload = encodeCommand(['UNLINK', ...keys])
  return {
    payload,
    byteLength: payload.reduce((sum, part) => sum + part.byteLength, 0),
    rows: [0],
    writeCount: 1,
    rejected: [],
    release() {},
  }
}
