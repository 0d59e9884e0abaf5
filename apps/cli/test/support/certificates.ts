import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Paths of a certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What a certificate is issued with. */
export interface CertificateOptions {
  /** Names it is good for: `DNS:localhost,IP:127.0.0.1`. Absent: that of a client. */
  readonly names?: string
  readonly isExpired?: boolean
}

const configuration = (folder: string) => `
[ca]
default_ca = own
[own]
dir = ${folder}
database = $dir/index.txt
new_certs_dir = $dir
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
[any]
commonName = supplied
`

/** A certificate authority of the test's own, made by openssl, in a folder that goes with it. */
export class CertificateAuthority implements Disposable {
  readonly folder: string
  /** Path of its certificate. */
  readonly certificate: string
  readonly #name: string

  private constructor(folder: string, name: string) {
    this.folder = folder
    this.#name = name
    this.certificate = join(folder, 'ca.pem')
  }

  static async create(name = 'millrace test CA'): Promise<CertificateAuthority> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))
    // Servers that run under another account read from here.
    chmodSync(folder, 0o755)
    const authority = new CertificateAuthority(folder, name)
    writeFileSync(join(folder, 'index.txt'), '')
    writeFileSync(join(folder, 'openssl.cnf'), configuration(folder))
    await authority.openssl(
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
      ['-keyout', 'ca.key', '-out', 'ca.pem'],
    )
    return authority
  }

  /** Issues a certificate for a common name; the files are called after `file`. */
  async issue(
    file: string,
    commonName: string,
    { names, isExpired = false }: CertificateOptions = {},
  ): Promise<Certificate> {
    const [key, cert] = [`${file}.key`, `${file}.pem`]
    const usage = names === undefined ? 'clientAuth' : `serverAuth\nsubjectAltName=${names}`
    writeFileSync(join(this.folder, `${file}.ext`), `extendedKeyUsage=${usage}\n`)
    await this.openssl(
      ['req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${commonName}`],
      ['-keyout', key, '-out', `${file}.csr`],
    )
    await this.openssl(
      [
        'ca',
        '-batch',
        '-notext',
        '-config',
        'openssl.cnf',
        '-cert',
        'ca.pem',
        '-keyfile',
        'ca.key',
      ],
      ['-in', `${file}.csr`, '-out', cert, '-extfile', `${file}.ext`],
      isExpired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2'],
    )
    chmodSync(join(this.folder, key), 0o644)
    return { cert: join(this.folder, cert), key: join(this.folder, key) }
  }

  /** Runs openssl in the folder. */
  async openssl(...args: readonly (readonly string[])[]): Promise<void> {
    await run('openssl', args.flat(), { cwd: this.folder })
  }

  /** Makes a folder in the folder. */
  makeFolder(name: string): string {
    const path = join(this.folder, name)
    mkdirSync(path)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  toString(): string {
    return this.#name
  }
}
