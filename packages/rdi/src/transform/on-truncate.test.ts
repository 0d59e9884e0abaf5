import { describe, expect, it } from 'vitest'
import { compiled, job, jmespath, output, routesOf, table } from '../../test/route-fixture.ts'
import type { TableJob } from '../model/table-job.ts'

const person = table('person', { id: 'int', name: 'string' })
const blocks: TableJob['blocks'] = [
  { uses: 'add_field', fields: [{ field: 'x', expression: jmespath('name') }] },
]

describe('tables that the source empties', () => {
  it('have computed default keys that are told by their columns', async () => {
    const routes = routesOf({ jobs: [job({ table: 'person', blocks })] })
    expect(routes.outputs['invoice']).toEqual([
      { type: 'hash', key: { column: '$key0', isDefault: true } },
    ])
    await using transforms = await compiled(routes, [person])
    expect(transforms.outputOf(person).keyFields).toMatchObject([{ name: 'id', type: 'int' }])
    const own = routesOf({ jobs: [job({ blocks, outputs: [output({ key: jmespath('name') })] })] })
    expect(own.outputs['invoice']).toEqual([{ type: 'hash', key: { column: '$key0' } }])
  })

  it('keep their keys where the job or the pipeline says so; the checkpoint stays good', () => {
    const keeping = { type: 'hash', onTruncate: 'ignore' }
    const ofJob = routesOf({ jobs: [job({ onTruncate: 'ignore' })] })
    expect(ofJob.outputs['invoice']).toEqual([keeping])
    const ofAll = routesOf({ jobs: [job()], settings: { onTruncate: 'ignore' } })
    expect(ofAll.outputs).toEqual({ invoice: [keeping], default: [{ ...keeping }] })
    const without = routesOf({
      jobs: [job({ onTruncate: 'keys' })],
      settings: { onTruncate: 'ignore' },
    })
    expect(without.outputs['invoice']).toEqual([{ type: 'hash' }])
    expect(ofJob.transform.identity).toEqual(ofAll.transform.identity)
  })
})
