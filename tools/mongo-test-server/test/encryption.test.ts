import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { expect, it, onTestFinished } from 'vitest'
import { startMongoTestServer } from '../src/index.ts'

/** @returns a certificate of 127.0.0.1 that vouches for itself, and its key, both PEM */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mongo-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=x']
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { file: cert, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

it('speaks TLS', async () => {
  const { file, cert, key } = certificate()
  await using server = await startMongoTestServer({ tls: { cert, key } })
  await using client = new MongoClient(server.url, { tlsCAFile: file })
  await client.db('shop').collection('items').insertOne({ name: 'x' })
  expect(await client.db('shop').collection('items').countDocuments()).toBe(1)
  await using stranger = new MongoClient(server.url, { serverSelectionTimeoutMS: 500 })
  await expect(stranger.connect()).rejects.toThrow(/self-signed/)
})
