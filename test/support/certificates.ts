/** TLS material for an engine of a test: a self-signed certificate that is its own authority, for both sides. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isIP } from 'node:net';
import type { TlsOptions } from 'node:tls';

/** Writes `ca.pem`, `cert.pem` and `key.pem` for these hosts into a new folder; answers what a server needs that wants a client's certificate. */
export function makeCertificates(folder: string, hosts: readonly string[]): TlsOptions {
  mkdirSync(folder, { recursive: true });
  const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
  const [key, cert, ca] = ['key', 'cert', 'ca'].map((file) => join(folder, `${file}.pem`)) as [string, string, string];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const what = ['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', [...kind, ...what], { stdio: 'ignore' });
  copyFileSync(cert, ca);
  return { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(cert), requestCert: true, rejectUnauthorized: true };
}
