import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DialectContext, DialectStep } from '@millrace/core/dialect'
import { redisWriter } from '@millrace/writer-redis'
import { expect, it } from 'vitest'
import { tryJob } from '../src/trial/try-job.ts'
import { pipelineFolder } from '../test-data/pipeline-folder.ts'
import { AcceptanceRedis } from './acceptance-redis.ts'

const place = new AcceptanceRedis()
const logger = { debug() {}, info() {}, warn() {} }
const { signal } = new AbortController()

async function openWriter({ name, parameter, dataSources }: DialectStep) {
  const parsed = await redisWriter.config['~standard'].validate(parameter)
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues))
  const sources = [...dataSources.values()]
  const context = { step: name, logger, timeZone: 'UTC', concurrency: 1, dataSources: sources }
  return await redisWriter.open(parsed.value, context, { signal })
}

/** What a job makes of one row: commands, and reasons of dirty rows. */
async function trial(job: string, config?: string, environment: Record<string, string> = {}) {
  const folder = await pipelineFolder({})
  const file = path.join(folder, 'jobs', 'bill.yaml')
  await mkdir(path.dirname(file))
  await writeFile(file, job)
  if (config !== undefined) await writeFile(path.join(folder, 'config.yaml'), config)
  const context: DialectContext = {
    environment,
    logger,
    signal,
    plan: () => Promise.reject(new Error('nothing is planned here')),
    openWriter,
  }
  const { output, dirty } = await tryJob(file, [{ id: 7, ok: true }], context)
  const commands = output.flatMap((one) => one.commands)
  return [
    ...commands.map((command) => command.map((part) => String(part)).join(' ')),
    ...dirty.map(({ message }) => message),
  ]
}

const configFor = (lines: string) => `sources:
  shop:
    connection: {type: mysql, host: h, database: shop, user: u, password: "\${SOURCE_DB_PASSWORD}"}
targets:
  target:
    connection: {type: redis, host: 127.0.0.1, port: ${place.client.options.port}}
  secret:
    connection: {type: redis, host: 127.0.0.1, port: 1, password: "\${TARGET_DB_PASSWORD}"}
${lines}`

const plain = 'source: {table: bill}\n'
const lookup = (connection: string) => `source: {server_name: shop, table: bill}
transform:
  - uses: redis.lookup
    with: {connection: ${connection}, cmd: GET, args: ["\`name\`"], language: jmespath, field: name}
`

it('a job is tried with the config.yaml of its pipeline', async () => {
  expect(await trial(plain)).toEqual(['HSET bill:id:7 id 7 ok 1'])
  const json = 'processors: {target_data_type: json}'
  expect(await trial(plain, configFor(json))).toEqual(['JSON.SET bill:id:7 $ {"id":7,"ok":true}'])
  const wrong = configFor('processors: {target_data_type: jsno}')
  await expect(trial(plain, wrong)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/config\.yaml:9:\d+: .*jsno/),
  })
  const elsewhere = `${plain}output: [{uses: redis.write, with: {connection: targte}}]\n`
  await expect(trial(elsewhere, configFor(''))).rejects.toThrow(/targte.*Did you mean "target"/)
})

it('lookups ask the target that config.yaml names, and none that is not known', async () => {
  await place.client.set('name', 'Ida')
  expect(await trial(lookup('target'), configFor(''))).toEqual([
    'HSET bill:id:7 id 7 ok 1 name Ida',
  ])
  await expect(trial(lookup('target'))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('there is no config.yaml beside the folder "jobs"'),
  })
  await expect(trial(lookup('secret'), configFor(''))).rejects.toThrow(
    /"secret", which a lookup asks, is not known: .*TARGET_DB_PASSWORD is not set/,
  )
  const set = { TARGET_DB_PASSWORD: 'x' }
  await expect(trial(lookup('secret'), configFor(''), set)).rejects.toMatchObject({
    code: 'TARGET_UNREACHABLE',
  })
})
