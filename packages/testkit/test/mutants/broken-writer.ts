import type { Checkpoint, WriteOptions, WriterPlugin, WriterSession } from '@millrace/core/plugin'
import type { Changes, RecordBatch } from '@millrace/core/record'
import type { z } from 'zod'
import type { WriterHarness } from '../../src/index.ts'

/** Breaks the writer of a harness. */
export type BreakingWriter = (harness: WriterHarness) => WriterHarness

/** Changes the plugin. */
export function plugin(change: (whole: WriterPlugin) => Partial<WriterPlugin>): BreakingWriter {
  return (harness) => ({ ...harness, plugin: { ...harness.plugin, ...change(harness.plugin) } })
}

/** Replaces members of every session. */
export function session(
  replace: (whole: WriterSession, parameters: unknown) => Partial<WriterSession>,
): BreakingWriter {
  return plugin((healthy) => ({
    open: async (parameters, context, options) => {
      const whole = await healthy.open(parameters, context, options)
      return {
        limits: whole.limits,
        check: (schemas, call) => whole.check(schemas, call),
        write: (batch, call) => whole.write(batch, call),
        preview: (batch) => whole.preview(batch),
        ...(whole.truncate === undefined ? {} : { truncate: whole.truncate.bind(whole) }),
        ...(whole.checkpoint === undefined ? {} : { checkpoint: whole.checkpoint.bind(whole) }),
        [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
        ...replace(whole, parameters),
      }
    },
  }))
}

/** Replaces the way of writing. */
export function writing(
  replace: (
    whole: WriterSession,
  ) => (batch: RecordBatch, options: WriteOptions) => ReturnType<WriterSession['write']>,
): BreakingWriter {
  return session((whole) => ({ write: replace(whole) }))
}

/** Changes what is known of every batch of changes. */
export function changing(change: (changes: Changes) => Changes): BreakingWriter {
  return writing((whole) => (batch, options) => {
    const { changes } = batch
    return whole.write(changes ? { ...batch, changes: change(changes) } : batch, options)
  })
}

/** Replaces methods of every checkpoint. */
export function checkpoint(replace: (whole: Required<Checkpoint>) => object): BreakingWriter {
  return session((whole) => ({
    checkpoint: async (job, options) => {
      const found = (await whole.checkpoint?.(job, options)) as Required<Checkpoint> | undefined
      if (found === undefined) return undefined
      const { atomicity } = found
      return {
        atomicity,
        read: (call) => found.read(call),
        acquire: (owner, call) => found.acquire(owner, call),
        begin: (header, call) => found.begin(header, call),
        amend: (header, call) => found.amend(header, call),
        update: (progress, call) => found.update(progress, call),
        request: (request, call) => found.request(request, call),
        requests: (call) => found.requests(call),
        forgetRequests: (count, call) => found.forgetRequests(count, call),
        finish: (header, splits, call) => found.finish(header, splits, call),
        [Symbol.asyncDispose]: () => found[Symbol.asyncDispose](),
        ...replace(found),
      }
    },
  }))
}

/** Gives the plugin another schema. */
export function config(schema: z.ZodType): BreakingWriter {
  return plugin(() => ({ config: schema as never }))
}
