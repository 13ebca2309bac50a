import { describe, expect, it } from 'vitest';
import { loginWords, sshWords } from '../../../src/engine/docker-ssh.js';

describe('what ssh complains of', () => {
  it('about a host key is one line', () => {
    const box = '@'.repeat(59);
    const changed = `${box}\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n${box}\r\nIT IS POSSIBLE...\r\nHost key verification failed.\r\n`;
    expect(sshWords(changed)).toBe('its host key is not the one that is known here: somebody else may answer there');
    expect(sshWords('Host key verification failed.\r\n')).toBe('its host key is not known here');
    const strict = 'No ED25519 host key is known for far and you have requested strict checking.\r\nHost key verification failed.\r\n';
    expect(sshWords(strict)).toBe('its host key is not known here');
  });

  it('about anything else is in its own words, less what is no complaint', () => {
    const words = "Warning: Permanently added 'far' (ED25519) to the list of known hosts.\r\nann@far: Permission denied (publickey).\r\n";
    expect(sshWords(words)).toBe('ann@far: Permission denied (publickey).');
    expect(sshWords('bash: line 1: docker: command not found\n')).toBe('bash: line 1: docker: command not found');
    expect(sshWords('\n')).toBe('');
  });
});

it('tells ssh where to log in, and where its options end', () => {
  expect(loginWords({ kind: 'ssh', host: 'far' })).toEqual(['--', 'far']);
  expect(loginWords({ kind: 'ssh', host: 'far', port: 2222, user: 'ann' })).toEqual(['-l', 'ann', '-p', '2222', '--', 'far']);
});
