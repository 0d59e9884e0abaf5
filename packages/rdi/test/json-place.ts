import { Redis } from 'ioredis'
import { JsonServer } from '../../writer-redis/test/json-server.ts'
import type { PipelineTarget } from './pipeline-run.ts'

/** Where documents are written to and read from. */
export interface JsonPlace extends AsyncDisposable {
  readonly target: PipelineTarget
  /** Present where commands are recorded. */
  readonly server?: JsonServer
  /** Writes a document as it was before. */
  put(key: string, document: unknown): Promise<void>
  /** `undefined`: there is none. */
  document(key: string): Promise<unknown>
}

/** A server that records commands and keeps documents, but nothing that a checkpoint could be made of. */
export async function recordedPlace(): Promise<JsonPlace & { readonly server: JsonServer }> {
  const server = new JsonServer()
  for (const name of ['WATCH', 'MULTI']) server.unknown.add(name)
  const port = await server.listen()
  const target = { host: '127.0.0.1', port }
  const client = new Redis({ port, enableReadyCheck: false })
  return {
    target,
    server,
    put: async (key, document) => {
      await client.call('JSON.SET', key, '$', JSON.stringify(document))
      server.commands.length = 0
    },
    document: async (key) => {
      const text = server.document(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A real RedisJSON; keys that hold `mark` are removed in the end. */
export async function realPlace(href: string, mark: string): Promise<JsonPlace> {
  const url = new URL(href)
  const client = new Redis(href)
  return {
    target: {
      host: url.hostname,
      port: Number(url.port || 6379),
      ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
      ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    },
    put: async (key, document) => {
      await client.call('JSON.SET', key, '$', JSON.stringify(document))
    },
    document: async (key) => {
      const text = await client.call('JSON.GET', key)
      return typeof text === 'string' ? JSON.parse(text) : undefined
    },
    [Symbol.asyncDispose]: async () => {
      const keys = await client.keys(`*${mark}*`)
      if (keys.length > 0) await client.del(...keys)
      client.disconnect()
    },
  }
}
