import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { expect, it, onTestFinished } from 'vitest'

const command = fileURLToPath(new URL('../bin/mongo-test-server.mjs', import.meta.url))

it('runs in a process of its own, and ends when it is told to', async () => {
  const child = spawn(process.execPath, [command, '--user', 'root:secret'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  const { url, port } = JSON.parse(String(line)) as { url: string; port: number }
  expect(url).toContain(`:${port}/`)
  const client = new MongoClient(url, { auth: { username: 'root', password: 'secret' } })
  onTestFinished(() => client.close())
  await client.db('shop').collection('items').insertOne({ name: 'x' })
  expect(await client.db('shop').collection('items').countDocuments()).toBe(1)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
