import { chownSync, copyFileSync, chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { findMysql, startMysql } from '../../../../scripts/services/mysql.mjs'
import { findPostgres, startPostgres } from '../../../../scripts/services/postgres.mjs'
import { serverAccount } from '../../../../scripts/services/server-account.mjs'
import { ServerSession } from '../../../../scripts/services/server-session.mjs'
import type { Certificate, CertificateAuthority } from './certificates.ts'

/** A database server of the test's own that speaks TLS, with a table `t` of one row: 1, `secret garden`. */
export interface TlsServer {
  readonly port: number
  readonly database: string
}

const rows = [
  'CREATE TABLE t (id int PRIMARY KEY, v varchar(20))',
  "INSERT INTO t VALUES (1, 'secret garden')",
]

/** Copies a certificate and its key to where the server's account may read them, and nobody else the key. */
function install(
  folder: string,
  { cert, key }: Certificate,
  authority: CertificateAuthority,
  account: { readonly uid: number; readonly gid: number } | undefined,
): Certificate & { readonly ca: string } {
  const files = {
    cert: join(folder, 'tls.pem'),
    key: join(folder, 'tls.key'),
    ca: join(folder, 'tls-ca.pem'),
  }
  copyFileSync(cert, files.cert)
  copyFileSync(key, files.key)
  copyFileSync(authority.certificate, files.ca)
  chmodSync(files.key, 0o600)
  if (account !== undefined)
    for (const file of Object.values(files)) chownSync(file, account.uid, account.gid)
  return files
}

/**
 * Starts a PostgreSQL with TLS on: `cert_user` has to come with a certificate of that name, `tls_user` over TLS. It ends
 * with the session.
 */
export async function startTlsPostgres(
  session: ServerSession,
  certificate: Certificate,
  authority: CertificateAuthority,
): Promise<TlsServer> {
  const binFolder = findPostgres()
  if (binFolder === undefined) throw new Error('found no PostgreSQL')
  const { url } = await startPostgres(session, binFolder)
  const folder = join(session.folder, 'postgres')
  const account = serverAccount(['postgres'])
  const files = install(folder, certificate, authority, account)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of [
    ...rows,
    'CREATE ROLE cert_user LOGIN',
    'CREATE ROLE tls_user LOGIN',
    'GRANT SELECT ON t TO cert_user, tls_user',
    `ALTER SYSTEM SET ssl_cert_file = '${files.cert}'`,
    `ALTER SYSTEM SET ssl_key_file = '${files.key}'`,
    `ALTER SYSTEM SET ssl_ca_file = '${files.ca}'`,
    'ALTER SYSTEM SET ssl = on',
  ])
    await client.query(statement)
  const rules = [
    'hostssl all cert_user 127.0.0.1/32 cert clientcert=verify-full',
    'hostssl all tls_user  127.0.0.1/32 trust',
    'host    all millrace  127.0.0.1/32 trust',
  ]
  writeFileSync(join(folder, 'pg_hba.conf'), `${rules.join('\n')}\n`)
  await client.query('SELECT pg_reload_conf()')
  await client.end()
  const { port, pathname } = new URL(url)
  return { port: Number(port), database: pathname.slice(1) }
}

/**
 * Starts a MariaDB that takes TLS only: `x509_user` has to come with a certificate, `tls_user` over TLS by its own
 * rule, `any_user` by that of the server. It ends with the session.
 */
export async function startTlsMysql(
  session: ServerSession,
  certificate: Certificate,
  authority: CertificateAuthority,
  password: string,
): Promise<TlsServer> {
  const binary = findMysql()
  if (binary === undefined) throw new Error('found no MariaDB')
  const account = serverAccount(['mysql'])
  const files = install(session.makeFolder('mysql-tls', account), certificate, authority, account)
  const own = [`--ssl-cert=${files.cert}`, `--ssl-key=${files.key}`, `--ssl-ca=${files.ca}`]
  const { url } = await startMysql(session, binary, {
    account: () => account,
    wrap: (line) =>
      line.command === binary.server ? { ...line, args: [...line.args, ...own] } : line,
  })
  const connection = await createConnection({ uri: url })
  for (const statement of [
    ...rows,
    "CREATE USER x509_user@'%' REQUIRE X509",
    `CREATE USER tls_user@'%' IDENTIFIED BY '${password}' REQUIRE SSL`,
    `CREATE USER any_user@'%' IDENTIFIED BY '${password}'`,
    "GRANT SELECT ON test.* TO x509_user@'%', tls_user@'%', any_user@'%'",
    'SET GLOBAL require_secure_transport = ON',
  ])
    await connection.query(statement)
  connection.destroy()
  return { port: Number(new URL(url).port), database: 'test' }
}
