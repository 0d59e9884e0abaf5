import { expect, it, onTestFinished } from 'vitest'
import type { MemoryChange } from '@millrace/testkit'
import { documentedJobs } from '../test-data/documented-jobs.ts'
import { change, tableOf, type Columns } from './acceptance-rows.ts'
import { recordedPlace } from './json-place.ts'
import { AcceptanceRedis } from './acceptance-redis.ts'
import { runPipeline, type PipelineTarget } from './pipeline-run.ts'

const place = new AcceptanceRedis()

/** Rows for the job of a page, and what is in Redis afterwards. */
interface Sample {
  readonly table: string
  readonly columns: Columns
  readonly changes: readonly MemoryChange[]
  readonly expected: Readonly<Record<string, unknown>>
  /** Seconds that the keys still live, where they do not stay. */
  readonly expire?: number
}

const staff = { staff_id: 'int', first: 'string', last: 'string', city: 'string' } as const
const song = { song_id: 'int', title: 'string', ms: 'int', bytes: 'int' } as const
const bill = { bill_id: 'int', country: 'string', total: 'decimal' } as const
const tokens = { id: 'int', ends_ms: ['int', 'bigint'] } as const

const samples: Readonly<Record<string, Sample>> = {
  'default job': {
    table: 'genre',
    columns: { id: 'int', name: 'string' },
    changes: [change('r', ['1', 'Jazz'])],
    expected: { 'eu#genre#id#1#end': { id: '1', name: 'Jazz', origin: 'crm' } },
  },
  'adding a field': {
    table: 'staff',
    columns: { ...staff, hired: 'string' },
    changes: [change('r', ['1', 'Ida', 'Berg', 'Oslo', '2021-05-06'])],
    expected: {
      'staff:staff_id:1': {
        staff_id: '1',
        first: 'Ida',
        last: 'Berg',
        city: 'Oslo',
        hired: '2021-05-06',
        full_name: 'Ida Berg',
        address: '{"city":"OSLO"}',
        year: '2021',
      },
    },
  },
  'removing fields': {
    table: 'staff',
    columns: { id: 'int', name: 'string', salary: 'decimal', born: 'date' },
    changes: [change('r', ['1', 'Ida', '10.5', '1990-01-01'])],
    expected: { 'staff:id:1': { id: '1', name: 'Ida' } },
  },
  'a filter': {
    table: 'staff',
    columns: { id: 'int', city: 'string', hired: 'string' },
    changes: [
      change('r', ['1', 'Oslo', '2021-01-01']),
      change('r', ['2', 'Voss', '2019-01-01']),
      change('r', ['3', 'Voss', '2021-01-01']),
    ],
    expected: { 'staff:id:3': { id: '3', city: 'Voss', hired: '2021-01-01' } },
  },
  'a map of many levels': {
    table: 'staff',
    columns: { ...staff, street: 'string' },
    changes: [change('r', ['1', 'Ida', 'Berg', 'Oslo', 'Gata 1'])],
    expected: {
      'staff:1': { id: 1, name: 'Ida BERG', address: { street: 'Gata 1', city: 'Oslo' } },
    },
  },
  'a map in SQL': {
    table: 'song',
    columns: song,
    changes: [change('r', ['7', 'Hund', '215196', '7040000'])],
    expected: { 'song:7': { id: '7', length: '3:35.0', size: '6.71MB' } },
  },
  mapping: {
    table: 'Customer',
    columns: { CustomerId: 'int', FirstName: 'string', LastName: 'string', Phone: 'string' },
    changes: [change('r', ['1', 'Ida', 'Berg', '5'])],
    expected: { 'Customer:CustomerId:1': { id: '1', first: 'Ida', LastName: 'Berg' } },
  },
  'a JSON document': {
    table: 'song',
    columns: song,
    changes: [change('r', ['7', 'Hund', '1', '2'])],
    expected: { 'song:7': { id: 7, name: { full: 'Hund' } } },
  },
  'a set': {
    table: 'bill',
    columns: bill,
    changes: [
      change('r', ['1', 'Norway', '1.00']),
      change('u', ['1', 'Chad', '1.00'], { before: ['1', 'Norway', '1.00'] }),
      change('c', ['2', 'Norway', '2.00']),
    ],
    expected: { 'bills:Chad': ['1'], 'bills:Norway': ['2'] },
  },
  'a sorted set': {
    table: 'bill',
    columns: bill,
    changes: [change('r', ['1', 'Norway', '1.50']), change('r', ['2', 'Chad', '0.50'])],
    expected: { 'bills:total': ['2', '0.5', '1', '1.5'] },
    expire: 100,
  },
  'a string': {
    table: 'album',
    columns: { album_id: 'int', title: 'string' },
    changes: [change('r', ['1', 'Vinter'])],
    expected: { 'title:1': 'Vinter' },
    expire: 100,
  },
  'a key from columns, in SQL': {
    table: 'emp',
    columns: { emp_no: 'int', last: 'string' },
    changes: [change('r', ['4', 'Berg'])],
    expected: { 'emp#4#berg': { emp_no: '4', last: 'Berg' } },
  },
  'removals as changes': {
    table: 'staff',
    columns: { id: 'int', name: 'string' },
    changes: [change('c', ['1', 'Ida']), change('c', ['2', 'Odd']), change('d', ['1', 'Ida'])],
    expected: {
      'staff:id:1': { id: '1', name: 'Ida', state: 'gone' },
      'staff:id:2': { id: '2', name: 'Odd', state: 'here' },
    },
  },
  'cases in SQL': {
    table: 'bill',
    columns: bill,
    changes: [change('r', ['1', 'Norway', '20.01']), change('r', ['2', 'Chad', '9.00'])],
    expected: {
      'bill:bill_id:1': { bill_id: '1', country: 'Norway', total: '20.01', kind: 'large' },
      'bill:bill_id:2': { bill_id: '2', country: 'Chad', total: '9.00', kind: 'small' },
    },
  },
  'one key of several jobs': {
    table: 'address',
    columns: { id: 'int', person_id: 'int', street: 'string' },
    changes: [
      change('c', ['1', '7', 'Gata 1']),
      change('c', ['2', '8', 'Gata 2']),
      change('u', ['1', '7', 'Gata 3'], { before: ['1', '7', 'Gata 1'] }),
    ],
    expected: {
      'person:7': { person_id: 7, street: 'Gata 3' },
      'person:8': { person_id: 8, street: 'Gata 2' },
    },
  },
  'lookups with caches': {
    table: 'album',
    columns: { album_id: 'int', band_id: 'int' },
    changes: [change('r', ['1', '5']), change('r', ['2', '6'])],
    expected: {
      'album:1': { album_id: '1', band_id: '5', band: 'Fjord' },
      'album:2': { album_id: '2', band_id: '6' },
      'band:5': { name: 'Fjord' },
    },
  },
  'children of a parent': {
    table: 'BillLine',
    columns: { LineId: 'int', ParentBillId: 'int', Qty: 'int' },
    changes: [change('c', ['11', '1', '3']), change('c', ['12', '1', '4'])],
    expected: {
      'Bill:BillId:1': {
        Lines: {
          11: { LineId: 11, ParentBillId: 1, Qty: 3 },
          12: { LineId: 12, ParentBillId: 1, Qty: 4 },
        },
      },
    },
  },
  'an expiry from a column': {
    table: 'token',
    columns: tokens,
    changes: [change('c', ['1', String(Date.UTC(2100, 0, 1))]), change('c', ['2', '0'])],
    expected: { 'token:id:1': { id: '1', ends_ms: String(Date.UTC(2100, 0, 1)) } },
    expire: (Date.UTC(2100, 0, 1) - Date.now()) / 1000,
  },
  'several keys': {
    table: 'song',
    columns: { id: 'int', title: 'string' },
    changes: [change('c', ['1', 'Hund']), change('c', ['2', 'Katt']), change('d', ['2', 'Katt'])],
    expected: { 'a:1': { id: '1', title: 'Hund' }, all: ['1'] },
  },
}

