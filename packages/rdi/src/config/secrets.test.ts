import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { musicConfig, readFiles, secrets, shown } from '../../test-data/pipeline-folder.ts'
import { fullPipeline } from '../../test-data/typos.ts'

describe('secrets', () => {
  it('reports each variable that is not set once, where it stands', async () => {
    const { problems } = await readFiles(
      { 'config.yaml': musicConfig.replace('port: 6379', 'port: ${PORT}') },
      { SOURCE_DB_PASSWORD: 'x' },
    )
    expect(problems.map(shown)).toEqual([
      'config.yaml:22:13 error targets.target.connection.port: the environment variable PORT is not set | Set it: export PORT=...',
      expect.stringMatching(/^config.yaml:23:17 error .*TARGET_DB_PASSWORD is not set/),
    ])
  })

  it('names the variable whose value does not fit, and not the value', async () => {
    const config = musicConfig
      .replace('port: 6379', 'port: ${PORT}')
      .replace('target_data_type: hash', 'target_data_type: "${KIND}"')
    const environment = { ...secrets, PORT: 'abc1', KIND: 'jsno' }
    const { problems } = await readFiles({ 'config.yaml': config }, environment)
    expect(problems.map(shown)).toEqual([
      'config.yaml:22:13 error targets.target.connection.port: expected an integer from 1 to 65535, found the value of ${PORT}',
      'config.yaml:26:21 error processors.target_data_type: expected "hash" or "json", found the value of ${KIND} | Did you mean "json"?',
    ])
  })

  it.each([
    ['${secret:vault:a:b}', /secret providers are not supported/],
    ['${a-b}', /expected the name of an environment variable in \$\{a-b\}/],
  ])('refuses %s', async (text, expected) => {
    const config = musicConfig.replace('${TARGET_DB_PASSWORD}', `"${text}"`)
    const { problems } = await readFiles({ 'config.yaml': config })
    expect(problems).toMatchObject([{ line: 23, message: expect.stringMatching(expected) }])
  })

  it('takes the text or the file of a certificate', async () => {
    const config = musicConfig.replace('password: ${TARGET_DB_PASSWORD}', 'cacert: ${CA}')
    const read = (CA: string) => readFiles({ 'config.yaml': config }, { ...secrets, CA })
    const { problems } = await read('missing.pem')
    expect(problems.map(shown)).toEqual([
      expect.stringMatching(/^config.yaml:23:15 error .*cacert: there is no file .*\$\{CA\}$/),
    ])
    const text = await read('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')
    expect(text.problems.map(shown)).toEqual([
      expect.stringMatching(/^config.yaml:23:15 error .*cacert: (?!there is no file)/),
    ])
  })

  it('uses the certificates of the source that RDI keeps under fixed names', async () => {
    const { problems } = await readFiles(
      { 'config.yaml': musicConfig },
      { ...secrets, SOURCE_DB_CACERT: 'missing.pem' },
    )
    expect(problems.map(shown)).toEqual([expect.stringMatching(/there is no file .*missing.pem/)])
  })

  it('shows no value in any message, whatever is wrong', async () => {
    const text = Object.entries(fullPipeline['config.yaml'].split('\n'))
    const lines = text.filter(([, line]) => /^ {6,}[\w.]+: \S/.test(line)).map(([index]) => +index)
    const value = fc.stringMatching(/^[a-z"\\ ]{3}[0-9]{5}Zq[a-z'"\n]{1,80}$/)
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(...lines), async (secret, wrong) => {
        const config = fullPipeline['config.yaml']
          .split('\n')
          .map((line, index) => (index === wrong ? line.replace(/: .*/, ': ${WRONG}') : line))
          .join('\n')
        const { problems } = await readFiles(
          { ...fullPipeline, 'config.yaml': config },
          { ...secrets, CACERT: secret, WRONG: secret },
        )
        const said = JSON.stringify(problems)
        expect(said).not.toContain(secret.slice(3, 10))
      }),
      { numRuns: 60 },
    )
  })
})
