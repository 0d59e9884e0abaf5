import { describe, expect, it } from 'vitest'
import { slotAdvice, slotFindings, type CheckedSlot } from './check-slot.ts'

const gigabyte = 1024 ** 3

function slotOf(
  slot: Partial<NonNullable<CheckedSlot['slot']>> | undefined,
  facts: Partial<CheckedSlot['facts']> = {},
): CheckedSlot {
  return {
    names: { slot: 'mine', publication: 'mine' },
    logEnd: BigInt(3 * gigabyte),
    facts: {
      database: 'shop',
      user: 'app',
      version: 16,
      senderTimeoutMs: 60_000,
      walLevel: 'logical',
      isStandby: false,
      mayReplicate: true,
      mayCreate: true,
      isSuperuser: false,
      slots: 1,
      maxSlots: 10,
      senders: 0,
      maxSenders: 10,
      keptBytes: undefined,
      ...facts,
    },
    slot: slot && {
      plugin: 'pgoutput',
      database: 'shop',
      activePid: undefined,
      confirmedLsn: BigInt(2 * gigabyte),
      isLost: false,
      walStatus: 'reserved',
      safeBytes: undefined,
      ...slot,
    },
  }
}

describe('slotFindings', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(slotFindings(slotOf(undefined))).toEqual([])
    expect(slotFindings(slotOf({}))).toEqual([])
    const limited = slotOf(
      { walStatus: 'extended', safeBytes: 6 * gigabyte },
      { keptBytes: 10 * gigabyte },
    )
    expect(slotFindings(limited)).toEqual([])
  })

  it.each<[string, CheckedSlot, string, string]>([
    [
      'a slot that fills the disk',
      slotOf({ walStatus: 'extended' }),
      'behind by 1024 MB, more than max_wal_size',
      "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();",
    ],
    [
      'a slot that is about to be lost',
      slotOf({ walStatus: 'unreserved', safeBytes: -5 }, { keptBytes: gigabyte / 2 }),
      'at its next checkpoint',
      "ALTER SYSTEM SET max_slot_wal_keep_size = '2GB'; SELECT pg_reload_conf();",
    ],
    [
      'a slot with less than half of its limit left',
      slotOf({ safeBytes: gigabyte }, { keptBytes: 4 * gigabyte }),
      'of the 4096 MB of log that max_slot_wal_keep_size keeps, 1024 MB are left',
      "max_slot_wal_keep_size = '8GB'",
    ],
  ])('warns of %s', (_, source, message, hint) => {
    const [found, ...others] = slotFindings(source)
    expect(others).toEqual([])
    expect(found).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    })
  })
})

describe('slotAdvice', () => {
  it('tells the lag of the slot and its state', () => {
    const limited = { keptBytes: 10 * gigabyte }
    expect(slotAdvice(slotOf({}, limited))).toEqual([
      'replication slot mine is behind by 1024 MB, wal_status reserved',
    ])
    expect(slotAdvice(slotOf(undefined, limited))).toEqual([])
  })

  it('mentions that nothing limits the log that is kept, once', () => {
    const unlimited = expect.stringContaining("SET max_slot_wal_keep_size = '50GB'") as string
    expect(slotAdvice(slotOf(undefined))).toEqual([unlimited])
    expect(slotAdvice(slotOf({ walStatus: 'extended' }))).toHaveLength(1)
    expect(slotAdvice(slotOf(undefined, { version: 12 }))).toEqual([])
  })
})
