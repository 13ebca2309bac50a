/**
 * An image registry of one image without content, on loopback: engines speak plain HTTP to 127.0.0.0/8.
 * Protocol: OCI distribution, as much of it as a pull needs.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { packArchive } from '../../src/engine/archive.js';

/** A running registry. */
export interface TinyRegistry {
  /** The reference of its image. */
  readonly reference: string;
  close(): void;
}

/** Serves one image with these labels; with `isBroken`, its layer is not what its manifest says. */
export async function openTinyRegistry(labels: Readonly<Record<string, string>>, { isBroken = false } = {}): Promise<TinyRegistry> {
  const layer = await packArchive([{ path: '/hello', content: `hello ${JSON.stringify(labels)}\n`, mode: 0o644, uid: 0, gid: 0 }]);
  const packed = gzipSync(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    }),
  );
  const kind = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: kind,
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.length, digest: digest(config) },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: packed.length, digest: digest(packed) }],
    }),
  );
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    // A HEAD is asked for the length, which node only adds to what it sends.
    const send = (body: Buffer, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(200, { 'content-length': body.length, ...headers }).end(body);
    };
    if (path === '/v2/') send(Buffer.from('{}'));
    else if (path.includes('/zkd/tiny/manifests/')) send(manifest, { 'content-type': kind, 'docker-content-digest': digest(manifest) });
    else if (path.endsWith(digest(config))) send(config);
    else if (path.endsWith(digest(packed))) send(isBroken ? Buffer.alloc(packed.length) : packed);
    else
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    reference: `127.0.0.1:${(server.address() as AddressInfo).port}/zkd/tiny:1`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
