import { describe, expect, it } from 'vitest'
import type { ExpressionFailure, RdiRecord, RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'

function evaluate(text: string, record: RdiRecord = {}): RdiValue | ExpressionFailure {
  return compileJmespath([text]).evaluate([record])[0]?.[0]
}

describe('hash', () => {
  it.each<[RdiValue, string]>([
    ['some_value', '8c818171573b03feeae08b0b4ffeb6999e3afc05'],
    [null, 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    [undefined, 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    [true, '5ffe533b830f08a0326348a9160afafc8ada44db'],
    [[1, 2, '3', {}], '55ff109a5a35588b4128d36b7806f3cbcd4f59f2'],
    [{ some_inner: 'some_value' }, 'c756dab1743ae081dc9214a837a1ed4a4c341e5a'],
  ])('%j', (value, digest) => {
    expect(evaluate('hash(value)', { value })).toBe(digest)
  })

  it('does not depend on the order of fields', () => {
    expect(evaluate('hash(value)', { value: { b: [{ d: 1, c: 2n }], a: 1 } })).toBe(
      evaluate('hash(value)', { value: { a: 1, b: [{ c: 2, d: 1 }] } }),
    )
  })

  it.each([
    ['sha1', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['md5', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['sha224', 'd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f'],
    ['sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [
      'sha384',
      '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b',
    ],
    [
      'sha512',
      'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    ],
    ['sha3_224', '6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7'],
    ['sha3_256', 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'],
    [
      'sha3_384',
      '0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004',
    ],
    [
      'sha3_512',
      'a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26',
    ],
    [
      'blake2b',
      '786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce',
    ],
    ['blake2s', '69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9'],
  ])('of nothing by %s', (algorithm, digest) => {
    expect(evaluate(`hash(value, '${algorithm}')`)).toBe(digest)
    expect(evaluate('hash(value, algorithm)', { algorithm })).toBe(digest)
  })

  it('names the algorithm that was probably meant', () => {
    expect(() => compileJmespath(["hash(value, 'sha-256')"])).toThrow(/did you mean sha256/)
    const failure = evaluate('hash(value, algorithm)', { algorithm: 'crc' }) as ExpressionFailure
    expect(failure.message).toContain('sha1, sha224')
  })
})
