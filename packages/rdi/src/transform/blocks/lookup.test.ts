import type { Row } from '@millrace/core/record'
import { describe, expect, it } from 'vitest'
import {
  compiled,
  jmespath,
  job,
  output,
  routesOf,
  shown,
  table,
  transformed,
  type Change,
  type Script,
} from '../../../test/route-fixture.ts'
import type {
  LookupCommand,
  LookupConnection,
  LookupReply,
} from '../../lookup/lookup-connection.ts'
import type { TransformBlock } from '../../model/table-job.ts'
import type { RouteOptions } from '../compile-routes.ts'

type Lookup = Extract<TransformBlock, { uses: 'redis.lookup' }>

const person = table('person', { id: 'int', name: 'string' })

const get: Lookup = {
  uses: 'redis.lookup',
  connection: 'target',
  command: 'GET',
  arguments: [jmespath('id')],
  field: 'found',
  batchSize: 200,
}

class RecordedLookup implements LookupConnection {
  readonly sent: (readonly LookupCommand[])[] = []
  isClosed = false
  isProbed = false
  readonly #answer: (command: LookupCommand) => LookupReply

  constructor(answer: (command: LookupCommand) => LookupReply) {
    this.#answer = answer
  }

  async send(commands: readonly LookupCommand[]): Promise<readonly LookupReply[]> {
    this.sent.push(commands)
    return commands.map((command) => this.#answer(command))
  }

  async probe(): Promise<void> {
    this.isProbed = true
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

async function run(
  lookup: RecordedLookup,
  block: Partial<Extract<TransformBlock, { uses: 'redis.lookup' }>>,
  rows: readonly Row[] | readonly Change[],
  scripts: Readonly<Record<string, Script>> = {},
) {
  const blocks: TransformBlock[] = [
    {
      uses: 'redis.lookup',
      connection: 'target',
      command: 'HGET',
      arguments: [],
      field: 'found',
      batchSize: 200,
      ...block,
    },
    {
      uses: 'add_field',
      fields: [{ field: 'copy', expression: jmespath('found') }],
    },
  ]
  const jobs = [job({ table: 'person', blocks, outputs: [output({ key: jmespath('`k`') })] })]
  return await transformed({ jobs, scripts, lookup }, person, rows)
}

describe('redis.lookup', () => {
  it('asks for all records of a batch together, and keeps replies where later blocks see them', async () => {
    const lookup = new RecordedLookup(([, key]) => ({ value: `of ${String(key)}` }))
    const { batch } = await run(
      lookup,
      { arguments: [jmespath('key(id)'), jmespath('`name`')], batchSize: 2 },
      [
        ['1', 'Ida'],
        ['2', 'Odd'],
        ['3', 'Eva'],
      ],
      { 'key(id)': (get) => `p:${get('id')}`, '`name`': () => 'name' },
    )
    expect(lookup.sent).toEqual([
      [
        ['HGET', 'p:1', 'name'],
        ['HGET', 'p:2', 'name'],
      ],
      [['HGET', 'p:3', 'name']],
    ])
    expect(shown(batch).map((row) => [row?.['found'], row?.['copy']])).toEqual([
      ['of p:1', 'of p:1'],
      ['of p:2', 'of p:2'],
      ['of p:3', 'of p:3'],
    ])
    expect(lookup.isClosed).toBe(true)
  })

  it('takes lists for several arguments, and objects of replies for JSON', async () => {
    const lookup = new RecordedLookup(() => ({ value: { a: '1', b: null } }))
    const { batch } = await run(
      lookup,
      { command: 'HMGET', arguments: [jmespath('list(id)')] },
      [['1', 'Ida']],
      { 'list(id)': (get) => ['h', Number(get('id')), true] },
    )
    expect(lookup.sent).toEqual([[['HMGET', 'h', '1', '1']]])
    expect(shown(batch)[0]?.['found']).toBe('{"a":"1","b":null}')
  })

  it('asks only when it is wanted', async () => {
    const lookup = new RecordedLookup(() => ({ value: 'yes' }))
    const { batch } = await run(lookup, { arguments: [jmespath('id')], when: jmespath('name') }, [
      ['1', ''],
      ['2', 'Odd'],
    ])
    expect(lookup.sent).toEqual([[['HGET', '2']]])
    expect(shown(batch)).toEqual([
      { id: '1', name: '', copy: null },
      { id: '2', name: 'Odd', found: 'yes', copy: 'yes' },
    ])
  })

  it('does not ask for what the source did not send', async () => {
    const lookup = new RecordedLookup(() => ({ value: 'yes' }))
    const { batch } = await run(lookup, { arguments: [jmespath('name')] }, [
      ['d', ['1', undefined]],
      ['c', ['2', 'Odd']],
    ])
    expect(lookup.sent).toEqual([[['HGET', 'Odd']]])
    expect(shown(batch)).toEqual([{ id: '1' }, { id: '2', name: 'Odd', found: 'yes', copy: 'yes' }])
  })

  it('rejects the rows that were answered with an error, or could not be asked for', async () => {
    const lookup = new RecordedLookup(([, key]) =>
      key === '1' ? { error: 'WRONGTYPE not a hash' } : { value: null },
    )
    const { batch, rejected } = await run(lookup, { arguments: [jmespath('id')] }, [
      ['1', 'Ida'],
      [null, 'Odd'],
      ['3', 'Eva'],
    ])
    expect(rejected).toEqual([
      {
        row: ['1', 'Ida'],
        error: {
          code: 'TRANSFORM_FAILED',
          message:
            'block 1 (redis.lookup), field found: HGET was answered with WRONGTYPE not a hash',
        },
      },
      {
        row: [null, 'Odd'],
        error: {
          code: 'TRANSFORM_FAILED',
          message: 'block 1 (redis.lookup): args 1 (id) gave null, expected text or a number',
        },
      },
    ])
    expect(shown(batch)).toEqual([{ id: '3', name: 'Eva', found: null, copy: null }])
  })

  it('is refused where nothing may be written, unless its command is known to read only', async () => {
    const lookup = new RecordedLookup(() => ({ value: '1' }))
    const preview = async (command: string) => {
      const block = { ...get, command }
      const routes = routesOf({ jobs: [job({ table: 'person', blocks: [block] })], lookup })
      await using _ = await compiled(routes, [person], { writesNothing: true })
    }
    for (const command of ['get', 'HGETALL', 'JSON.GET', 'EVAL_RO']) await preview(command)
    for (const command of ['INCR', 'getdel', 'GETEX', 'EVAL', 'SORT', 'MADE.UP'])
      await expect(preview(command)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(
          `jobs/invoice.yaml: block 1 (redis.lookup) sends ${command}`,
        ),
      })
    expect(lookup.sent).toEqual([])
  })

  it('connects before the first row, and once alone', async () => {
    const opened: RecordedLookup[] = []
    const openLookup = () => {
      opened.push(new RecordedLookup(() => ({ value: '1' })))
      return opened.at(-1) as RecordedLookup
    }
    const routes = routesOf({ jobs: [job({ table: 'person', blocks: [get] })], openLookup })
    for (const writesNothing of [true, false, false]) {
      await using _ = await compiled(routes, [person], { writesNothing })
    }
    expect(opened.map(({ isProbed }) => isProbed)).toEqual([false, true, false])
  })

  it('waits without an end where changes are followed, and not at all in a preview', async () => {
    const timeouts: number[] = []
    const openLookup: RouteOptions['openLookup'] = (_, { timeoutMs }) => {
      timeouts.push(timeoutMs)
      return new RecordedLookup(() => ({ value: '1' }))
    }
    const routes = routesOf({ jobs: [job({ table: 'person', blocks: [get] })], openLookup })
    for (const options of [{}, { follows: true }, { writesNothing: true }]) {
      await using _ = await compiled(routes, [person], options)
    }
    expect(timeouts).toEqual([300_000, Infinity, 0])
  })
})
