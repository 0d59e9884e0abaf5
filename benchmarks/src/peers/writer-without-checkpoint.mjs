import { redisWriter } from '@millrace/writer-redis'

/** The Redis writer as it would be without a checkpoint: the reader need not keep an order, and batches go as they are. */
const writer = {
  ...redisWriter,
  stepType: 'redis-without-checkpoint',
  aliases: [],
  open: async (config, context, options) => {
    const session = await redisWriter.open(config, context, options)
    return {
      limits: session.limits,
      check: (schema, call) => session.check(schema, call),
      write: (batch, call) => session.write(batch, call),
      preview: (batch) => session.preview(batch),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    }
  },
}

export const plugins = [writer]
