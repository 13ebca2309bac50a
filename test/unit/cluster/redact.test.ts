import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTED, Redactor } from '../../../src/cluster/redact.js';

const CREDENTIAL = 'super:hVrPzYk3S0meth1ngL0ng';
const redactor = new Redactor([`${CREDENTIAL}\n`, 'super:bYfGq0xR1dIgEsT=']);

describe('redaction', () => {
  it.each([
    ['ssl.keyStore.password=hunter2', `ssl.keyStore.password=${REDACTED}`],
    ['-Dzookeeper.ssl.trustStore.password=hunter2 -Xmx64m', `-Dzookeeper.ssl.trustStore.password=${REDACTED} -Xmx64m`],
    ['API_TOKEN: abc, next', `API_TOKEN: ${REDACTED}, next`],
    ['{"clientSecret":"a b","user":"me"}', `{"clientSecret":${REDACTED},"user":"me"}`],
    ['DigestAuthenticationProvider.superDigest=super:xyz', `DigestAuthenticationProvider.superDigest=${REDACTED}`],
    ['said hVrPzYk3S0meth1ngL0ng aloud', `said ${REDACTED} aloud`],
    [CREDENTIAL, REDACTED],
    ['ssl.keyStore.passwordPath=/run/secret.txt', 'ssl.keyStore.passwordPath=/run/secret.txt'],
    ['tickTime=2000', 'tickTime=2000'],
    ['2026-11-22 INFO [main] the passwords are fine', '2026-11-22 INFO [main] the passwords are fine'],
  ])('of %j is %j', (text, expected) => expect(redactor.text(text)).toBe(expected));

  it('goes by the key in a document, however deep, and by what is known everywhere', () => {
    const document = {
      env: { DB_PASSWORD: 'hunter2', JVMFLAGS: '-Dx.password=hunter2', ZOO_MY_ID: '1' },
      labels: { note: `it is ${CREDENTIAL}` },
      command: ['--token=hunter2', 'serve'],
      secrets: ['one', 'two'],
      restarts: 3,
      health: null,
    };
    expect(redactor.document(document)).toEqual({
      env: { DB_PASSWORD: REDACTED, JVMFLAGS: `-Dx.password=${REDACTED}`, ZOO_MY_ID: '1' },
      labels: { note: `it is ${REDACTED}` },
      command: [`--token=${REDACTED}`, 'serve'],
      secrets: [REDACTED, REDACTED],
      restarts: 3,
      health: null,
    });
  });

  it('leaves nothing of a known secret, wherever it stands', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,32}$/);
    fc.assert(
      fc.property(fc.string(), secret, fc.string(), (before, password, after) => {
        const text = new Redactor([`super:${password}`]).text(`${before}super:${password}${after}${password}`);
        expect(text).not.toContain(password);
      }),
    );
  });

  it('takes no longer than the text is long', () => {
    const startedAt = performance.now();
    redactor.text('x'.repeat(1_000_000));
    redactor.text(`${'a.'.repeat(500_000)}=1`);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
