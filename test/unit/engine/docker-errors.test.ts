import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { EngineRefusal, reasonOf, takenPort, toZkdError } from '../../../src/engine/docker-errors.js';
import type { EngineEndpoint } from '../../../src/engine/engine.js';

const endpoint: EngineEndpoint = { kind: 'unix', url: 'unix:///run/d.sock', remoteHost: null, source: 'DOCKER_HOST' };
const attempt = { what: 'start container "zkd-dev-1"', endpoint };
const ID = '3fd3bbd242e58f2969c3b2dfac89876efd9532282ef65c955f580b24faad0769';

describe('the words of an engine', () => {
  // Seen on 20.10.24 unless another version is named.
  it.each([
    [
      'driver failed programming external connectivity on endpoint a (b): Bind for 127.0.0.1:2181 failed: port is already allocated',
      'port-taken',
    ],
    ['driver failed [...]: Error starting userland proxy: listen tcp4 127.0.0.1:2181: bind: address already in use', 'port-taken'],
    [
      'failed to set up container networking: driver failed [...]: failed to bind host port 127.0.0.1:2181/tcp: address already in use',
      'port-taken',
    ], // 28
    [
      'Ports are not available: exposing port TCP 127.0.0.1:2181 -> 0.0.0.0:0: listen tcp 127.0.0.1:2181: bind: address already in use',
      'port-taken',
    ], // Desktop
    ['network zkd-dev not found', 'no-such-network'],
    ['No such network: x', 'no-such-network'],
    ['adding interface veth1 to bridge docker0 failed: route ip+net: no such network interface', 'other'],
    ['network zkd-dev is ambiguous (2 matches found on name)', 'network-ambiguous'],
    [`error while removing network: network n id ${ID} has active endpoints`, 'network-in-use'],
    ['Pool overlaps with other one on this address space', 'subnet-taken'],
    ['could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network', 'subnet-taken'],
    ['all predefined address pools have been fully subnetted', 'subnet-taken'], // 25
    ['cannot create network a (br-a): conflicts with network b (br-b): networks have overlapping IPv4', 'subnet-taken'],
    [
      `Conflict. The container name "/a" is already in use by container "${ID}". You have to remove (or rename) that container`,
      'name-taken',
    ],
    ['network with name a already exists', 'name-taken'],
    ['remove v: volume is in use - [a]', 'volume-in-use'],
    ['get v: no such volume', 'no-such-volume'],
    ['No such image: zkd/x:1', 'no-such-image'],
    ['No such container: x', 'no-such-container'],
    ['Could not find the file /x in container y', 'no-such-file'],
    ['extraction point is not a directory', 'no-such-file'],
    ['invalid mount config for type "bind": bind source path does not exist: /nowhere', 'no-such-file'],
    ['Container y is not running', 'not-running'],
    ['Container y is paused, unpause the container before exec', 'not-running'],
    ['Container y is restarting, wait until the container is running', 'not-running'],
    ['You cannot remove a running container y. Stop the container before attempting removal or force remove', 'running'],
    ['cannot remove container "/y": container is running: stop the container before removing or force remove', 'running'], // 26
    ['error creating overlay mount to /x: no space left on device', 'disk-full'],
    [`chown ${join('/var/lib/docker/overlay2', '4244833d2969-init', 'work', 'work')}: no such file or directory`, 'disk-full'],
    ['mkdir /var/lib/docker/volumes/x: no space left on device: network x not found', 'disk-full'],
    ['authorization denied by plugin casbin', 'permission-denied'],
    ['Client sent an HTTP request to an HTTPS server.', 'unreachable'],
    ['OCI runtime create failed: container_linux.go: starting container process caused: exec: "x": executable file not found', 'other'],
  ])('%s', (words, reason) => {
    expect(reasonOf(words)).toBe(reason);
  });

  it.each([
    ['Bind for 127.0.0.1:2181 failed: port is already allocated', { address: '127.0.0.1', port: 2181 }],
    ['Bind for 0.0.0.0:80 failed: port is already allocated', { address: '0.0.0.0', port: 80 }],
    ['Bind for :::2181 failed: port is already allocated', { address: '::', port: 2181 }],
    ['listen tcp4 127.0.0.1:2181: bind: address already in use', { address: '127.0.0.1', port: 2181 }],
    ['listen tcp6 [::1]:2181: bind: address already in use', { address: '::1', port: 2181 }],
    ['listen tcp :2181: bind: address already in use', { port: 2181 }],
    ['failed to bind host port 127.0.0.1:2181/tcp: address already in use', { address: '127.0.0.1', port: 2181 }],
    ['failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use', { address: '0.0.0.0', port: 8080 }],
    ['Address already in use', {}],
  ])('name the port: %s', (words, taken) => {
    expect(takenPort(words)).toEqual(taken);
  });
});

