/**
 * Changes what the members have agreed on, by ZooKeeper's own `reconfig`: asked of `zkCli.sh` inside a member's container, with the
 * super-user credential on its standard input, so that it stands in no argument.
 */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { serverLines, type WantedMember } from './members.js';

export interface ReconfigureRequest {
  /** The container `zkCli.sh` runs in, and the address it connects to. */
  readonly container: string;
  readonly server: string;
  readonly credential: string;
  /** The member as it shall be. */
  readonly member: WantedMember;
}

/** Gives a member its new server line. Safe to repeat. Rejects with `failure` where the quorum does not take it. */
export async function reconfigureMember(engine: Engine, { container, server, credential, member }: ReconfigureRequest): Promise<void> {
  const [line = ''] = serverLines([member]);
  const words = [`addauth digest ${credential}`, `reconfig -add ${line}`, 'quit', ''].join('\n');
  const { stdout, stderr, exitCode } = await engine.exec(container, { command: ['zkCli.sh', '-server', server], stdin: words });
  const said = `${stdout.toString('utf8')}\n${stderr.toString('utf8')}`;
  if (said.includes(line) && /Committed new configuration/i.test(said)) return;
  // Its words, without anything that may repeat what it was told.
  const complaints = said
    .split('\n')
    .filter((text) => /exception|error|not authenticated|denied/i.test(text) && !text.includes(credential));
  throw new ZkdError(
    'failure',
    `Member ${member.id} cannot be given its new address: ${complaints.at(-1)?.trim() ?? `zkCli.sh ended with ${exitCode}`}`,
    {
      details: { member: member.id },
    },
  );
}
