import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeCommand } from '../resp/bulk-connection.ts'
import { CommandList } from './command-list.ts'
import { ClusterMap } from './cluster-map.ts'
import { cutBatch } from './cut-batch.ts'
import { keySlot, slotCount } from './key-slot.ts'

const argument = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))
const write = fc
  .tuple(
    fc.constantFrom('SET', 'HSET', 'RPUSH', 'EXPIRE', 'EXPIREAT'),
    argument,
    fc.array(argument),
  )
  .map(([name, key, rest]) => ({ key, command: [name, key, ...rest] }))
const script = fc
  .tuple(argument, argument, argument)
  .map(([text, key, value]) => ({ key, command: ['EVAL', text, '1', key, value] }))
const commands = fc.array(fc.oneof(write, script), { minLength: 1 })

/** One part, or cut where encoders may cut. */
function listOf(all: readonly { command: (string | Buffer)[] }[], isWhole: boolean) {
  const parts = all.flatMap(({ command }) => encodeCommand(command))
  return new CommandList(isWhole ? [Buffer.concat(parts)] : parts, all.length)
}

it('finds every command, its key and its slot', () => {
  fc.assert(
    fc.property(commands, fc.boolean(), (all, isWhole) => {
      const list = listOf(all, isWhole)
      for (const [at, { key, command }] of all.entries()) {
        expect(list.command(at)).toEqual(Buffer.concat(encodeCommand(command)))
        expect(list.byteLength(at)).toBe(list.command(at).length)
        expect(list.key(at)).toEqual(key)
        expect(list.slots[at]).toBe(keySlot(key))
      }
    }),
  )
})

it('cuts a batch into one part per master, each in order, and leaves nothing out', () => {
  fc.assert(
    fc.property(commands, fc.array(fc.nat(slotCount - 1), { maxLength: 4 }), (all, borders) => {
      const map = new ClusterMap()
      // What lies below the first border is served by nobody.
      for (const [at, from] of borders.toSorted((one, other) => one - other).entries())
        map.assign(from, slotCount - 1, { kind: 'tcp', host: 'h', port: at })
      const list = listOf(all, true)
      const { outgoing, unserved } = cutBatch(list, map)
      for (const { address, part, bytes } of outgoing) {
        const items = [...part.items]
        expect(items).toEqual(items.toSorted((one, other) => one - other))
        expect(bytes).toEqual(Buffer.concat(items.map((at) => list.command(at))))
        for (const at of items) expect(map.ownerOf(list.slots[at] as number)).toEqual(address)
      }
      for (const at of unserved?.items ?? [])
        expect(map.ownerOf(list.slots[at] as number)).toBeUndefined()
      const found = [
        ...outgoing.map(({ part }) => part),
        ...(unserved === undefined ? [] : [unserved]),
      ]
      expect(
        found.flatMap(({ items }) => [...items]).toSorted((one, other) => one - other),
      ).toEqual(all.map((_, at) => at))
    }),
  )
})
