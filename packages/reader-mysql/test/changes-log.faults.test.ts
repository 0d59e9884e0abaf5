import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position, RecordBatch } from '@millrace/core/record'
import { findMysql, startMysql } from '../../../scripts/services/mysql.mjs'
import { ServerSession } from '../../../scripts/services/server-session.mjs'
import { changesUntilNow, followingReader, followOptions, lines } from './changes-source.ts'
import { never, TestDatabase } from './test-source.ts'

const server = new ServerSession()
let database: TestDatabase

// A server of its own: its settings are changed, and its logs purged.
beforeAll(async () => {
  const binary = findMysql()
  if (binary === undefined) throw new Error('found no MariaDB or MySQL server')
  const { url } = await startMysql(server, binary)
  process.env['MILLRACE_TEST_MYSQL_URL'] = url
  database = await TestDatabase.create()
})
afterAll(async () => {
  await database?.[Symbol.asyncDispose]()
  await server.stop()
})

async function followed(
  table: string,
  columns = 'id int PRIMARY KEY, name varchar(200)',
  options = '',
) {
  await database.run(`CREATE TABLE ${table} (${columns}) ${options}`)
  const session = await followingReader(database, [table])
  const from = await session.currentPosition({ signal: never })
  return { session, from, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
}

/** Settings for the time of a test. */
async function withSettings(settings: Record<string, string>, run: () => Promise<void>) {
  const kept: [string, string][] = []
  for (const [name, value] of Object.entries(settings)) {
    const [rows] = await database.connection.query(`SELECT @@global.${name} AS value`)
    kept.push([name, String((rows as { value: string }[])[0]?.value)])
    await database.run(`SET GLOBAL ${name} = ${value}`)
  }
  try {
    await run()
  } finally {
    for (const [name, value] of kept)
      await database
        .run(`SET GLOBAL ${name} = '${value}'`)
        .catch(() => database.run(`SET GLOBAL ${name} = ${value}`))
  }
}

describe('a log', () => {
  it('may be compressed', async () => {
    await withSettings({ log_bin_compress: 'ON', log_bin_compress_min_len: '10' }, async () => {
      await using source = await followed('compressed')
      const text = 'x'.repeat(200)
      await database.run(
        `INSERT INTO compressed VALUES (1, '${text}'), (2, '${text}')`,
        `UPDATE compressed SET name = '${'y'.repeat(200)}' WHERE id = 2`,
        'DELETE FROM compressed WHERE id = 1',
        'TRUNCATE TABLE compressed',
      )
      const given = lines(await changesUntilNow(source.session, source.from))
      const other = 'y'.repeat(200)
      expect(given).toEqual([
        `c 1,${text}`,
        `c 2,${text}`,
        `u 2,${text}>2,${other}`,
        `d 1,${text}`,
        'truncate',
      ])
    })
  })

  it('may be without checksums, and change to them', async () => {
    await withSettings({ binlog_checksum: "'NONE'" }, async () => {
      await using source = await followed('unchecked')
      await database.run(
        "INSERT INTO unchecked VALUES (1, 'a')",
        "SET GLOBAL binlog_checksum = 'CRC32'",
      )
      await database.run(
        "INSERT INTO unchecked VALUES (2, 'b')",
        "SET GLOBAL binlog_checksum = 'NONE'",
      )
      await database.run("INSERT INTO unchecked VALUES (3, 'c')")
      expect(lines(await changesUntilNow(source.session, source.from))).toEqual([
        'c 1,a',
        'c 2,b',
        'c 3,c',
      ])
    })
  })

  it('may leave names out, as long as definitions stand', async () => {
    await withSettings({ binlog_row_metadata: "'NO_LOG'" }, async () => {
      await using source = await followed(
        'nameless',
        "id int unsigned PRIMARY KEY, e enum('a','ü'), s set('x','y'), t varchar(20) character set latin1, b varbinary(5), n bigint unsigned, j json, u uuid",
      )
      const { session } = source
      const insert = (id: number) =>
        `INSERT INTO nameless (id, e, s, t, b, n, j, u) VALUES (${id}, 'ü', 'x,y', 'é', X'00ff', 18446744073709551615, '{"a": 1}', '123e4567-e89b-12d3-a456-426655440000')`
      const row = (id: number) =>
        `c ${id},ü,x,y,é,0x00ff,18446744073709551615,{"a": 1},123e4567-e89b-12d3-a456-426655440000`
      await database.run(insert(4_000_000_000))
      const first = await changesUntilNow(session, source.from)
      expect(lines(first)).toEqual([row(4_000_000_000)])
      const from = first.at(-1)!.position!
      await database.run(
        'ALTER TABLE nameless DROP COLUMN u, ADD COLUMN x int',
        'INSERT INTO nameless (id, x) VALUES (5, 7)',
      )
      const second = await changesUntilNow(session, from)
      expect(lines(second)).toEqual(['c 5,,,,,,,7'])
      expect(second[0]?.schema.version).toBeGreaterThan(first[0]!.schema.version)
      await expect(changesUntilNow(session, source.from)).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringContaining('ALTER TABLE') as unknown,
        hint: expect.stringContaining('binlog_row_metadata = FULL') as unknown,
      })
    })
  })

  it('whose rows lack columns is refused', async () => {
    await using source = await followed('partial')
    await database.run(
      "INSERT INTO partial VALUES (1, 'a')",
      "SET SESSION binlog_row_image = 'MINIMAL'",
    )
    await database.run('DELETE FROM partial WHERE id = 1', "SET SESSION binlog_row_image = 'FULL'")
    await expect(changesUntilNow(source.session, source.from)).rejects.toMatchObject({
      hint: expect.stringContaining('binlog_row_image = FULL') as unknown,
    })
  })

  it('that has statements in the place of rows is refused', async () => {
    await using source = await followed('stated')
    await database.run(
      'CREATE TABLE stated_not (id int PRIMARY KEY)',
      "SET SESSION binlog_format = 'STATEMENT'",
      'INSERT INTO stated_not VALUES (1)',
    )
    expect(lines(await changesUntilNow(source.session, source.from))).toEqual([])
    await database.run("INSERT INTO stated VALUES (1, 'a')", "SET SESSION binlog_format = 'ROW'")
    await expect(changesUntilNow(source.session, source.from)).rejects.toMatchObject({
      hint: expect.stringContaining('binlog_format = ROW') as unknown,
    })
  })

  it('holds changes of tables without transactions', async () => {
    await using source = await followed(
      'untransacted',
      'id int PRIMARY KEY, name varchar(20)',
      'ENGINE = MyISAM',
    )
    await database.run(
      'BEGIN',
      "INSERT INTO untransacted VALUES (1, 'a')",
      'ROLLBACK',
      "INSERT INTO untransacted VALUES (2, 'b')",
    )
    expect(lines(await changesUntilNow(source.session, source.from))).toEqual(['c 1,a', 'c 2,b'])
  })

  it('that has rolled back rows gives those that stayed', async () => {
    await database.run('CREATE TABLE undone_plain (id int PRIMARY KEY) ENGINE = MyISAM')
    await using source = await followed('undone')
    const insert = (id: number) => `INSERT INTO undone VALUES (${id}, 'a')`
    await database.run(
      insert(0),
      'BEGIN',
      insert(1),
      'CREATE TEMPORARY TABLE undone_temporary (id int)',
      'ROLLBACK',
      'BEGIN',
      insert(2),
      'SAVEPOINT `One`',
      insert(3),
      'INSERT INTO undone_plain VALUES (1)',
      'SAVEPOINT two',
      insert(4),
      'ROLLBACK TO SAVEPOINT two',
      insert(5),
      'ROLLBACK TO one',
      insert(6),
      'COMMIT',
      insert(7),
    )
    const batches = await changesUntilNow(source.session, source.from, { maxRows: 1 })
    expect(lines(batches)).toEqual(['c 0,a', 'c 2,a', 'c 6,a', 'c 7,a'])
    const rest = await changesUntilNow(source.session, batches[1]!.position!)
    expect(lines(rest)).toEqual(['c 6,a', 'c 7,a'])
  })

  it('with a prepared XA transaction is refused rather than guessed at', async () => {
    await using source = await followed('prepared')
    await database.run(
      "XA START 'one'",
      "INSERT INTO prepared VALUES (1, 'a')",
      "XA END 'one'",
      "XA PREPARE 'one'",
    )
    await database.run("XA ROLLBACK 'one'")
    const given = await changesUntilNow(source.session, source.from).then(
      lines,
      (error: unknown) => error,
    )
    // A server that logs a transaction only when it is committed has nothing to tell here.
    if (Array.isArray(given)) expect(given).toEqual([])
    else expect(given).toMatchObject({ message: expect.stringContaining('XA') as unknown })
  })

  it('holds generated columns as a SELECT gives them', async () => {
    await using source = await followed(
      'generated',
      'id int PRIMARY KEY, a int, stored_sum int AS (id + a) STORED, b varchar(5)',
    )
    await database.run("INSERT INTO generated (id, a, b) VALUES (1, 2, 'x')")
    expect(lines(await changesUntilNow(source.session, source.from))).toEqual(['c 1,2,3,x'])
  })

  it('with rows larger than a packet comes whole, and paused it waits', async () => {
    await using source = await followed('large', 'id int PRIMARY KEY, body longblob')
    await database.run(
      "INSERT INTO large VALUES (1, repeat('x', 20000000)), (2, repeat('y', 17000000))",
      "INSERT INTO large VALUES (3, 'z')",
    )
    const batches = await changesUntilNow(source.session, source.from)
    const sizes = batches.flatMap(({ rows }) => rows.map(([, body]) => (body as Uint8Array).length))
    expect(sizes).toEqual([20_000_000, 17_000_000, 1])
  })

  it('of one large transaction passes in bounded memory', async () => {
    await using source = await followed('many')
    await database.run("INSERT INTO many SELECT seq, repeat('m', 150) FROM seq_1_to_300000")
    const until = await source.session.currentPosition({ signal: never })
    let rows = 0
    let highest = 0
    const follow = source.session.follow(source.from, { ...followOptions, until })
    for await (const batch of follow) {
      rows += batch.rows.length
      if (rows % 20_000 === 0) {
        await delay(1)
        highest = Math.max(
          highest,
          process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers,
        )
      }
    }
    expect(rows).toBe(300_000)
    // The transaction has some 50 MB in the log, and more as rows.
    expect(highest).toBeLessThan(200e6)
  })
})

