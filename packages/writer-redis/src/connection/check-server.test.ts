import { describe, expect, it } from 'vitest'
import { clockFindings } from './check-clock.ts'
import { memoryFindings } from './check-memory.ts'

const mebibyte = 1024 * 1024

describe('the memory of a server', () => {
  const infoOf = (limit: number, used: number, policy = 'noeviction') =>
    `used_memory:${used}\r\nmaxmemory:${limit}\r\nmaxmemory_policy:${policy}\r\n`

  it('is told where little of it is left, with what gives more', () => {
    const [finding, ...others] = memoryFindings('h:1', infoOf(5 * mebibyte, mebibyte))
    expect(others).toEqual([])
    expect(finding?.message).toContain('4.0 MiB of memory left (1.0 MiB of maxmemory 5.0 MiB')
    expect(finding?.hint).toContain('CONFIG SET maxmemory')
    expect(memoryFindings('h:1', infoOf(8192 * mebibyte, 7500 * mebibyte))).toHaveLength(1)
  })

  it('is nothing to tell of where it is enough, has no limit, or keys are dropped', () => {
    expect(memoryFindings('h:1', infoOf(1024 * mebibyte, mebibyte))).toEqual([])
    expect(memoryFindings('h:1', infoOf(0, 7500 * mebibyte))).toEqual([])
    expect(memoryFindings('h:1', infoOf(5 * mebibyte, mebibyte, 'allkeys-lru'))).toEqual([])
  })
})

describe('the clock of a server', () => {
  const nowMs = 1_800_000_000_000
  const infoAt = (skewMs: number) => `server_time_usec:${(nowMs + skewMs) * 1000}\r\n`

  it('is told where it is ahead or behind', () => {
    const [ahead] = clockFindings('h:1', infoAt(90_000), nowMs)
    expect(ahead?.message).toContain('90 s ahead of')
    expect(ahead?.hint).toContain('timedatectl set-ntp true')
    expect(clockFindings('h:1', infoAt(-11_000), nowMs)[0]?.message).toContain('11 s behind')
  })

  it('is nothing to tell of where it is right, or not known', () => {
    expect(clockFindings('h:1', infoAt(3000), nowMs)).toEqual([])
    expect(clockFindings('h:1', 'redis_version:5.0.0\r\n', nowMs)).toEqual([])
  })
})