describe('an error of the engine', () => {
  it('says what could not be done, keeps the words and the cause, and shortens ids', () => {
    const refusal = new EngineRefusal(404, `network ${ID} not found`);
    const error = toZkdError(refusal, attempt);
    expect(error).toMatchObject({
      code: 'not-found',
      details: { reason: 'no-such-network', engine: `network ${ID} not found` },
      cause: refusal,
    });
    expect(error.message).toBe('Cannot start container "zkd-dev-1": network 3fd3bbd242e5 not found');
  });

  it('names the port and how to find its holder', () => {
    const error = toZkdError(new EngineRefusal(500, 'Bind for 127.0.0.1:2181 failed: port is already allocated'), attempt);
    expect(error).toMatchObject({ code: 'conflict', details: { reason: 'port-taken', port: 2181, address: '127.0.0.1' } });
    expect(error.message).toBe('Cannot start container "zkd-dev-1": port 127.0.0.1:2181 is taken');
    expect(error.suggestions).toContain('docker ps --filter publish=2181');
  });

  it('means what the attempt means, unless the disk is full or what answers is no engine', () => {
    const pull = { what: 'pull image "x"', endpoint, reason: 'image-unavailable' } as const;
    const reason = (words: string): unknown => toZkdError(new EngineRefusal(500, words), pull).details['reason'];
    expect(reason('manifest for x not found: manifest unknown')).toBe('image-unavailable');
    expect(reason('write /x: no space left on device')).toBe('disk-full');
    expect(reason('Client sent an HTTP request to an HTTPS server.')).toBe('unreachable');
  });

  it('passes as it is where it is one of ours', () => {
    const ours = new ZkdError('interrupted', 'x');
    expect(toZkdError(ours, attempt)).toBe(ours);
  });
});

describe('a connection that fails', () => {
  it.each([
    ['ENOENT', 'unreachable', 'there is no such socket'],
    ['ECONNREFUSED', 'unreachable', 'nothing is listening there'],
    ['ENOTFOUND', 'unreachable', 'the host name is not known'],
    ['ETIMEDOUT', 'unreachable', 'raw words'],
    ['ECONNRESET', 'unreachable', 'it closed the connection'],
    ['EACCES', 'permission-denied', 'No permission'],
    ['EPERM', 'permission-denied', 'No permission'],
  ])('%s', (code, reason, words) => {
    const cause = Object.assign(new Error('raw words'), { code });
    const error = toZkdError(cause, attempt);
    expect(error).toMatchObject({
      code: 'engine-unavailable',
      details: { reason, endpoint: 'unix:///run/d.sock', source: 'DOCKER_HOST' },
      cause,
    });
    expect(error.message).toContain('unix:///run/d.sock (DOCKER_HOST)');
    expect(error.message).toContain(words);
    expect(error.suggestions.length).toBeGreaterThan(0);
  });

  it('tells what answers but is no engine', () => {
    expect(toZkdError(new SyntaxError('Unexpected token <'), attempt).message).toContain('no container engine');
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not trusted (raw words)'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is not trusted (raw words)'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'it refuses our certificate, or wants one'],
  ])('by TLS: %s', (code, words) => {
    const far: EngineEndpoint = { ...endpoint, kind: 'tcp', url: 'tcp://far:2376' };
    const error = toZkdError(Object.assign(new Error('raw words'), { code }), { ...attempt, endpoint: far });
    expect(error).toMatchObject({ code: 'engine-unavailable', details: { reason: 'unreachable', errno: code } });
    expect(error.message).toContain(words);
  });

  it('because there is no ssh is not taken for a socket that is missing', () => {
    const far: EngineEndpoint = { ...endpoint, kind: 'ssh', url: 'ssh://far' };
    expect(toZkdError(Object.assign(new Error('x'), { code: 'ENOENT' }), { ...attempt, endpoint: far }).message).toContain(
      'no ssh command',
    );
  });

  it('suggests what fits the kind of engine', () => {
    const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const of = (kind: EngineEndpoint['kind'], url: string): string =>
      toZkdError(cause, { ...attempt, endpoint: { ...endpoint, kind, url } }).suggestions[0] ?? '';
    expect(of('unix', 'unix:///x')).toContain('systemctl start docker');
    expect(of('tcp', 'tcp://far:2376')).toContain('DOCKER_TLS_VERIFY');
    expect(of('ssh', 'ssh://ann@far')).toBe('ssh ann@far docker version');
    expect(of('ssh', 'ssh://ann@far:2222/run/user/7/docker.sock')).toBe('ssh -p 2222 ann@far docker version');
    expect(of('ssh', 'ssh://[fd00::5]:2222')).toBe('ssh -p 2222 [fd00::5] docker version');
  });
});
