import type { ObjectId } from 'mongodb'
import { describe, expect, vi } from 'vitest'
import { makeMongoDatabase } from './support/mongo-database.ts'
import { startMongoSource } from './support/mongo-source.ts'
import { jmespath, write, pipelineFolder } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

interface Person {
  readonly _id: string | number | ObjectId
  readonly name?: string
  readonly city?: string
  readonly address?: object
  readonly age?: number
}

const peopleOf = ({ name }: { readonly name: string }) => ({ [`${name}.people`]: {} })

describe('a pipeline from MongoDB', () => {
  test('keeps hashes as the documents are', async ({ target }) => {
    await using source = await makeMongoDatabase()
    const people = source.db.collection<Person>('people')
    await people.insertMany([
      { _id: 'ada', name: 'Ada', city: 'London', address: { street: 'x', no: 1 } },
      { _id: 7, name: 'Bob', age: 40 },
    ])
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    expect(await target.client.hgetall('people:_id:ada')).toEqual({
      _id: 'ada',
      name: 'Ada',
      city: 'London',
      address: '{"street":"x","no":1}',
    })
    expect(await target.client.hgetall('people:_id:7')).toEqual({
      _id: '7',
      name: 'Bob',
      age: '40',
    })
    await people.updateOne(
      { _id: 'ada' },
      { $set: { 'address.no': 2, born: new Date(0) } as never, $unset: { city: 1 } as never },
    )
    await people.replaceOne({ _id: 7 }, { name: 'Robert' })
    await people.insertOne({ _id: 'eve', name: 'Eve' })
    await people.deleteOne({ _id: 'eve' })
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.report).toMatchObject({ guarantee: 'exactly-once', recordsDirty: 0 })
    expect(await target.client.hgetall('people:_id:ada')).toEqual({
      _id: 'ada',
      name: 'Ada',
      address: '{"street":"x","no":2}',
      born: '1970-01-01T00:00:00Z',
    })
    expect(await target.client.hgetall('people:_id:7')).toEqual({ _id: '7', name: 'Robert' })
    expect(await target.client.exists('people:_id:eve')).toBe(0)
  })

  test('writes each change once to streams, sets and strings', async ({ target }) => {
    await using source = await makeMongoDatabase()
    await source.db.createCollection('people', { changeStreamPreAndPostImages: { enabled: true } })
    const people = source.db.collection<Person>('people')
    await people.insertOne({ _id: 1, name: 'Ada', city: 'London' })
    const pipeline = pipelineFolder(target, 'mongodb', source, {
      tables: peopleOf(source),
      settings: { 'capture.mode': 'change_streams_update_full_with_pre_image' },
    })
    pipeline.job('people', {
      source: { db: source.name, table: 'people' },
      output: [
        write({ data_type: 'stream', key: jmespath('`people`'), mapping: ['_id', 'name', 'nick'] }),
        write({
          data_type: 'set',
          key: jmespath("concat(['city:', city])"),
          args: { member: '_id' },
        }),
        write({
          data_type: 'string',
          key: jmespath("concat(['name:', _id])"),
          args: { value: 'name' },
        }),
      ],
    })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    await people.updateOne({ _id: 1 }, { $set: { city: 'Paris', nick: 'A' } as never })
    await people.insertOne({ _id: 2, name: 'Bob', city: 'Paris' })
    await people.deleteOne({ _id: 1 })
    const { exitCode, stderr, report } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsDirty: 0 })
    const messages = await target.client.xrange('people', '-', '+')
    expect(messages.map(([, fields]) => fields)).toEqual([
      ['_id', '1', 'name', 'Ada', 'op_code', 'r'],
      // It was gone when the server looked for it: what is known is the document before, and what was set.
      ['_id', '1', 'name', 'Ada', 'nick', 'A', 'op_code', 'u'],
      ['_id', '2', 'name', 'Bob', 'op_code', 'c'],
      ['_id', '1', 'name', 'Ada', 'nick', 'A', 'op_code', 'd'],
    ])
    expect(await target.client.smembers('city:Paris')).toEqual(['2'])
    expect(await target.client.exists('city:London', 'name:1')).toBe(0)
    expect(await target.client.get('name:2')).toBe('Bob')
  })

  test('computes with fields that come later, and inside of others', async ({ target }) => {
    await using source = await makeMongoDatabase()
    const people = source.db.collection<Person>('people')
    await people.insertMany([
      { _id: 1, name: 'Ada', address: { city: 'London' } },
      { _id: 2, name: 'Bob' },
    ])
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    pipeline.job('people', {
      source: { table: 'people' },
      transform: [
        { uses: 'filter', with: jmespath("name != 'Eve'") },
        {
          uses: 'add_field',
          with: {
            fields: [
              { field: 'town', ...jmespath('address.city') },
              { field: 'label', language: 'sql', expression: "coalesce(nick, name) || '!'" },
            ],
          },
        },
        { uses: 'remove_field', with: { field: 'address' } },
      ],
      output: [write({ data_type: 'hash' })],
    })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    expect(await target.client.hgetall('people:_id:1')).toEqual({
      _id: '1',
      name: 'Ada',
      town: 'London',
      label: 'Ada!',
    })
    expect(await target.client.hgetall('people:_id:2')).toEqual({
      _id: '2',
      name: 'Bob',
      label: 'Bob!',
    })
    await people.updateOne({ _id: 2 }, { $set: { nick: 'B', 'address.city': 'Oslo' } as never })
    await people.insertOne({ _id: 3, name: 'Eve' })
    await people.updateOne({ _id: 1 }, { $unset: { address: 1 } as never })
    const { exitCode, stderr, report } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsDirty: 0, recordsFiltered: 1 })
    expect(await target.client.hgetall('people:_id:1')).toEqual({
      _id: '1',
      name: 'Ada',
      label: 'Ada!',
    })
    expect(await target.client.hgetall('people:_id:2')).toEqual({
      _id: '2',
      name: 'Bob',
      nick: 'B',
      town: 'Oslo',
      label: 'B!',
    })
    expect(await target.client.exists('people:_id:3')).toBe(0)
  })

  test('reads from the primary, whatever the connection prefers, and says so', async ({
    target,
  }) => {
    await using source = await startMongoSource()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada' })
    const url = `${source.url}&readPreference=secondary&readPrefernce=x`
    const pipeline = pipelineFolder(
      target,
      'mongodb',
      { ...source, url },
      {
        tables: peopleOf(source),
      },
    )
    const checked = await pipeline.folder.millrace(['check', 'p'])
    expect(checked.exitCode, checked.stdout).toBe(0)
    expect(checked.stdout).toMatch(
      /warning: sources.shop.*: readPreference secondary has no effect: documents of pipelines/,
    )
    expect(checked.stdout).toMatch(/warning: sources.shop.*: .*"readPrefernce" has no effect/)
    const { exitCode, stderr } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.hgetall('people:_id:1')).toEqual({ _id: '1', name: 'Ada' })
  })

  test('says what jobs need that changes do not give, with the command', async ({ target }) => {
    await using source = await makeMongoDatabase()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada', city: 'Oslo' })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    pipeline.job('people', {
      source: { table: 'people' },
      output: [write({ data_type: 'hash', key: jmespath("concat(['city:', city])") })],
    })
    const checked = await pipeline.folder.millrace(['check', 'p', '--connect'])
    expect(checked.exitCode, checked.stdout + checked.stderr).toBe(2)
    expect(checked.stdout + checked.stderr).toContain(
      'db.runCommand({collMod: "people", changeStreamPreAndPostImages: {enabled: true}})',
    )
    const refused = await pipeline.catchUp()
    expect(refused.exitCode, refused.stderr).toBe(2)
    expect(refused.stderr).toContain(
      'db.runCommand({collMod: "people", changeStreamPreAndPostImages: {enabled: true}})',
    )
    expect(await target.client.keys('*')).toEqual([])
    await source.db.command({ collMod: 'people', changeStreamPreAndPostImages: { enabled: true } })
    const again = await pipeline.folder.millrace(['check', 'p', '--connect'])
    expect(again.exitCode, again.stdout + again.stderr).toBe(0)
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    expect(await target.client.keys('city:*')).toEqual(['city:Oslo'])
    await source.db.collection<Person>('people').updateOne({ _id: 1 }, { $set: { city: 'Rome' } })
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    expect(await target.client.keys('city:*')).toEqual(['city:Rome'])
  })

  test('empties what a collection that was dropped has left', async ({ target }) => {
    await using source = await makeMongoDatabase()
    const people = source.db.collection<Person>('people')
    await people.insertMany([{ _id: 1 }, { _id: 2 }])
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    await people.drop()
    await people.insertOne({ _id: 3 })
    const { exitCode, stderr } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.keys('people:*')).toEqual(['people:_id:3'])
  })

  test('ends when the oplog is too short, or reads everything again', async ({ target }) => {
    await using source = await startMongoSource()
    const people = source.db.collection<Person>('people')
    await people.insertOne({ _id: 1, name: 'Ada' })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    await people.updateOne({ _id: 1 }, { $set: { name: 'Eve' } })
    source.server.control.forgetHistory()
    await people.insertOne({ _id: 2, name: 'Bob' })
    const lost = await pipeline.catchUp()
    expect(lost.exitCode, lost.stderr).toBe(4)
    expect(lost.stderr).toContain('the oplog no longer has what comes next')
    const config = pipeline.folder.read('p/config.yaml')
    pipeline.folder.write(
      'p/config.yaml',
      config.replace('millrace:', 'millrace:\n  on_lost_position: resnapshot'),
    )
    const anew = await pipeline.catchUp()
    expect(anew.exitCode, anew.stderr).toBe(0)
    expect(await target.client.hget('people:_id:1', 'name')).toBe('Eve')
    expect(await target.client.hget('people:_id:2', 'name')).toBe('Bob')
  })

  test('shows how far it is, and reads a collection again', async ({ target }) => {
    await using source = await makeMongoDatabase()
    const people = source.db.collection<Person>('people')
    await people.insertMany(Array.from({ length: 300 }, (_, at) => ({ _id: at, name: `n${at}` })))
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    const running = pipeline.follow()
    const waitOptions = { timeout: 20_000, interval: 50 }
    await vi.waitFor(async () => expect(await target.client.dbsize()).toBe(301), waitOptions)
    await target.client.unlink('people:_id:7')
    const asked = await pipeline.folder.millrace(['resync', 'p', '--table', 'people'])
    expect(asked.exitCode, asked.stderr).toBe(0)
    await vi.waitFor(
      async () => expect(await target.client.exists('people:_id:7')).toBe(1),
      waitOptions,
    )
    await people.updateOne({ _id: 8 }, { $set: { name: 'new' } })
    await vi.waitFor(
      async () => expect(await target.client.hget('people:_id:8', 'name')).toBe('new'),
      waitOptions,
    )
    const status = await pipeline.folder.millrace(['status', 'p', '--json'])
    expect(status.exitCode, status.stderr).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({
      jobs: [{ state: 'running', changes: { log: { log: 'oplog' } } }],
    })
    running.child.kill('SIGTERM')
    expect((await running.ended).exitCode).toBe(143)
  })

  test('reads once with --snapshot-only', async ({ target }) => {
    await using source = await makeMongoDatabase()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada' })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsWritten: 1, consistency: 'one-snapshot' })
    expect(await target.client.hgetall('people:_id:1')).toEqual({ _id: '1', name: 'Ada' })
  })

  test('takes up a collection that it gets later', async ({ target }) => {
    await using source = await makeMongoDatabase()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada' })
    await source.db.collection<Person>('notes').insertOne({ _id: 1, name: 'first' })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: peopleOf(source) })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    await source.db.collection<Person>('people').insertOne({ _id: 2, name: 'Bob' })
    const config = pipeline.folder.read('p/config.yaml')
    pipeline.folder.write('p/config.yaml', config.replace(/(.*)\.people: \{\}/, '$&\n$1.notes: {}'))
    const taken = await pipeline.catchUp()
    expect(taken.exitCode, taken.stderr).toBe(0)
    await source.db.collection<Person>('notes').insertOne({ _id: 2, name: 'second' })
    const { exitCode, stderr } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect((await target.client.keys('*:_id:*')).sort()).toEqual([
      'notes:_id:1',
      'notes:_id:2',
      'people:_id:1',
      'people:_id:2',
    ])
  })

  test('is begun by init, and shown by preview', async ({ target }) => {
    await using source = await makeMongoDatabase()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada' })
    const folder = target.folder()
    const url = source.url.replace('/?', `/${source.name}?`)
    const begun = await folder.millrace(['init', '--db', 'mongodb', url, '--dir', 'new'])
    expect(begun.exitCode, begun.stderr).toBe(0)
    const config = folder.read('new/config.yaml')
    expect(config).toContain(`connection_string: ${url}`)
    expect(config).toContain('# fields seen: _id (key), name')
    const { port } = new URL(target.url)
    folder.write(
      'new/config.yaml',
      config.replace('port: 6379', `port: ${port}`).replace(/ +user: .*\n/, ''),
    )
    const checked = await folder.millrace(['check', 'new'])
    expect(checked.exitCode, checked.stdout + checked.stderr).toBe(0)
    const shown = await folder.millrace(['preview', 'new'])
    expect(shown.exitCode, shown.stderr).toBe(0)
    expect(shown.stdout).toContain('HSET people:1 _id 1 name Ada')
  })
})