/** What stands in the private Redis, but for the checkpoint and what expires. */
async function contents(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const key of await place.client.keys('*'))
    if (!key.startsWith('millrace:')) found[key] = await valueOf(key, await place.client.type(key))
  return found
}

async function valueOf(key: string, type: string): Promise<unknown> {
  if (type === 'hash') return await place.client.hgetall(key)
  if (type === 'set') return (await place.client.smembers(key)).sort()
  if (type === 'zset') return await place.client.zrange(key, '0', '-1', 'WITHSCORES')
  return await place.client.get(key)
}

it('has a sample for every job', () => {
  expect(Object.keys(samples)).toEqual(documentedJobs.map(([page]) => page))
})

const isJson = (job: string) => job.includes('data_type: json')
const withSamples = documentedJobs.map(
  ([page, job]) => [page, job, samples[page] as Sample] as const,
)

async function runSample(job: string, sample: Sample, target: PipelineTarget) {
  const sourceType = job.includes('db: music') ? 'mysql' : 'postgresql'
  const namespace = sourceType === 'mysql' ? 'music' : 'public'
  const table = tableOf(sample.table, sample.columns, [], namespace)
  const input = { tables: [table], changes: sample.changes }
  const { report, dirty } = await runPipeline({ jobs: job, target, sourceType }, input)
  expect(report).toMatchObject({ status: 'complete', errors: [] })
  expect(dirty).toEqual([])
}

it.each(withSamples.filter(([, job]) => !isJson(job)))('runs %s', async (_, job, sample) => {
  await place.client.hset('band:5', 'name', 'Fjord')
  await runSample(job, sample, place.setup(job).target)
  if (!('band:5' in sample.expected)) await place.client.del('band:5')
  expect(await contents()).toEqual(sample.expected)
  for (const key of Object.keys(sample.expected)) {
    const seconds = await place.client.ttl(key)
    if (sample.expire === undefined) expect(seconds).toBe(-1)
    else expect(Math.abs(seconds - sample.expire)).toBeLessThan(10)
  }
})

it.each(withSamples.filter(([, job]) => isJson(job)))('runs %s', async (_, job, sample) => {
  const recorded = await recordedPlace()
  onTestFinished(() => recorded[Symbol.asyncDispose]())
  await runSample(job, sample, recorded.target)
  for (const [key, document] of Object.entries(sample.expected))
    expect(await recorded.document(key)).toEqual(document)
})
