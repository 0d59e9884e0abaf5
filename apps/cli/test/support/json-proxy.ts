import { Redis } from 'ioredis'
import { JsonServer } from '../../../../packages/writer-redis/test/json-server.ts'
import type { Contents } from './change-contents.ts'
import type { RedisTarget } from './redis-test.ts'
import { CommandReader, startProxy, type RespProxy } from './resp-proxy.ts'

/** What keys of documents begin with behind the proxy, where it is told nothing else. */
export const jsonPrefix = 'json:'
/** The list of commands about documents. */
const recordKey = 'json-commands'

const recordScript = `redis.call('RPUSH',KEYS[1],cjson.encode(ARGV))
if ARGV[1]=='DEL' or ARGV[1]=='JSON.DEL' then return 1 end
return redis.status_reply('OK')`
const typeScript = "return redis.status_reply('ReJSON-RL')"

/**
 * A proxy in front of a Redis without RedisJSON. Commands about keys that begin with `prefix` become elements of a list, in the
 * transactions in which they were sent; everything else is the server's own.
 */
export async function startJsonProxy(serverPort: number, prefix = jsonPrefix): Promise<RespProxy> {
  return await startProxy(serverPort, () => {
    const reader = new CommandReader()
    return {
      fromClient(bytes, _, server) {
        for (const command of reader.feed(bytes)) server.write(recorded(command, prefix))
      },
    }
  })
}

/** The target as pipelines are to see it. */
export function throughProxy(target: RedisTarget, { port }: RespProxy): RedisTarget {
  return { ...target, url: target.url.replace(/:\d+\//, `:${port}/`) }
}

/** The command as the server takes it. */
function recorded(
  { name, bytes }: { readonly name: string; readonly bytes: Buffer },
  prefix: string,
): Buffer {
  if (!name.startsWith('JSON.') && name !== 'DEL' && name !== 'TYPE') return bytes
  // Latin-1 keeps every byte.
  const [, ...parts] = argumentsOf(bytes.toString('latin1'))
  const [key] = parts
  // How a server is asked whether it has the command.
  if (key === undefined) return commandOf(['SET'])
  if (!key.startsWith(prefix)) return bytes
  if (name === 'TYPE') return commandOf(['EVAL', typeScript, '1', key])
  return commandOf(['EVAL', recordScript, '1', recordKey, name, ...parts])
}

function argumentsOf(command: string): string[] {
  const found: string[] = []
  let at = command.indexOf('\r\n') + 2
  while (at < command.length) {
    const begin = command.indexOf('\r\n', at) + 2
    const end = begin + Number(command.slice(at + 1, begin - 2))
    found.push(command.slice(begin, end))
    at = end + 2
  }
  return found
}

function commandOf(parts: readonly string[]): Buffer {
  const bulks = parts.map((part) => `$${part.length}\r\n${part}\r\n`)
  return Buffer.from(`*${parts.length}\r\n${bulks.join('')}`, 'latin1')
}

/** The commands about documents, in their order. */
export async function jsonCommands(client: Redis): Promise<readonly string[][]> {
  const lines = await client.lrange(recordKey, 0, -1)
  return lines.map((line) => JSON.parse(line) as string[])
}

/** Contents with the documents that the recorded commands make in the place of those, in the form of `documentContent`. */
export async function withDocuments(contents: Contents, client: Redis): Promise<Contents> {
  const commands = await jsonCommands(client)
  await using server = new JsonServer()
  const sender = new Redis({ port: await server.listen(), enableReadyCheck: false })
  try {
    const pipeline = sender.pipeline()
    for (const [name = '', ...parts] of commands) pipeline.call(name, ...parts)
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
  } finally {
    sender.disconnect()
  }
  const all = new Map(contents)
  all.delete(recordKey)
  for (const key of new Set(commands.map(([, name = '']) => name))) {
    const document = server.document(key)
    if (document !== undefined) all.set(key, documentContent(document))
  }
  return all
}

/** A document from JSON text in the form of `Contents`; its members in order, since Redis has them in that of columns. */
export function documentContent(text: string): string {
  const members = Object.entries(JSON.parse(text) as object)
  return `json ${JSON.stringify(members.sort(([one], [other]) => (one < other ? -1 : 1)))}`
}
