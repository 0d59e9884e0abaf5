import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { changeFindings, type CheckedSource } from './check-changes.ts'
import type { FollowedTable } from './followed-table.ts'
import { createPublicationSql, ensurePublication } from './publication.ts'

const orders: FollowedTable = {
  oid: 1,
  namespace: 'public',
  name: 'orders',
  kind: 'r',
  replicaIdentity: 'f',
  isUnlogged: false,
  isOwn: true,
  columns: [],
}
const parts: FollowedTable = { ...orders, oid: 2, name: 'parts', kind: 'p' }

function source(
  version: number,
  tables: readonly FollowedTable[],
  others: Partial<CheckedSource> = {},
): CheckedSource {
  return {
    facts: {
      database: 'shop',
      user: 'app',
      version,
      senderTimeoutMs: 60_000,
      walLevel: 'logical',
      isStandby: false,
      mayReplicate: true,
      mayCreate: true,
      isSuperuser: true,
      slots: 0,
      maxSlots: 10,
      senders: 0,
      maxSenders: 10,
      keptBytes: undefined,
    },
    names: { slot: 'mine', publication: 'mine' },
    mode: 'filtered',
    slot: undefined,
    publication: undefined,
    objects: tables.map((table) => ({ table, label: table.name, columns: [] }) as never),
    logEnd: 0n,
    ...others,
  }
}

describe('createPublicationSql', () => {
  it.each([
    [11, 'CREATE PUBLICATION "mine" FOR TABLE "public"."orders"'],
    [12, 'CREATE PUBLICATION "mine" FOR TABLE "public"."orders"'],
    [
      13,
      'CREATE PUBLICATION "mine" FOR TABLE "public"."orders" WITH (publish_via_partition_root = true)',
    ],
  ])('for PostgreSQL %i', (version, sql) => {
    expect(createPublicationSql('mine', [orders], 'filtered', version)).toBe(sql)
  })
})

describe('a partitioned table', () => {
  const all = 'CREATE PUBLICATION "mine" FOR ALL TABLES'
  const errorsIn = (checked: CheckedSource) =>
    changeFindings(checked).filter(({ severity }) => severity === 'error')

  it.each([11, 12])('is found before PostgreSQL %i refuses it', (version) => {
    expect(errorsIn(source(version, [orders, parts]))).toEqual([
      {
        severity: 'error',
        message: `PostgreSQL ${version} publishes the partitioned table public.parts only together with all other tables`,
        hint: `Let a superuser run: ${all}`,
        path: ['changes', 'publicationName'],
      },
    ])
  })

  it('is fine in a publication of all tables, and on later servers', () => {
    expect(errorsIn(source(12, [parts], { mode: 'all_tables' }))).toEqual([])
    expect(errorsIn(source(13, [orders, parts]))).toEqual([])
    expect(errorsIn(source(12, [orders]))).toEqual([])
  })

  it('is not put into the statement for a server that refuses it', async () => {
    const asked: unknown[] = []
    const client = {
      query: (query: unknown) => {
        asked.push(query)
        return Promise.resolve({ rows: [] })
      },
    } as unknown as pg.Client
    const logger = { debug() {}, info() {}, warn() {} }
    const options = { tables: [parts], version: 12, stage: 'beginning' as const, logger }
    await expect(ensurePublication(client, 'mine', options)).rejects.toMatchObject({
      code: 'SOURCE_NOT_PERMITTED',
      hint: expect.stringContaining(all),
    })
    await ensurePublication(client, 'mine', { ...options, mode: 'all_tables' })
    expect(asked.filter((query) => typeof query === 'string')).toEqual([all])
  })
})
