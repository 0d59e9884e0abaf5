import { describe, expect, it } from 'vitest'
import { parseJson } from '../config/parse-json.ts'
import { ProblemList } from '../config/problem-list.ts'
import { readDataWorksJob, readLegacyJob } from './dataworks-job.ts'

const reader = { stepType: 'mysql', category: 'reader', name: 'Reader', parameter: { table: 't' } }
const writer = { stepType: 'redis', category: 'writer', name: 'Writer', parameter: {} }
const processor = (stepType: string | null, parameter: object, name = stepType) => ({
  stepType,
  category: 'processor',
  name,
  parameter,
})
const hop = (from: string, to: string) => ({ from, to })

async function read(value: object) {
  const problems = new ProblemList(parseJson(JSON.stringify(value), 'job.json'))
  const job = await readDataWorksJob(value as Record<string, unknown>, problems)
  const texts = problems.problems.map(
    ({ severity, message, hint }) =>
      `${severity} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
  )
  return { job, texts }
}

const setting = (value: object) => read({ steps: [reader, writer], setting: value })

describe('settings', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, { concurrency: 3, errorLimit: { record: 0 }, timeZone: 'UTC' }],
    [
      'blanks of the wizard',
      { errorLimit: { record: '' }, speed: { mbps: '' } },
      { errorLimit: { record: 0 } },
    ],
    [
      'quoted numbers',
      { errorLimit: { record: '5' }, speed: { concurrent: '2' } },
      { concurrency: 2, errorLimit: { record: 5 } },
    ],
    [
      'both limits',
      { errorLimit: { record: 5, percentage: 0.2 } },
      { errorLimit: { record: 5, percentage: 0.2 } },
    ],
    [
      'percentage alone',
      { errorLimit: { percentage: '0.2' } },
      { errorLimit: { percentage: 0.2 } },
    ],
    ['Ignore', { errorLimit: { strategy: 'Ignore' } }, { errorLimit: {} }],
    [
      'ZeroTolerance',
      { errorLimit: { strategy: 'zerotolerance', record: 0 } },
      { errorLimit: { record: 0 } },
    ],
    [
      'Tolerance',
      { errorLimit: { strategy: 'Tolerance', record: 7 } },
      { errorLimit: { record: 7 } },
    ],
    ['a throttle', { speed: { throttle: 'true', mbps: '12' } }, { bytesPerSecond: 12_582_912 }],
    ['rows a second', { speed: { throttle: true, record: '100' } }, { recordsPerSecond: 100 }],
    ['a throttle that is off', { speed: { throttle: false, mbps: '1' } }, { concurrency: 3 }],
    ['a zone', { common: { column: { timeZone: 'GMT+8' } } }, { timeZone: 'GMT+8' }],
    [
      'what has no effect and does not matter',
      { speed: { dmu: 1 }, jvmOption: '', jvmMemory: 1, executeMode: null, failoverEnable: false },
      { concurrency: 3 },
    ],
  ])('%s', async (_, value, expected) => {
    const { job, texts } = await setting(value)
    expect(texts).toEqual([])
    expect(job.settings).toMatchObject(expected)
    const limit = (expected as { errorLimit?: object }).errorLimit
    if (limit !== undefined) expect(job.settings?.errorLimit).toEqual(limit)
    if (!('bytesPerSecond' in expected)) expect(job.settings).not.toHaveProperty('bytesPerSecond')
  })

  it.each<[object, string]>([
    [
      { errorLimit: { record: -1 } },
      'error setting.errorLimit.record: expected an integer of at least 0, found -1',
    ],
    [
      { errorLimit: { percentage: 1.5 } },
      'error setting.errorLimit.percentage: expected a number from 0 to 1, found 1.5',
    ],
    [
      { errorLimit: { strategy: 'None' } },
      'error setting.errorLimit.strategy: expected "Ignore", "Tolerance" or "ZeroTolerance", found "None"',
    ],
    [
      { errorLimit: { strategy: 'Tolerance' } },
      'error setting.errorLimit.strategy: "Tolerance" needs a limit, found none | Add "record": the number of dirty records that are tolerated.',
    ],
    [
      { errorLimit: { strategy: 'Ignore', record: 1 } },
      'warning setting.errorLimit.strategy: "Ignore" tolerates any number of dirty records; the limits have no effect',
    ],
    [
      { speed: { throttle: true } },
      'error setting.speed.throttle: is true, but there is no mbps | Give mbps (1 is 1,048,576 bytes a second), or set throttle to false.',
    ],
    [
      { speed: { throttle: true, mbps: 0 } },
      'error setting.speed.mbps: expected a number above 0, found 0 | Give mbps (1 is 1,048,576 bytes a second), or set throttle to false.',
    ],
    [
      { speed: { throttle: 'yes' } },
      'error setting.speed.throttle: expected true or false, found "yes"',
    ],
    [
      { speed: { mbps: 1 } },
      'warning setting.speed.mbps: has no effect without throttle | Add "throttle": true to limit the speed.',
    ],
    [
      { speed: { concurrent: 0 } },
      'error setting.speed.concurrent: expected an integer from 1 to 32, found 0',
    ],
    [
      { speed: { conurrent: 1 } },
      'error setting.speed.conurrent: unknown key | Did you mean "concurrent"?',
    ],
    [
      { common: { column: { timeZone: 'Mars/Olympus' } } },
      'error setting.common.column.timeZone: there is no time zone "Mars/Olympus" | Give an IANA name such as Asia/Shanghai, or an offset such as GMT+8.',
    ],
    [
      { executeMode: 'distribute' },
      'warning setting.executeMode: has no effect: a job runs in one process',
    ],
    [
      { failoverEnable: true },
      'warning setting.failoverEnable: has no effect | After a failure, run the job again.',
    ],
  ])('%j', async (value, expected) => {
    expect((await setting(value)).texts).toEqual([expected])
  })
})

describe('steps', () => {
  const pad = processor('dx_pad', { columnIndex: '1', paras: ['l', 5, '0'] })
  const digest = processor('dx_digest', { columnIndex: 0, paras: ['md5', 'toLowerCase'] })
  const empty = processor(null, { nodes: [], edges: [], groups: [], version: '2.0' }, 'Processor')

  it('takes processors in the order of the file when there are no hops', async () => {
    const { job, texts } = await read({ steps: [pad, writer, empty, digest, reader] })
    expect(texts).toEqual([])
    expect(job.transforms.map((one) => one.name)).toEqual(['dx_pad', 'dx_digest'])
    expect(job.transforms[0]).toMatchObject({ columnIndex: 1, parameters: ['l', '5', '0'] })
  })

  it('takes them in the order of the hops', async () => {
    const hops = [
      hop('dx_pad', 'Processor'),
      hop('Reader', 'dx_digest'),
      hop('dx_digest', 'dx_pad'),
      hop('Processor', 'Writer'),
    ]
    const { job, texts } = await read({
      steps: [reader, pad, digest, empty, writer],
      order: { hops },
    })
    expect(texts).toEqual([])
    expect(job.transforms.map((one) => one.name)).toEqual(['dx_digest', 'dx_pad'])
  })

  it('lets an empty processor stand beside the hops', async () => {
    const order = { hops: [hop('Reader', 'Writer')] }
    expect((await read({ steps: [reader, empty, writer], order })).texts).toEqual([])
  })

  it.each<[string, object, string]>([
    [
      'an unknown step',
      { steps: [reader, writer], order: { hops: [hop('Reder', 'Writer')] } },
      'error order.hops[0].from: there is no step "Reder" | Did you mean "Reader"?',
    ],
    [
      'a circle',
      {
        steps: [reader, pad, writer],
        order: { hops: [hop('Reader', 'dx_pad'), hop('dx_pad', 'Reader')] },
      },
      'error order.hops[1]: the hops run in a circle',
    ],
    [
      'a fork',
      {
        steps: [reader, pad, writer],
        order: { hops: [hop('Reader', 'dx_pad'), hop('Reader', 'Writer')] },
      },
      'error order.hops[1]: a second hop leaves the step "Reader": expected one way from reader to writer',
    ],
    [
      'a step behind the writer',
      {
        steps: [reader, pad, writer],
        order: { hops: [hop('Reader', 'Writer'), hop('Writer', 'dx_pad')] },
      },
      'error order.hops: a hop leads from the writer to "dx_pad": expected the writer last',
    ],
    [
      'a step on no way',
      { steps: [reader, pad, writer], order: { hops: [hop('Reader', 'Writer')] } },
      'error order.hops: the step "dx_pad" is not on the way of the hops from "Reader"',
    ],
    [
      'one name for two steps',
      {
        steps: [reader, { ...writer, name: 'Reader' }],
        order: { hops: [hop('Reader', 'Reader')] },
      },
      'error steps[1].name: two steps have the name "Reader", so that hops cannot tell them apart',
    ],
    [
      'two readers',
      { steps: [reader, { ...reader, name: 'b' }, writer] },
      'error steps[1].category: expected one reader in a job, found another',
    ],
    ['no writer', { steps: [reader] }, 'error steps: there is no step with "category": "writer"'],
    [
      'an unknown category',
      { steps: [reader, { ...writer, category: 'writr' }] },
      'error steps[1].category: expected "reader", "writer" or "processor", found "writr" | Did you mean "writer"?',
    ],
    [
      'no stepType',
      { steps: [{ ...reader, stepType: '' }, writer] },
      'error steps[0].stepType: is missing: expected the name of a reader',
    ],
    [
      'Groovy',
      { steps: [reader, processor('dx_groovy', { code: '' }), writer] },
      'error steps[1].stepType: Groovy code is not supported | Compute the value in the reader: a column may be an SQL expression.',
    ],
    [
      'a processor of the wizard',
      { steps: [reader, processor(null, { nodes: [{}] }, 'x'), writer] },
      'error steps[1]: processors of the wizard (nodes and edges) are not supported | Use processors with stepType dx_substr, dx_pad, dx_replace, dx_filter or dx_digest.',
    ],
    [
      'a transformer without its column',
      { steps: [reader, processor('dx_pad', { paras: ['l', '1', 'x'] }), writer] },
      'error steps[1].parameter.columnIndex: is missing: expected a number or a text in quotes',
    ],
  ])('reports %s', async (_, value, expected) => {
    expect((await read(value)).texts).toEqual([expected])
  })

  it('reports wrong parameters of transformers', async () => {
    const wrong = processor('dx_pad', { columnIndex: 0, paras: ['x', '1', 'y'] })
    const { texts } = await read({ steps: [reader, wrong, writer] })
    expect(texts).toEqual([expect.stringMatching(/^error steps\[1\]\.parameter\.paras: /)])
  })

  it('suggests transformers', async () => {
    const { texts } = await read({ steps: [reader, processor('dx_padd', {}), writer] })
    expect(texts[0]).toMatch(/there is no transformer "dx_padd" \| Did you mean "dx_pad"\?/)
  })
})

describe('readLegacyJob', () => {
  it('reads version 1.0', async () => {
    const value = {
      type: 'job',
      version: '1.0',
      configuration: {
        reader: { plugin: 'mysql', parameter: { table: 't' } },
        writer: { plugin: 'redis', parameter: {} },
        setting: { errorLimit: { record: '2' }, speed: { concurrent: '4', dmu: 1 } },
      },
    }
    const problems = new ProblemList(parseJson(JSON.stringify(value), 'job.json'))
    const job = await readLegacyJob(value, problems)
    expect(problems.problems).toEqual([])
    expect(job).toMatchObject({
      reader: { stepType: 'mysql', parameterPath: ['configuration', 'reader', 'parameter'] },
      writer: { stepType: 'redis' },
      settings: { concurrency: 4, errorLimit: { record: 2 } },
    })
  })
})
