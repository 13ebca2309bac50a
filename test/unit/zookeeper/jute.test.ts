import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PacketCutter,
  PacketReader,
  authPacket,
  closePacket,
  connectPacket,
  pathPacket,
  transactionPacket,
} from '../../../src/zookeeper/jute.js';

describe('packets', () => {
  it('are what the protocol wants', () => {
    expect(pathPacket(7, 'getAcl', '/ü').toString('hex')).toBe('0000000f' + '00000007' + '00000006' + '00000003' + '2fc3bc');
    expect(pathPacket(8, 'sync', '/').toString('hex')).toBe('0000000d' + '00000008' + '00000009' + '00000001' + '2f');
    expect(closePacket(9).toString('hex')).toBe('00000008' + '00000009' + 'fffffff5');
    expect(authPacket('a', 'b').toString('hex')).toBe('00000016' + 'fffffffc' + '00000064' + '00000000' + '0000000161' + '0000000162');
    expect(pathPacket(7, 'get', '/').toString('hex')).toBe('0000000e' + '00000007' + '00000004' + '00000001' + '2f' + '00');
    expect(connectPacket(10_000, 5n)).toHaveLength(4 + 45);
  });

  it('carry transactions', () => {
    const step = (type: string): string => `${type}00ffffffff`;
    const acl = [{ scheme: 'a', id: '', permissions: ['read', 'admin'] as const }];
    const steps = [
      { kind: 'create', path: '/ü', data: Buffer.from('x'), acl },
      { kind: 'delete', path: '/a' },
    ] as const;
    const create = `${step('00000001')}000000032fc3bc00000001780000000100000011000000016100000000` + '00000000';
    const remove = `${step('00000002')}000000022f61ffffffff`;
    const body = `000000070000000e${create}${remove}ffffffff01ffffffff`;
    expect(transactionPacket(7, steps).toString('hex')).toBe((body.length / 2).toString(16).padStart(8, '0') + body);
    const long = 'ü'.repeat(1000);
    expect(transactionPacket(7, [{ kind: 'delete', path: long }]).includes(Buffer.from(long))).toBe(true);
  });

  it('say which step of a transaction was refused', () => {
    const end = 'ffffffff01ffffffff';
    const done = '00000001' + '00' + '00000000' + '000000022f61' + '00000002' + '00' + '00000000';
    const refusal = (code: string): string => `ffffffff00${code}${code}`;
    const read = (hex: string): unknown => new PacketReader(Buffer.from(hex, 'hex')).refusedStep();
    expect(read(done + end)).toBeUndefined();
    expect(read(refusal('00000000') + refusal('ffffff92') + refusal('fffffffe') + end)).toEqual({ index: 1, code: -110 });
  });

  it('are found again however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), fc.integer({ min: 1, max: 20 }), (bodies, size) => {
        const stream = Buffer.concat(
          bodies.flatMap((body) => {
            const length = Buffer.alloc(4);
            length.writeInt32BE(body.length);
            return [length, Buffer.from(body)];
          }),
        );
        const cutter = new PacketCutter();
        const found: Buffer[] = [];
        for (let at = 0; at < stream.length; at += size) found.push(...cutter.cut(stream.subarray(at, at + size)));
        expect(found.map((one) => one.toString('hex'))).toEqual(bodies.map((body) => Buffer.from(body).toString('hex')));
      }),
    );
  });

  it('are refused where they are too short', () => {
    expect(() => new PacketReader(Buffer.from('0000', 'hex')).int()).toThrow(RangeError);
    expect(() => new PacketReader(Buffer.from('0000000561', 'hex')).string()).toThrow(RangeError);
  });
});