describe('a position', () => {
  it('whose log was purged is lost', async () => {
    await using source = await followed('purged')
    await database.run("INSERT INTO purged VALUES (1, 'a')", 'FLUSH LOGS', 'FLUSH LOGS')
    const { file } = source.from.token as { file: string }
    const names = async () => {
      const [logs] = await database.connection.query('SHOW BINARY LOGS')
      return (logs as { Log_name: string }[]).map(({ Log_name: name }) => name)
    }
    // The server keeps a log that it believes to be read still.
    while ((await names()).includes(file)) {
      await database.run(`PURGE BINARY LOGS TO '${(await names()).at(-1)}'`)
      await delay(100)
    }
    await expect(changesUntilNow(source.session, source.from)).rejects.toMatchObject({
      code: 'POSITION_LOST',
      message: expect.stringContaining(source.from.label) as unknown,
      hint: expect.stringContaining('expire_logs') as unknown,
    })
  })

  it('tells how much log is left', async () => {
    await using source = await followed('lagging')
    const status = (position: Position) => source.session.logStatus(position, { signal: never })
    expect((await status(source.from)).lagBytes).toBe(0)
    await database.run(
      "INSERT INTO lagging VALUES (1, 'a')",
      'FLUSH LOGS',
      "INSERT INTO lagging VALUES (2, 'a')",
    )
    const { lagBytes, end } = await status(source.from)
    expect(lagBytes).toBeGreaterThan(200)
    expect(end).toBe((await source.session.currentPosition({ signal: never })).label)
  })

  it('tells for how long what comes next is kept', async () => {
    await using source = await followed('kept')
    const status = (position: Position) => source.session.logStatus(position, { signal: never })
    const keptMs = 1_000_000
    await withSettings({ binlog_expire_logs_seconds: '1000' }, async () => {
      // Nothing is removed of the file that is written to.
      expect(await status(source.from)).toMatchObject({ keptMs, keptLeftMs: keptMs })
      await database.run("INSERT INTO kept VALUES (1, 'a')", 'FLUSH BINARY LOGS')
      await delay(2_100)
      const { keptLeftMs = 0 } = await status(source.from)
      expect(keptLeftMs).toBeLessThan(keptMs)
      expect(keptLeftMs).toBeGreaterThan(keptMs - 600_000)
      // It counts from the end of the file, whatever comes after.
      await database.run('FLUSH BINARY LOGS')
      const later = await status(source.from)
      expect(later.keptLeftMs).toBeLessThanOrEqual(keptLeftMs)
      const end = await source.session.currentPosition({ signal: never })
      expect(await status(end)).toMatchObject({ keptMs, keptLeftMs: keptMs })
    })
    await withSettings({ binlog_expire_logs_seconds: '0' }, async () => {
      expect((await status(source.from)).keptMs).toBeUndefined()
    })
  })

  it('of a log that began anew is lost', async () => {
    await using source = await followed('renewed')
    await database.run("INSERT INTO renewed VALUES (1, 'a')")
    const place = (await changesUntilNow(source.session, source.from)).at(-1)!.position!
    await database.run('RESET MASTER', 'CREATE TABLE filler (id int PRIMARY KEY, body longblob)')
    await database.run("INSERT INTO filler VALUES (1, repeat('x', 100000))")
    await expect(changesUntilNow(source.session, place)).rejects.toMatchObject({
      code: 'POSITION_LOST',
    })
  })
})

describe('a number that another reader has', () => {
  it('is named', async () => {
    await database.run('CREATE TABLE shared (id int PRIMARY KEY)')
    const parameters = { changes: { serverId: 4711 } }
    await using first = await followingReader(database, ['shared'], parameters)
    await using second = await followingReader(database, ['shared'], parameters)
    const from = await first.currentPosition({ signal: never })
    const errors: unknown[] = []
    const stop = new AbortController()
    const drain = async (reader: typeof first) => {
      try {
        const options = { ...followOptions, signal: stop.signal }
        for await (const batch of reader.follow(from, options)) void (batch satisfies RecordBatch)
      } catch (error) {
        if (!stop.signal.aborted) errors.push(error)
      }
    }
    const one = drain(first)
    await delay(500)
    const two = drain(second)
    await delay(1_500)
    stop.abort(new Error('enough'))
    await Promise.all([one, two])
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'SOURCE_FAILED',
        isRetryable: false,
        hint: expect.stringContaining('serverId') as unknown,
      }),
    ])
  })
})
