import { expect, test } from 'vitest'
import { accountIn } from './server-account.mjs'

const passwd = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n'

test('takes the first wanted account that the machine has', () => {
  expect(accountIn(passwd, ['postgres', 'nobody'])).toEqual({ uid: 65534, gid: 65533 })
  expect(accountIn(passwd, ['root', 'nobody'])).toEqual({ uid: 0, gid: 0 })
})

test('an account that is only part of a name does not count', () => {
  expect(accountIn(passwd, ['nobod', 'oot'])).toBeUndefined()
})
