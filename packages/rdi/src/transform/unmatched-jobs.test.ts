import { describe, expect, it } from 'vitest'
import {
  compiled,
  job,
  output,
  routesOf,
  table,
  warnings,
  type RouteSetup,
} from '../../test/route-fixture.ts'
import type { PipelineTable } from '../model/pipeline.ts'

const invoice = table('invoice', { id: 'int' })
const wrong = job({ name: 'bill', file: 'jobs/bill.yaml', table: 'invoise' })

async function unmatchedOf(setup: RouteSetup, schemas = [invoice]) {
  await using transforms = await compiled(routesOf(setup), schemas)
  return transforms.unmatched?.message
}

describe('a job that matches no table', () => {
  it('is named with its file and what it may mean', async () => {
    expect(await unmatchedOf({ jobs: [wrong, job()] })).toBe(
      'jobs/bill.yaml: "invoise" matches no table of the source shop; did you mean "invoice"?',
    )
    const match = { table: 'invoice', isCaseInsensitive: true }
    const elsewhere = job({ match: { ...match, schema: 'sales' } })
    const album = job({ file: 'jobs/album.yaml', table: 'album' })
    expect(await unmatchedOf({ jobs: [elsewhere, album] })).toBe(
      'jobs/invoice.yaml: "sales.invoice" matches no table of the source shop; that table is in public\n' +
        'jobs/album.yaml: "album" matches no table of the source shop; it has invoice',
    )
    const exact = job({ match: { ...match, table: 'INVOICE', isCaseInsensitive: false } })
    expect(await unmatchedOf({ jobs: [exact] })).toContain('did you mean "invoice"?')
  })

  it('is none that matches, is for all, or has no output here', async () => {
    const other = { ...wrong, outputs: [output({ connection: 'second' })] }
    const elsewhere = job({
      match: { table: 'x', serverName: 'crm', isCaseInsensitive: true },
    })
    const jobs = [job({ table: 'INVOICE' }), job({ table: '*' }), other, elsewhere]
    expect(await unmatchedOf({ jobs })).toBeUndefined()
    // Jobs were compared with the tables that the file lists.
    expect(await unmatchedOf({ jobs: [wrong], tables: [] })).toBeUndefined()
  })

  it('may be for another source', async () => {
    const crm = { serverNames: ['crm'], namespaceKind: 'db' as const }
    expect(await unmatchedOf({ jobs: [wrong], otherSources: [{ source: crm }] })).toBeUndefined()
    expect(warnings).toEqual([expect.stringMatching(/^jobs\/bill\.yaml: .*server_name/)])
    const tables: PipelineTable[] = [{ table: 'invoise', place: 'config.yaml:1:1' }]
    expect(
      await unmatchedOf({ jobs: [wrong], otherSources: [{ source: crm, tables }] }),
    ).toBeUndefined()
    expect(warnings).toEqual([])
    const match = { table: 'invoise', serverName: 'shop', isCaseInsensitive: true }
    const setup = { jobs: [job({ match })], otherSources: [{ source: crm }] }
    expect(await unmatchedOf(setup)).toContain('"invoise" matches no table')
  })
})
