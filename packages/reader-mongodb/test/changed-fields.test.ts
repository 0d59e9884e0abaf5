import { describe, expect, it } from 'vitest'
import {
  begin,
  changesUntilNow,
  openFollower,
  shownChanges,
  startFollowedServer,
} from './followed-source.ts'

const parameters = { changes: { fullDocument: 'fields' } }

/** A collection with two documents, followed by fields from then on. */
async function follow(options: object = {}) {
  const source = await startFollowedServer()
  await source.db.createCollection('people', options)
  const people = source.db.collection<{ _id: number | string }>('people')
  await people.insertMany([
    { _id: 1, name: 'Ada', age: 36, address: { town: 'Oslo', zip: 1 }, tags: [1, 2, 3] },
    { _id: 2, name: 'Bob', age: 40 },
  ] as never[])
  const session = openFollower(source, ['people'], { parameters })
  const from = await begin(session)
  return { source, people, session, from }
}

/** How often documents were looked up since the counts were reset. */
function lookups({ source }: Awaited<ReturnType<typeof follow>>): number {
  return source.server.control.commandCounts()['find'] ?? 0
}

/** Changes, and for each the fields of which it says nothing. */
async function changesOf({ source, session, from }: Awaited<ReturnType<typeof follow>>) {
  source.server.control.resetCommandCounts()
  const batches = await changesUntilNow(session, from)
  const unsent = batches.flatMap(({ schema: { fields }, rows }) =>
    rows.map((row) =>
      fields.flatMap(({ name }, at) => (row[at] === undefined ? [name] : [])).join(),
    ),
  )
  return { changes: shownChanges(batches), unsent }
}

describe('updates that bring the fields they have changed', () => {
  it('have what was set, null for what was removed, and nothing for the others', async () => {
    const scene = await follow()
    await using _source = scene.source
    await using _session = scene.session
    await scene.people.updateOne({ _id: 1 }, { $set: { name: 'Eve', mail: null } } as never)
    await scene.people.updateOne({ _id: 2 }, { $unset: { age: 1 }, $set: { tags: [7] } } as never)
    await scene.people.insertOne({ _id: 3, name: 'Cy' } as never)
    await scene.people.replaceOne({ _id: 2 }, { name: 'Bo' } as never)
    await scene.people.deleteOne({ _id: 3 })
    const { changes, unsent } = await changesOf(scene)
    expect(changes).toEqual([
      ['u', { _id: 1, name: 'Eve', mail: { json: 'null' } }],
      ['u', { _id: 2, tags: { json: '[7]' } }],
      ['c', { _id: 3, name: 'Cy' }],
      ['u', { _id: 2, name: 'Bo' }],
      ['d', { _id: 3 }],
    ])
    expect(unsent.slice(0, 4)).toEqual(['age,address,tags', 'name,address,mail', '', ''])
    expect(lookups(scene)).toBe(0)
  })

  it('have the whole document where something inside of a field has changed', async () => {
    const scene = await follow()
    await using _source = scene.source
    await using _session = scene.session
    const { people } = scene
    await people.updateOne({ _id: 1 }, { $set: { 'address.town': 'Voss' } } as never)
    await people.updateOne({ _id: 1 }, { $unset: { 'address.zip': 1 } })
    await people.updateOne({ _id: 1 }, { $set: { age: 37 } } as never)
    await people.updateOne({ _id: 1 }, [{ $set: { tags: { $slice: ['$tags', 1] } } }])
    const ada = {
      _id: 1,
      name: 'Ada',
      age: 37,
      address: { json: '{"town":"Voss"}' },
      tags: { json: '[1]' },
    }
    const { changes, unsent } = await changesOf(scene)
    // Looked up, they are as they were left in the end.
    expect(changes.slice(0, 3)).toEqual([
      ['u', ada],
      ['u', ada],
      ['u', { _id: 1, age: 37 }],
    ])
    expect(unsent.slice(0, 3)).toEqual(['', '', 'name,address,tags'])
    // The server says that the array was cut, or writes it anew.
    expect(changes[3]).toMatchObject(['u', { _id: 1, tags: { json: '[1]' } }])
    // One question for all documents of a reply.
    expect(lookups(scene)).toBe(1)
  })

  it('have what they say themselves of documents that are gone, or of another type of _id', async () => {
    const scene = await follow()
    await using _source = scene.source
    await using _session = scene.session
    const { people } = scene
    await people.insertOne({ _id: '1', address: {} } as never)
    await people.updateOne({ _id: '1' }, { $set: { 'address.town': 'Text' } } as never)
    await people.insertOne({ _id: 4, address: {} } as never)
    await people.updateOne({ _id: 4 }, { $set: { 'address.town': 'Voss', age: 41 } } as never)
    await people.deleteOne({ _id: 4 })
    await people.updateOne({ _id: 1 }, { $set: { 'address.town': 'Number' } } as never)
    expect((await changesOf(scene)).changes).toMatchObject([
      ['c', { _id: '1', address: { json: '{}' } }],
      ['u', { _id: '1', address: { json: '{"town":"Text"}' } }],
      ['c', { _id: 4, address: { json: '{}' } }],
      ['u', { _id: 4, age: 41 }],
      ['d', { _id: 4 }],
      ['u', { _id: 1, address: { json: '{"town":"Number","zip":1}' } }],
    ])
  })

  it('have the whole document where the server keeps what it was before', async () => {
    const scene = await follow({ changeStreamPreAndPostImages: { enabled: true } })
    await using _source = scene.source
    await using _session = scene.session
    await scene.people.updateOne({ _id: 2 }, { $set: { name: 'Bo' }, $unset: { age: 1 } })
    await scene.people.updateOne({ _id: 2 }, { $set: { name: 'Ben' } } as never)
    const { changes, unsent } = await changesOf(scene)
    expect(changes).toEqual([
      ['u', { _id: 2, name: 'Bo' }, { _id: 2, name: 'Bob', age: 40 }],
      ['u', { _id: 2, name: 'Ben' }, { _id: 2, name: 'Bo' }],
    ])
    expect(unsent).toEqual(['', ''])
    expect(lookups(scene)).toBe(0)
  })
})
