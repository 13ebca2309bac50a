import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketCutter, PacketReader, authPacket, closePacket, connectPacket, pathPacket } from '../../../src/zookeeper/jute.js';

describe('packets', () => {
  it('are what the protocol wants', () => {
    expect(pathPacket(7, 'getAcl', '/ü').toString('hex')).toBe('0000000f' + '00000007' + '00000006' + '00000003' + '2fc3bc');
    expect(pathPacket(8, 'sync', '/').toString('hex')).toBe('0000000d' + '00000008' + '00000009' + '00000001' + '2f');
    expect(closePacket(9).toString('hex')).toBe('00000008' + '00000009' + 'fffffff5');
    expect(authPacket('a', 'b').toString('hex')).toBe('00000016' + 'fffffffc' + '00000064' + '00000000' + '0000000161' + '0000000162');
    expect(connectPacket(10_000, 5n)).toHaveLength(4 + 45);
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
