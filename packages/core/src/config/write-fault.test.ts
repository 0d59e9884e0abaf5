import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeFaultOf } from './write-fault.ts'

it('tells why a file could not be written, and makes none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-write-fault-'))
  try {
    const known = join(folder, 'known')
    writeFileSync(known, '')
    mkdirSync(join(folder, 'inner'))
    expect(writeFaultOf(known)).toBeUndefined()
    expect(writeFaultOf(join(folder, 'new'))).toBeUndefined()
    expect(writeFaultOf('/dev/null')).toBeUndefined()
    expect(writeFaultOf(join(folder, 'inner'))).toMatch(/is a folder/)
    expect(writeFaultOf(join(folder, 'absent', 'new'))).toMatch(/ENOENT.*absent/)
    expect(writeFaultOf(join(known, 'new'))).toMatch(/ENOTDIR/)
    expect(readdirSync(folder).sort()).toEqual(['inner', 'known'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
