import type pg from 'pg'

/** What matters of the server and the user when changes are followed. */
export interface ServerFacts {
  readonly database: string
  readonly user: string
  /** Major version. */
  readonly version: number
  /** Milliseconds after which the server ends a connection that says nothing; 0: it waits for ever. */
  readonly senderTimeoutMs: number
  readonly walLevel: string
  readonly isStandby: boolean
  /** Whether the user may read the log. */
  readonly mayReplicate: boolean
  /** Whether the user may make publications in the database. */
  readonly mayCreate: boolean
  readonly isSuperuser: boolean
  readonly slots: number
  readonly maxSlots: number
  readonly senders: number
  readonly maxSenders: number
  /** Bytes of log that are kept at most for slots; absent without a limit, and before PostgreSQL 13. */
  readonly keptBytes: number | undefined
}

/** Asks the server for all of it. */
export async function readServerFacts(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query<
    [Omit<ServerFacts, 'keptBytes'> & { keptMegabytes: number | null }]
  >({
    rowMode: 'array',
    text: `SELECT jsonb_build_object(
        'database', current_database(),
        'user', current_user,
        'version', current_setting('server_version_num')::int / 10000,
        'senderTimeoutMs', (SELECT setting::int FROM pg_settings WHERE name = 'wal_sender_timeout'),
        'walLevel', current_setting('wal_level'),
        'isStandby', pg_is_in_recovery(),
        'mayReplicate', r.rolreplication OR r.rolsuper OR EXISTS (SELECT FROM pg_roles m
          WHERE m.rolname = 'rds_replication' AND pg_has_role(m.oid, 'USAGE')),
        'mayCreate', has_database_privilege(current_database(), 'CREATE'),
        'isSuperuser', r.rolsuper,
        'slots', (SELECT count(*) FROM pg_replication_slots),
        'maxSlots', current_setting('max_replication_slots')::int,
        'senders', (SELECT count(*) FROM pg_stat_replication),
        'maxSenders', current_setting('max_wal_senders')::int,
        'keptMegabytes', (SELECT setting::int FROM pg_settings WHERE name = 'max_slot_wal_keep_size'))
      FROM pg_roles r WHERE r.rolname = current_user`,
  })
  const [row] = rows
  if (row === undefined) throw new Error('the server does not know the user')
  const [{ keptMegabytes, ...facts }] = row
  const isLimited = keptMegabytes !== null && keptMegabytes >= 0
  return { ...facts, keptBytes: isLimited ? keptMegabytes * 1024 * 1024 : undefined }
}
